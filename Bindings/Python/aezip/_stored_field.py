"""The numbers that a dtype is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, NoReturn, Optional

import numpy as np

from ._errors import InvalidArgumentError

#: numpy's kind and size of a number to ``aez_type``.
TYPES: Dict[str, int] = {
    "f4": 1, "f8": 2,
    "i1": 3, "i2": 4, "i4": 5, "i8": 6,
    "u1": 7, "u2": 8, "u4": 9, "u8": 10,
}  # fmt: skip
KINDS: Dict[int, str] = {code: kind for kind, code in TYPES.items()}
#: Stored as integers, and always exactly: an error would change what the value means.
_STORED_AS: Dict[str, str] = {"b1": "u1", "M8": "i8", "m8": "i8"}


@dataclass(frozen=True)
class StoredField:
    """One number of a record.

    Attributes:
        name: the path to it, such as ``p.x`` or ``v[0]``; empty for the column of a matrix.
        dtype: its type as the user sees it, in the user's byte order.
        offset: its byte offset in the record.
    """

    name: str
    dtype: np.dtype
    offset: int

    @property
    def type(self) -> int:
        """``aez_type``."""
        kind = self.dtype.kind + str(self.dtype.itemsize)
        return TYPES[_STORED_AS.get(kind, kind)]

    @property
    def always_exact(self) -> bool:
        """True for truth values and times, which are kept exactly under any bound."""
        return self.dtype.kind in "bMm"


def unpadded(dtype: np.dtype) -> np.dtype:
    """A dtype without padding, its fields in the order of its names."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.dtype((unpadded(base), shape))
    if dtype.names is None:
        return dtype
    return np.dtype([(name, unpadded(dtype[name])) for name in dtype.names])


def offset_in(dtype: np.dtype, name: str) -> int:
    """The byte offset of a field of a structured dtype."""
    return dtype.fields[name][1]  # type: ignore[index]


def title_in(dtype: np.dtype, name: str) -> Optional[str]:
    """The title of a field of a structured dtype, numpy's second name for it."""
    _, _, *title = dtype.fields[name]  # type: ignore[index]
    return title[0] if title else None


def flatten(dtype: np.dtype, name: str, offset: int) -> Iterator[StoredField]:
    """Every number of a dtype, in the order of its names and indices.

    Raises:
        InvalidArgumentError: if one has a type that aezip does not store.
    """
    if dtype.itemsize == 0:
        return
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        for position, index in enumerate(np.ndindex(*shape)):
            label = f"{name}[{','.join(map(str, index))}]"
            yield from flatten(base, label, offset + position * base.itemsize)
    elif dtype.names is not None:
        for inner in dtype.names:
            label = f"{name}.{inner}" if name else inner
            yield from flatten(dtype[inner], label, offset + offset_in(dtype, inner))
    elif dtype.kind in "biufMm" and _is_stored(dtype):
        yield StoredField(name, dtype, offset)
    else:
        _refuse(dtype, name)


def _is_stored(dtype: np.dtype) -> bool:
    kind = dtype.kind + str(dtype.itemsize)
    return kind in TYPES or kind in _STORED_AS


def _refuse(dtype: np.dtype, name: str) -> NoReturn:
    advice = {
        "f": "convert it, for instance with astype(numpy.float32)",
        "c": "give its real and imaginary parts as two fields",
        "O": "give an array of numbers; of a pandas table, frame.to_records(index=False)",
        "S": "store a number for each text",
        "U": "store a number for each text",
    }.get(dtype.kind, "convert it to a number")
    where = f"field {name!r}" if name else "the array"
    raise InvalidArgumentError(
        f"{where} has the type {dtype}, which aezip does not store; {advice}"
    )
