"""numpy arrays as records: which fields a record has, and where they lie.

The elements of a structured array are records. Of any other array the first axis counts records,
and what remains of its shape, the tail, is one record. Nested fields and subarrays are stored as
one field a number, named ``p.x`` and ``v[0]``.
"""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple

import numpy as np

from . import _library as c
from ._errors import InvalidArgumentError
from ._stored_field import KINDS, StoredField, flatten

#: The limits of ``aez.h``, checked early because flattening takes time.
MOST_FIELDS = 65535
LARGEST_RECORD = 1 << 20
#: Bytes of records that are copied at a time where they have to be copied.
PART_SIZE = 8 << 20


@dataclass(frozen=True)
class RecordLayout:
    """What one record of an array holds.

    Attributes:
        dtype: the array's dtype.
        tail: the shape of a record: ``()`` for one element.
        fields: every number of a record, in the order of its names and indices.
    """

    dtype: np.dtype
    tail: Tuple[int, ...]
    fields: Tuple[StoredField, ...]

    @classmethod
    def of(cls, dtype: np.dtype, tail: Sequence[int]) -> RecordLayout:
        """The layout of records that are ``tail`` elements of a dtype.

        Raises:
            InvalidArgumentError: if a field has no numeric type that aezip stores, or there is
                none.
        """
        if dtype.subdtype is not None:
            dtype, inner = dtype.subdtype
            tail = (*tail, *inner)
        if dtype.names is not None and tail:
            raise InvalidArgumentError("a record is one structure; give the dtype of one")
        record = np.dtype((dtype, tuple(tail)))
        if record.itemsize == 0:
            raise InvalidArgumentError("a record has no fields; give at least one")
        if record.itemsize > LARGEST_RECORD:
            raise InvalidArgumentError(
                f"a record has {record.itemsize} bytes; at most {LARGEST_RECORD} are accepted"
            )
        fields = tuple(itertools.islice(flatten(record, "", 0), MOST_FIELDS + 1))
        if len(fields) > MOST_FIELDS:
            raise InvalidArgumentError(f"a record has more than {MOST_FIELDS} fields")
        if dtype.names is None:
            fields = tuple(StoredField("", field.dtype, field.offset) for field in fields)
        return cls(dtype, tuple(tail), fields)

    @classmethod
    def of_stored(
        cls, names: List[str], types: List[int], offsets: List[int], record_size: int
    ) -> RecordLayout:
        """The plainest layout that has these stored fields: a matrix if they have no names, one
        type and no gaps, else a structured dtype."""
        kinds = [np.dtype(KINDS[code]) for code in types]
        first, count = kinds[0], len(kinds)
        packed = offsets == list(range(0, count * first.itemsize, first.itemsize))
        if (
            packed
            and record_size == count * first.itemsize
            and not any(names)
            and len(set(types)) == 1
        ):
            return cls.of(first, (count,))
        unique: Dict[str, int] = {}
        for index, name in enumerate(names):
            label = name or f"f{index}"
            while label in unique:
                label += f"_{index}"
            unique[label] = index
        dtype = np.dtype(
            {"names": list(unique), "formats": kinds, "offsets": offsets, "itemsize": record_size}
        )
        return cls.of(dtype, ())

    def stored(self) -> RecordLayout:
        """What the stored fields of this layout are read as without its description."""
        return RecordLayout.of_stored(
            [field.name for field in self.fields],
            [field.type for field in self.fields],
            [field.offset for field in self.fields],
            self.record_size,
        )

    @property
    def record_size(self) -> int:
        """Bytes of a record."""
        return np.dtype((self.dtype, self.tail)).itemsize

    @property
    def native(self) -> np.dtype:
        """The dtype in memory that the library reads and writes: ``dtype`` in native byte order."""
        return self.dtype.newbyteorder("=")

    def same_storage(self, other: RecordLayout) -> bool:
        """Whether both lie in memory alike: types and offsets of all fields, and the record
        size."""
        return (
            self.record_size == other.record_size
            and len(self.fields) == len(other.fields)
            and all(
                a.type == b.type and a.offset == b.offset for a, b in zip(self.fields, other.fields)
            )
        )

    def rows(self, array: np.ndarray) -> np.ndarray:
        """The array with records along its first axis and no others that count them."""
        return array if self.dtype.names is None else array.reshape(-1)

    def in_memory(self, array: np.ndarray) -> np.ndarray:
        """The :meth:`rows` without gaps between them and in native byte order; the memory of
        ``array`` itself, not a copy, if it already lies so."""
        return np.asarray(self.rows(array), dtype=self.native, order="C")

    def parts(self, array: np.ndarray) -> Iterator[np.ndarray]:
        """All records, :meth:`in_memory`: at once where nothing need be copied, else in parts of a
        few megabytes."""
        array = self.rows(array)
        if array.flags.c_contiguous and array.dtype == self.native:
            yield array
            return
        step = max(1, PART_SIZE // self.record_size)
        for start in range(0, len(array), step):
            yield self.in_memory(array[start : start + step])

    def for_library(self, bounds: Sequence[Tuple[int, float]]) -> c.Layout:
        """``aez_layout`` with a bound kind and a bound for every field."""
        fields = (c.Field * len(self.fields))()
        for target, field, (kind, bound) in zip(fields, self.fields, bounds):
            target.name = _encoded(field.name)
            target.type = field.type
            target.offset = field.offset
            target.bound_kind, target.bound = kind, bound
        layout = c.Layout()
        layout.struct_size = ctypes.sizeof(c.Layout)
        layout.record_size = self.record_size
        layout.field_count = len(fields)
        layout.fields = fields
        return layout


def as_records(records: object) -> Tuple[np.ndarray, RecordLayout]:
    """The records as an array, and their layout.

    Raises:
        InvalidArgumentError: if they are not records of numbers.
    """
    if isinstance(records, np.ma.MaskedArray) and np.ma.getmaskarray(records).any():
        raise InvalidArgumentError(
            "a masked array hides values that aezip would store; fill it first: records.filled(...)"
        )
    array = np.asarray(records)
    if array.ndim == 0:
        raise InvalidArgumentError("a single value is no table of records; give at least one axis")
    return array, RecordLayout.of(array.dtype, array.shape[1:] if array.dtype.names is None else ())


def _encoded(name: str) -> bytes:
    if "\0" in name:
        raise InvalidArgumentError(
            f"the field name {name!r} contains a NUL character; rename the field"
        )
    try:
        return name.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"the field name {name!r} is no text: {error}") from error
