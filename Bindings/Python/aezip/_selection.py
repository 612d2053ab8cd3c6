"""Which fields a caller wants, and how they are put together."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np

from ._errors import InvalidArgumentError
from ._layout import RecordLayout
from ._stored_field import offset_in, unpadded

#: A field by its name or its index.
FieldKey = Union[str, int]


@dataclass(frozen=True)
class Selection:
    """Chosen stored fields and the array that they make.

    Attributes:
        indices: the stored fields, in the order in which the library packs them; None: whole
            records.
        dtype: the dtype of the result, in the user's byte order.
        tail: its shape without the first axis.
    """

    indices: Optional[List[int]]
    dtype: np.dtype
    tail: Tuple[int, ...]


def select(layout: RecordLayout, fields: Union[FieldKey, slice, Sequence[FieldKey]]) -> Selection:
    """Chooses one field, whose array has no axis of fields, or several.

    Several columns of a matrix make a matrix, several fields of structured records make structured
    records without padding.

    Raises:
        KeyError: if no field has that name.
        IndexError: if no field has that index.
    """
    if isinstance(fields, slice):
        fields = range(len(layout.fields))[fields]
    if isinstance(fields, (str, int, np.integer)):
        _, indices, dtype = _find(layout, fields)
        if dtype.subdtype is not None:
            return Selection(indices, *dtype.subdtype)
        return Selection(indices, dtype, ())
    found = [_find(layout, key) for key in fields]
    if not found:
        raise InvalidArgumentError("no fields are chosen; choose at least one")
    indices = [index for _, some, _ in found for index in some]
    if layout.dtype.names is None:
        return Selection(indices, layout.dtype, (len(indices),))
    labels = [label for label, _, _ in found]
    if len(set(labels)) < len(labels):
        raise InvalidArgumentError(f"a field is chosen twice in {labels}; choose it once")
    return Selection(indices, np.dtype([(label, dtype) for label, _, dtype in found]), ())


def _find(layout: RecordLayout, key: FieldKey) -> Tuple[str, List[int], np.dtype]:
    """The label, the stored fields and the dtype of one field of the user's or of the
    container's."""
    names = [field.name for field in layout.fields]
    if isinstance(key, str):
        if key in (layout.dtype.names or ()):
            dtype = unpadded(layout.dtype[key])
            return key, _parts(layout, key), dtype
        if not key or key not in names:
            raise KeyError(f"no field is called {key!r}; there are {_listed(names)}")
        index = names.index(key)
    else:
        try:
            index = operator.index(key)
        except TypeError:
            raise TypeError(f"a field is chosen by name or index, not by {key!r}") from None
        if not -len(names) <= index < len(names):
            raise IndexError(f"there is no field {index}; there are {len(names)}")
        index %= len(names)
    return names[index], [index], layout.fields[index].dtype


def _parts(layout: RecordLayout, name: str) -> List[int]:
    """The stored fields that lie in a field of the user's: a nested one or a subarray has
    several."""
    start = offset_in(layout.dtype, name)
    end = start + layout.dtype[name].itemsize
    return [i for i, field in enumerate(layout.fields) if start <= field.offset < end]


def _listed(names: List[str]) -> str:
    listed = ", ".join(repr(name) for name in names[:8] if name) or "columns without names"
    return listed + (", ..." if len(names) > 8 else "")
