"""The ranges of fields, which relative bounds are relative to."""

from __future__ import annotations

import ctypes
from typing import Tuple

import numpy as np

from . import _library as c
from ._layout import RecordLayout, as_records

Ranges = Tuple[np.ndarray, np.ndarray]


def ranges(records: object) -> Ranges:
    """The smallest and the largest finite value of every stored field.

    For a :class:`Writer` with relative bounds. Those of several batches combine with
    ``numpy.minimum`` and ``numpy.maximum``.

    Returns:
        minima and maxima, float64 arrays of shape ``(stored fields,)``; infinity and -infinity for
        a field without finite values. 64-bit integers are rounded.

    Raises:
        InvalidArgumentError: if ``records`` are not records of numbers.
    """
    return find_ranges(*as_records(records))


def find_ranges(array: np.ndarray, layout: RecordLayout) -> Ranges:
    """As :func:`ranges`, of an array whose layout is known."""
    count = len(layout.fields)
    minima, maxima = np.full(count, np.inf), np.full(count, -np.inf)
    described = layout.for_library([(c.EXACT, 0.0)] * count)
    started, error = ctypes.c_int32(0), c.Error()
    for part in layout.parts(array):
        status = c.library.aez_ranges(
            described, part.ctypes.data, len(part), started,
            minima.ctypes.data, maxima.ctypes.data, error,
        )  # fmt: skip
        c.check(status, error)
    return minima, maxima
