"""Compression and decompression in one call."""

from __future__ import annotations

import ctypes
import os
import warnings
from typing import IO, Optional, Union, overload

import numpy as np

from . import _library as c
from ._bounds import Bounds, resolve
from ._description import Description, Metadata
from ._errors import InvalidArgumentError
from ._handle import Containing
from ._layout import as_records
from ._model import Model
from ._options import make_options
from ._ranges import find_ranges
from ._reader import Container
from ._streams import PathLike, Sink
from ._writer import Writer


@overload
def compress(
    records: object, *, rel: Optional[Bounds] = ..., abs: Optional[Bounds] = ..., exact: bool = ...,
    level: int = ..., latents: Optional[int] = ..., threads: int = ..., chunk_records: int = ...,
    metadata: Optional[Metadata] = ..., model: Optional[Model] = ..., embed_model: bool = ...,
    nrmse: Optional[float] = ..., file: None = ...,
) -> bytes: ...  # fmt: skip
@overload
def compress(
    records: object, *, rel: Optional[Bounds] = ..., abs: Optional[Bounds] = ..., exact: bool = ...,
    level: int = ..., latents: Optional[int] = ..., threads: int = ..., chunk_records: int = ...,
    metadata: Optional[Metadata] = ..., model: Optional[Model] = ..., embed_model: bool = ...,
    nrmse: Optional[float] = ..., file: Union[PathLike, IO[bytes]],
) -> int: ...  # fmt: skip
def compress(
    records: object, *, rel: Optional[Bounds] = None, abs: Optional[Bounds] = None,
    exact: bool = False, level: int = 6, latents: Optional[int] = None, threads: int = 0,
    chunk_records: int = 0, metadata: Optional[Metadata] = None, model: Optional[Model] = None,
    embed_model: bool = True, nrmse: Optional[float] = None, file: Optional[Union[PathLike, IO[bytes]]] = None,
) -> Union[bytes, int]:  # fmt: skip
    """Compresses records into a container.

    Exactly one of ``rel``, ``abs``, ``exact`` and ``nrmse`` says how exactly the values must come
    back, or none of them with ``latents``, which alone then tell the values;
    ``rel`` and ``abs`` may both be mappings, for different fields. A bound is a number for all
    fields, a sequence with one for each field (None: exact), or a mapping from names or indices of
    fields to bounds; a field that it does not name is exact. The name of a nested field or of a
    subarray stands for all its numbers. NaN, infinities and -0 come back bit for bit under any
    bound; truth values and times are always exact.

    Args:
        records: an array of shape ``(records, fields)``, a structured array, or anything that
            ``numpy.asarray`` makes one of. A C-contiguous array in native byte order is not copied.
            It must not change during the call.
        rel: ``|value - restored| <= rel * (max - min)`` over the field's finite values. A field
            that has no range is exact.
        abs: ``|value - restored| <= abs``, in the field's units.
        exact: True keeps every bit.
        level: 1 (fast) to 9 (small).
        latents: latents of the autoencoder; None: as many as pay for themselves; 0: none.
        threads: 0: one per processor. The bytes do not depend on it.
        chunk_records: records that are coded together, the unit of random access; 0: about 8 MiB.
        metadata: bytes, a text or a dictionary of JSON values to keep; see
            :attr:`Container.metadata`.
        model: a :class:`Model` that predicts the records; each chunk uses it only where it then
            takes fewer bytes. It may have learned from other records: every bound holds.
        nrmse: the root mean squared error over all fields that are not always exact, each in units
            of its standard deviation, to reach within 5 %: by latents alone or by bounds, whichever
            takes fewer bytes.
        embed_model: True: the container holds the model; False: its digest alone, and reading needs
            the model.
        file: a path or a binary file object to write the container to, in memory that does not grow
            with it. A path appears only when the container is complete.

    Returns:
        The container, or the number of its bytes if it was written to ``file``.

    Raises:
        InvalidArgumentError: if an argument is wrong; the text says which and what to do.
        OutOfMemoryError: if memory is short.
        OSError: if ``file`` cannot be written.
    """
    array, layout = as_records(records)
    if nrmse is not None and (rel is not None or abs is not None or exact):
        raise InvalidArgumentError("nrmse= takes the place of rel=, abs= and exact=True; leave it")
    bounds = resolve(layout.fields, rel, abs, exact, free=bool(latents) or nrmse is not None)
    options = make_options(
        level=level, latents=latents, threads=threads, chunk_records=chunk_records,
        metadata=Description.of(array, layout, metadata).encoded(),
        model=model, embed_model=embed_model, nrmse=nrmse,
    )  # fmt: skip
    if nrmse is not None and file is not None:
        blob = _compress_in_memory(layout.in_memory(array), layout.for_library(bounds), options)
        return Sink.write_all(file, blob)
    if file is None:
        blob = _compress_in_memory(layout.in_memory(array), layout.for_library(bounds), options)
        _warn_of_drift(blob, model)
        return blob
    ranges = None if rel is None else find_ranges(array, layout)
    with Writer.started(file, layout, bounds, options, ranges) as writer:
        writer.append(array)
    if isinstance(file, (str, os.PathLike)) and model is not None and os.path.isfile(file):
        _warn_of_drift(file, model)
    return writer.size


def _warn_of_drift(container: Containing, model: Optional[Model]) -> None:
    """Warns if the model knows the records worse than those that it learned from."""
    if model is None:
        return
    with Container(container) as opened:
        told = opened.info.get("model") or {}
    bits, training = told.get("bits"), told.get("training_bits")
    if bits is not None and training is not None and bits > 1.25 * training + 2:
        warnings.warn(
            f"the model predicts these records worse than those that it learned from: it leaves"
            f" {bits:.1f} bits a record instead of {training:.1f}; train another",
            stacklevel=3,
        )


def decompress(
    source: Containing, *, threads: int = 0, out: Optional[np.ndarray] = None,
    model: Optional[Model] = None,
) -> np.ndarray:  # fmt: skip
    """Restores all records of a container, with the shape and the dtype that they had.

    Args:
        source: the container: bytes or another buffer, a path, or a binary file object, which is
            read from its position to its end.
        threads: 0: one per processor.
        out: an array of the same shape and dtype to restore into.
        model: the model of a container that holds only its digest.

    Returns:
        The records: ``out``, or a new array.

    Raises:
        NotAContainerError, UnsupportedVersionError, TruncatedError, CorruptedError: if the
            container is not one that this library reads, or damaged.
        LimitExceededError, OutOfMemoryError: if it is too large.
        ModelMismatchError: if the container needs a model; the text names its digest.
        InvalidArgumentError: if ``out`` does not fit.
        OSError: if the file cannot be read.
    """
    with Container(source, threads=threads, model=model) as container:
        shape = container.original_shape
        if shape == container.shape:
            return container.read(out=out)
        restored = container.read().reshape(shape)
    if out is None:
        return restored
    if out.shape != shape or out.dtype != restored.dtype:
        raise InvalidArgumentError(
            f"out is {out.dtype} {out.shape}; it must be {restored.dtype} {shape}"
        )
    out[...] = restored
    return out


def _compress_in_memory(array: np.ndarray, layout: c.Layout, options: c.Options) -> bytes:
    capacity = c.library.aez_compress_bound(layout, len(array), options)
    container = np.empty(capacity, np.uint8)  # its untouched pages take no memory
    size, error = ctypes.c_size_t(), c.Error()
    status = c.library.aez_compress(
        layout, array.ctypes.data, len(array), options, container.ctypes.data, capacity, size, error
    )
    c.check(status, error)
    return container[: size.value].tobytes()
