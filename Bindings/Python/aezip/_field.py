"""What a container says of its fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import _library as c

_BOUND_KINDS = {c.EXACT: "exact", c.ABSOLUTE: "abs", c.RELATIVE: "rel", c.FREE: "free"}


@dataclass(frozen=True)
class Field:
    """What a container says of a stored field.

    Attributes:
        name: such as ``pressure``, ``p.x`` or ``v[0]``; empty for the column of a matrix.
        dtype: the type of its values.
        bound_kind: as asked: ``"exact"``, ``"abs"``, ``"rel"``, or ``"free"`` for none.
        bound: as asked; for ``"rel"``, relative to the range.
        absolute_bound: the largest error permitted, in the field's units; 0 for exact, infinite for none.
        largest_error: the largest error made, rounded up by less than 1/255 of the bound (few records: 1/8).
        rmse: the root mean squared error made, rounded up alike.
        minimum: the smallest finite value; NaN if there is none. Of few records it may be rounded down, by at
            most two bounds.
        maximum: the largest finite value; NaN if there is none. Of few records it may be rounded up alike.
        missing: the number of NaN values.
    """

    name: str
    dtype: np.dtype
    bound_kind: str
    bound: float
    absolute_bound: float
    largest_error: float
    rmse: float
    minimum: float
    maximum: float
    missing: int

    @classmethod
    def of(cls, info: c.FieldInfo, name: str, dtype: np.dtype) -> Field:
        """The same as the library says it."""
        return cls(
            name=name,
            dtype=dtype,
            bound_kind=_BOUND_KINDS[info.bound_kind],
            bound=info.bound,
            absolute_bound=info.absolute_bound,
            largest_error=info.largest_error,
            rmse=info.rmse,
            minimum=info.minimum,
            maximum=info.maximum,
            missing=info.missing,
        )
