"""Every bound holds for every value of every table."""

from fractions import Fraction

import aezip
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import (
    COUNTS,
    KINDS,
    TYPES,
    assert_within,
    columns,
    field,
    relative,
    same_bits,
    structured,
)

bounds = st.sampled_from([0.0, 1e-300, 1e-9, 1e-4, 0.005, 0.5, 1.0, 2.5, 1e3, 1e300])
relatives = st.sampled_from([0.0, 1e-12, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0])


@given(columns(), bounds)
def test_an_absolute_bound_holds_for_every_value_of_mixed_fields(fields, bound):
    restored = aezip.decompress(aezip.compress(structured(fields), abs=bound))
    for name, values in zip(restored.dtype.names, fields):
        assert_within(values, restored[name], bound)


@given(columns(), relatives)
def test_a_relative_bound_holds_for_every_value_of_mixed_fields(fields, rel):
    restored = aezip.decompress(aezip.compress(structured(fields), rel=rel))
    for name, values in zip(restored.dtype.names, fields):
        assert_within(values, restored[name], relative(rel, values))


@given(columns())
def test_exact_keeps_every_bit_of_mixed_fields(fields):
    records = structured(fields)
    assert same_bits(aezip.decompress(aezip.compress(records, exact=True)), records)


@given(columns(most_fields=4), st.data())
def test_every_field_keeps_its_own_bound(fields, data):
    chosen = [
        data.draw(st.sampled_from([None, ("abs", 0.01), ("abs", 3.0), ("rel", 1e-3)]))
        for _ in fields
    ]
    records = structured(fields)
    names = records.dtype.names
    asked = {
        kind: {n: c[1] for n, c in zip(names, chosen) if c and c[0] == kind}
        for kind in ("rel", "abs")
    }
    restored = aezip.decompress(aezip.compress(records, **asked))
    for name, values, choice in zip(names, fields, chosen):
        if choice is None:
            assert same_bits(restored[name], values)
        elif choice[0] == "abs":
            assert_within(values, restored[name], choice[1])
        else:
            assert_within(values, restored[name], relative(choice[1], values))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_matrix_of_every_type_keeps_its_bounds(kind, dtype):
    random = np.random.default_rng(len(kind) * 100 + TYPES.index(dtype))
    fields = [field(random, kind, 3000, dtype)]
    for _ in range(4):
        fields.append(field(random, kind, 3000, dtype, fields[-1]))
    records = np.stack(fields, axis=1)
    for rel in (1e-1, 1e-3, 1e-6):
        restored = aezip.decompress(aezip.compress(records, rel=rel))
        for index, values in enumerate(fields):
            assert_within(values, restored[:, index], relative(rel, values))


@pytest.mark.parametrize("level", [1, 3, 6, 9])
@pytest.mark.parametrize("latents", [None, 0, 1, 3])
def test_bounds_hold_at_every_level_with_any_number_of_latents(level, latents):
    random = np.random.default_rng(7)
    hidden = np.cumsum(random.normal(size=(4000, 3)), axis=0)
    records = (hidden @ random.normal(size=(3, 12)) + random.normal(size=(4000, 12)) / 50).astype(
        "f4"
    )
    blob = aezip.compress(records, rel=1e-3, level=level, latents=latents)
    restored = aezip.decompress(blob)
    for index in range(12):
        values = records[:, index]
        assert_within(values, restored[:, index], relative(1e-3, values))
    assert len(blob) < records.nbytes / 2


@pytest.mark.parametrize("latents", [1, 2])
def test_bounds_hold_where_a_component_is_a_field_of_its_own(latents):
    """Its weight is 1, which 16 bits with a sign do not hold: the decoder had 32767 / 32768."""
    random = np.random.default_rng(23)
    records = np.stack([random.normal(size=500) * 1e5, random.normal(size=500)], axis=1)
    restored = aezip.decompress(aezip.compress(records, abs=0.3, latents=latents))
    assert_within(records, restored, 0.3)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("chunk_records", [0, 1, 64, 100])
def test_any_number_of_records_comes_back_in_chunks_of_any_size(count, chunk_records):
    random = np.random.default_rng(count)
    records = np.cumsum(random.normal(size=(count, 3)), axis=0)
    blob = aezip.compress(records, abs=0.01, chunk_records=chunk_records)
    assert_within(records, aezip.decompress(blob), 0.01)


def test_a_field_without_a_range_is_exact_under_a_relative_bound():
    records = np.array([[np.pi, 1.0], [np.pi, 2.0], [np.pi, np.nan]])
    restored = aezip.decompress(aezip.compress(records, rel=0.5))
    assert same_bits(restored[:, 0], records[:, 0])
    one = np.array([[np.e, -7.25]])
    assert same_bits(aezip.decompress(aezip.compress(one, rel=0.5)), one)


def test_a_field_of_nothing_but_nan_keeps_every_payload():
    bits = np.arange(1000, dtype="u4") + 0x7FC00000
    bits[::3] |= 0x80000000
    records = np.stack([bits.view("f4"), np.arange(1000, dtype="f4")], axis=1)
    restored = aezip.decompress(aezip.compress(records, rel=1e-2))
    assert same_bits(restored[:, 0], records[:, 0])


def test_signalling_nan_stays_signalling():
    bits = np.array([0x7F800001, 0x7FBFFFFF, 0xFF800001, 0x3F800000], "u4")
    records = np.repeat(bits.view("f4"), 40)
    for order in "<>":
        asked = records.astype(np.dtype("f4").newbyteorder(order))
        restored = aezip.decompress(aezip.compress(asked, abs=1e-3))
        assert same_bits(restored, asked)


def test_a_range_of_1e308_does_not_overflow():
    records = np.linspace(-1.7e308, 1.7e308, 999).reshape(-1, 1) * np.array([[1.0, -1.0]])
    for rel in (1e-1, 1e-3, 1e-6):
        restored = aezip.decompress(aezip.compress(records, rel=rel))
        for index in range(2):
            assert_within(records[:, index], restored[:, index], relative(rel, records[:, index]))


def test_large_integers_close_together_keep_a_relative_bound():
    """Their range is 1000, but as doubles they lie on multiples of 512."""
    random = np.random.default_rng(5)
    values = 2**62 + random.integers(0, 1001, 2000)
    for rel in (0.01, 0.1, 0.3):
        restored = aezip.decompress(aezip.compress(values, rel=rel))
        assert_within(values, restored, relative(rel, values))


def test_integers_under_a_bound_below_one_are_exact():
    random = np.random.default_rng(11)
    for dtype in TYPES[2:]:
        values = field(random, "whole range", 777, dtype)
        assert same_bits(aezip.decompress(aezip.compress(values, abs=0.99)), values)


def test_three_thousand_fields_come_back():
    random = np.random.default_rng(3)
    records = np.cumsum(random.normal(size=(200, 3000)), axis=0).astype("f4")
    restored = aezip.decompress(aezip.compress(records, rel=1e-2))
    for index in range(0, 3000, 7):
        values = records[:, index]
        assert_within(values, restored[:, index], relative(1e-2, values))


@pytest.mark.parametrize("kind", ["f4", "f8", "u1", "i2"])
@pytest.mark.parametrize("bound", [0.1, 0.3, 0.5, 0.7, 1.0, 2.9999999999])
def test_no_error_hides_in_the_rounding_of_a_proof(kind, bound):
    """A number lies off the grid of all others, as far from it as the bound, rounded to its type."""
    random = np.random.default_rng(5)
    whole = np.abs(np.rint(5 * random.normal(size=(60_000, 1)))).astype(kind)
    for off in (bound, -bound, 1 - bound, bound - 1, 2 - bound) if whole.dtype.kind == "f" else (0,):
        records = whole.copy()
        records[random.integers(len(records))] = off
        for level in (1, 6):
            restored = aezip.decompress(aezip.compress(records, abs=bound, level=level))
            differ = np.flatnonzero(restored != records)
            pairs = set(zip(records.flat[differ].tolist(), restored.flat[differ].tolist()))
            errors = {pair: abs(Fraction(pair[0]) - Fraction(pair[1])) for pair in pairs}
            assert all(error <= Fraction(bound) for error in errors.values()), (off, pairs)


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("width", [1, 3, 64, 100])
def test_the_range_is_that_of_finite_values_wherever_they_are(width, kind):
    random = np.random.default_rng(width)
    records = random.normal(size=(777, width)).astype(kind)
    records[random.random(records.shape) < 0.01] = np.nan
    records[3, 0], records[9, -1], records[776, 0] = np.inf, -np.inf, 50
    records[random.integers(0, 777, width), np.arange(width)] = -60 - np.arange(width)
    with aezip.open(aezip.compress(records, rel=1e-2, level=2)) as opened:
        for column, told in enumerate(opened.fields):
            values = records[:, column].astype("f8")
            values = values[np.isfinite(values)]
            # Bounds of small tables are told in few bytes.
            assert 0.99 <= told.absolute_bound / (1e-2 * np.ptp(values)) <= 1 + 1e-12
