"""aezip: a bounded-error codec for records that learns how their fields depend on each other.

    import aezip, numpy as np
    time = np.linspace(0, 60, 100_000)
    records = np.empty(time.size, [("t", "f8"), ("speed", "f4"), ("height", "f4"), ("gear", "u1")])
    records["t"], records["gear"] = time, time // 12
    records["speed"], records["height"] = 30 * np.sin(time), 400 + np.cumsum(np.sin(time)) / 100
    aezip.compress(records, abs={"t": 1e-6, "speed": 1e-2, "height": 0.05}, file="ride.aez")
    with aezip.open("ride.aez") as ride:
        part = ride[5000:5100, ["t", "speed"]]  # reads and decodes no more than it needs
        print([(field.name, field.largest_error) for field in ride.fields])
    assert np.abs(aezip.decompress("ride.aez")["speed"] - records["speed"]).max() <= 1e-2

Records are the rows of a 2-D array, the elements of a structured array, or the values of a 1-D
array; every number of a record is a field with its own bound. Truth values and times are kept
exactly.

- :func:`compress` and :func:`decompress`: everything at once, in memory or to and from a file.
- :func:`open`: a :class:`Container`, for any part of it and for what is known of it.
- :class:`Writer`: a container as a stream; :func:`ranges` for its relative bounds.
- :func:`search`: the records of a container that are like others.
- :func:`train` and :func:`load`: a :class:`Model`, an autoencoder that learned from records; it
  encodes, scores, restores and recommends. :class:`Autoencoder`: the same for scikit-learn.
- :class:`AezipError`: the base of one exception for each kind of failure.

The library is found at ``AEZ_LIBRARY``, else in this package, else in ``.build/release`` of the
checkout, else in the system.
"""

from typing import TYPE_CHECKING, Any

from ._bounds import Bounds
from ._codec import compress, decompress
from ._description import Metadata
from ._errors import (
    AezipError,
    BufferTooSmallError,
    CancelledError,
    CorruptedError,
    InputOutputError,
    InvalidArgumentError,
    LimitExceededError,
    ModelMismatchError,
    NotAContainerError,
    OutOfMemoryError,
    TruncatedError,
    UnrepresentableError,
    UnsupportedVersionError,
)
from ._field import Field
from ._handle import Containing
from ._library import instruction_set, library_version
from ._model import Model, load
from ._ranges import ranges
from ._reader import Container, open, search
from ._training import Progress, train
from ._writer import Writer

if TYPE_CHECKING:
    from ._estimator import Autoencoder

__version__ = "0.1.0"

__all__ = [
    "Autoencoder",
    "AezipError",
    "Bounds",
    "BufferTooSmallError",
    "CancelledError",
    "Container",
    "Containing",
    "CorruptedError",
    "Field",
    "InputOutputError",
    "InvalidArgumentError",
    "LimitExceededError",
    "Metadata",
    "Model",
    "ModelMismatchError",
    "NotAContainerError",
    "OutOfMemoryError",
    "Progress",
    "TruncatedError",
    "UnrepresentableError",
    "UnsupportedVersionError",
    "Writer",
    "compress",
    "decompress",
    "instruction_set",
    "library_version",
    "load",
    "open",
    "ranges",
    "search",
    "train",
]


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to load, which those who do not use it should not wait for.
    if name == "Autoencoder":
        from ._estimator import Autoencoder

        return Autoencoder
    raise AttributeError(f"module 'aezip' has no attribute {name!r}")
