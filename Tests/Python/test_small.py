"""A hundred records never cost more than storing them packed plus 300 bytes.

Packed: each value of a field in ceil(log2(range / step + 1)) bits. Noise that fills its range evenly,
or only its lower half, leaves little room for saying where the range lies, which packed storage needs
too: there its minimum and step count, four bytes a field.
"""

import math
import zlib
from pathlib import Path

import aezip
import numpy as np
import pytest
import tables

COUNT, ALLOWED = 100, 300
RELATIVE = [1e-1, 1e-2, 1e-3, 1e-4]
MAST = Path(__file__).resolve().parents[1] / "Fixtures" / "met_mast.csv"


def packed(records: np.ndarray, rel: float) -> int:
    bits = 0
    for field in records.T:
        span = float(field.max()) - float(field.min())
        # Of integers, those within the bound of one another share a number.
        whole = field.dtype.kind != "f"
        steps = span // (2 * int(rel * span) + 1) if whole else 1 / (2 * rel)
        bits += COUNT * math.ceil(math.log2(steps + 1)) if span > 0 else 0
    return -(-bits // 8)


def table(kind: str, dtype: str, fields: int) -> np.ndarray:
    random = np.random.default_rng([fields, len(kind)])
    values = random.random((COUNT, fields)) if kind == "even" else random.normal(size=(COUNT, fields))
    values = np.cumsum(values, axis=0) if kind == "walk" else values
    if dtype[0] == "f":
        return (values * 10.0 ** random.integers(-6, 6, fields)).astype(dtype)
    size = {"1": 100, "2": 3e4, "4": 1e9, "8": 1e15}[dtype[1]]
    values = values / np.abs(values).max() * size
    return (np.abs(values) if dtype[0] == "u" else values).astype(dtype)


@pytest.mark.parametrize("fields", [1, 2, 7, 50, 400])
@pytest.mark.parametrize("dtype", tables.TYPES)
@pytest.mark.parametrize("kind", ["normal", "walk", "even"])
def test_a_hundred_records_cost_little_more_than_packed_ones(kind, dtype, fields):
    records = table(kind, dtype, fields)
    allowed = ALLOWED + (4 * fields if kind == "even" or dtype[0] == "u" else 0)
    for rel in RELATIVE:
        assert len(aezip.compress(records, rel=rel)) <= packed(records, rel) + allowed, rel
    plain = records.tobytes()
    exact = len(aezip.compress(records, exact=True))
    assert exact <= min(len(plain), len(zlib.compress(plain, 6))) + ALLOWED


def test_a_hundred_records_of_a_mast_cost_less_than_packed_ones():
    records = np.genfromtxt(MAST, delimiter=",", skip_header=1)[:, 1:]
    records = records[:, np.isfinite(records).all(axis=0)].astype("f4")
    assert records.shape[1] > 20
    random = np.random.default_rng(1)
    for chosen in (np.arange(COUNT), random.choice(len(records), COUNT, replace=False)):
        for rel in RELATIVE:
            few = np.ascontiguousarray(records[chosen])
            assert len(aezip.compress(few, rel=rel)) <= packed(few, rel) + ALLOWED, rel


@pytest.mark.parametrize("level", [1, 2, 6])
@pytest.mark.parametrize("fields", [1, 2, 7])
def test_statistics_of_few_records_are_short_at_every_level(level, fields):
    """Which form they have must not hang on errors, which differ from level to level."""
    records = np.random.default_rng(fields).normal(size=(60, fields)).cumsum(axis=0).astype(np.float32)
    with aezip.open(aezip.compress(records, rel=1e-2, level=level)) as opened:
        errors = np.abs(opened[:].astype("f8") - records)
        for field, error in zip(opened.fields, errors.T):
            for told, made in (field.largest_error, error.max()), (field.rmse, np.sqrt(np.mean(error**2))):
                eighths = 8 * told / field.absolute_bound
                assert eighths == round(eighths) and made <= told <= made + field.absolute_bound / 8, (told, made)


def test_statistics_of_few_records_are_rounded_outwards():
    random = np.random.default_rng(5)
    fields = [random.normal(size=COUNT) * 10.0**place for place in range(-4, 9)]
    fields += [values.astype("f4") for values in fields]
    fields += [random.integers(-999, 999, COUNT), np.full(COUNT, np.nan), np.full(COUNT, 7.0)]
    fields += [np.where(random.random(COUNT) < 0.3, np.nan, fields[0])]
    records = tables.structured(fields)
    with aezip.open(aezip.compress(records, rel=1e-2)) as opened:
        back = opened[:]
        for name, told in zip(records.dtype.names, opened.fields):
            values, restored = records[name].astype("f8"), back[name].astype("f8")
            finite = np.isfinite(values)
            assert told.missing == np.isnan(values).sum()
            if not finite.any():
                assert math.isnan(told.minimum) and math.isnan(told.maximum)
                continue
            low, high = values[finite].min(), values[finite].max()
            asked = 1e-2 * (high - low)
            assert 0.98 * asked <= told.absolute_bound <= asked or records[name].dtype.kind == "i"
            assert low - 2 * asked <= told.minimum <= low
            assert high <= told.maximum <= high + 2 * asked
            errors = np.abs(values - restored)[finite]
            assert errors.max() <= told.largest_error <= told.absolute_bound
            assert math.sqrt(np.mean(errors**2)) <= told.rmse <= told.largest_error


def test_statistics_of_few_exact_records_are_exact():
    random = np.random.default_rng(6)
    records = random.normal(size=(COUNT, 30)) * 1e5
    with aezip.open(aezip.compress(records, exact=True)) as opened:
        for values, told in zip(records.T, opened.fields):
            assert (told.minimum, told.maximum) == (values.min(), values.max())
            assert (told.absolute_bound, told.largest_error, told.rmse) == (0, 0, 0)
