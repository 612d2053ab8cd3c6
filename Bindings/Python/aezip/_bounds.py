"""The bounds that a caller asks for, as one for every stored field."""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union, cast

import numpy as np

from . import _library as c
from ._errors import InvalidArgumentError
from ._stored_field import StoredField

#: A bound for all fields, one for each (None: exact), or some by name or index (the rest: exact).
Bounds = Union[float, Sequence[Optional[float]], Mapping[Union[str, int], Optional[float]]]

_EXACT = (c.EXACT, 0.0)


def resolve(
    fields: Sequence[StoredField], rel: Optional[Bounds], abs: Optional[Bounds], exact: bool,
    *, free: bool = False,
) -> List[Tuple[int, float]]:  # fmt: skip
    """The bound kind and the bound of every field; with ``free``, no bounds if none is given.

    Raises:
        InvalidArgumentError: unless exactly one of the three is given, or ``rel`` and ``abs`` are
            both mappings for different fields; or if a bound is no number, is negative or names no
            field.
    """
    if free and rel is None and abs is None and not exact:
        return [_EXACT if field.always_exact else (c.FREE, 0.0) for field in fields]
    both = isinstance(rel, Mapping) and isinstance(abs, Mapping) and not exact
    if (rel is not None) + (abs is not None) + bool(exact) != 1 and not both:
        raise InvalidArgumentError(
            "give exactly one of rel=, abs= and exact=True (or rel and abs as mappings for"
            " different fields)"
        )
    result: Dict[int, Tuple[int, float]] = {}
    for kind, bounds in ((c.RELATIVE, rel), (c.ABSOLUTE, abs)):
        for index, bound in _each(fields, bounds):
            if index in result:
                raise InvalidArgumentError(f"{_label(fields, index)} has two bounds; give one")
            result[index] = _EXACT if bound is None else (kind, _number(fields, index, bound))
    return [result.get(index, _EXACT) for index in range(len(fields))]


def _each(
    fields: Sequence[StoredField], bounds: Optional[Bounds]
) -> List[Tuple[int, Optional[float]]]:
    if bounds is None:
        return []
    if isinstance(bounds, Mapping):
        named = {field.name: index for index, field in reversed(list(enumerate(fields)))}
        return [
            (index, bound)
            for key, bound in bounds.items()
            for index in _matching(fields, named, key, bound)
        ]
    if np.ndim(bounds) == 0:  # type: ignore[arg-type]
        alike = cast(float, bounds)
        return [(index, alike) for index, field in enumerate(fields) if not field.always_exact]
    bounds = list(cast(Sequence[Optional[float]], bounds))
    if len(bounds) != len(fields):
        raise InvalidArgumentError(
            f"{len(bounds)} bounds for {len(fields)} fields; give one for each, or a mapping"
        )
    for index, bound in enumerate(bounds):
        _refuse_if_exact(fields, index, bound)
    return list(enumerate(bounds))


def _matching(
    fields: Sequence[StoredField],
    named: Mapping[str, int],
    key: Union[str, int],
    bound: Optional[float],
) -> List[int]:
    """The fields that a mapping's key names: one, or all parts of a nested field or a subarray."""
    if not isinstance(key, str):
        found = [key] if key in range(len(fields)) else []
    elif key in named:
        found = [named[key]] if key else []
    else:
        parts = (key + ".", key + "[")
        found = [i for i, field in enumerate(fields) if field.name.startswith(parts)]
    if not found:
        raise InvalidArgumentError(
            f"a bound is given for {key!r}, which is no field of these records"
        )
    for index in found:
        _refuse_if_exact(fields, index, bound)
    return found


def _refuse_if_exact(fields: Sequence[StoredField], index: int, bound: Optional[float]) -> None:
    if bound is not None and fields[index].always_exact:
        raise InvalidArgumentError(
            f"{_label(fields, index)} is of type {fields[index].dtype}, which is always kept"
            " exactly; give it no bound"
        )


def _number(fields: Sequence[StoredField], index: int, bound: float) -> float:
    try:
        number = math.nan if isinstance(bound, (bool, str)) else float(bound)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise InvalidArgumentError(
            f"the bound of {_label(fields, index)} is {bound!r}; it must be a finite number, not"
            " negative"
        )
    return number


def _label(fields: Sequence[StoredField], index: int) -> str:
    name = fields[index].name
    return f"field {name!r}" if name else f"field {index}"
