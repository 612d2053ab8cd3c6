"""Fields that follow from others by a root of squares, or a product, cost what rounding of these leaves.

A field E is predicted from restored parts x + e, with e within their bounds b_i. To first order the
prediction is off by the sum of c_i e_i, c_i being the derivatives of E; parts are restored anywhere in
their cells, so e_i is uniform, and what is not known of E given its parts has by the entropy power
inequality

    h >= log2(sum of (2 b_i c_i)^2) / 2        bits; a code says it to 2 b_E, which takes h - log2(2 b_E)

at least, and 0 at least. That is the floor below.
"""

import hashlib

import aezip
import numpy as np
import pytest
from processes import printed_by_instruction_set
import tables


def particles(count: int, seed: int = 0) -> np.ndarray:
    """Energy, three momenta and a mass of some kinds: the energy comes before what it follows from."""
    random = np.random.default_rng(seed)
    momenta = random.normal(size=(count, 3)) * [30, 40, 200]
    mass = random.choice([0, 0.5, 80.4, 173.0], count)
    energy = np.sqrt(np.sum(momenta**2, axis=1) + mass**2)
    return np.column_stack([energy, momenta, mass])


def power(count: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    voltage, current = random.uniform(100, 240, count), random.gamma(2, 3, count)
    return np.column_stack([voltage, current, voltage * current])


def bits_of(records: np.ndarray, column: int, **how) -> float:
    """What a column adds to the file, in bits a value."""
    without = np.delete(records, column, axis=1)
    bytes_of = [len(aezip.compress(table, **how)) for table in (records, without)]
    return 8 * (bytes_of[0] - bytes_of[1]) / len(records)


def floor(records: np.ndarray, target: int, derivatives: np.ndarray, rel: float) -> float:
    bounds = rel * np.ptp(records, axis=0)
    exact = np.array([len(np.unique(part)) < 10 for part in records.T])
    spread = np.where(exact, 0, 2 * bounds) * derivatives
    known = np.sqrt(np.sum(np.delete(spread, target, axis=1) ** 2, axis=1))
    return np.mean(np.maximum(0, np.log2(known / (2 * bounds[target]) + 1e-30)))


def coding(records: np.ndarray, column: int, **how) -> str:
    with aezip.open(aezip.compress(records, **how)) as opened:
        return opened.info["fields"][column]["coding"]


@pytest.mark.parametrize("rel", [1e-2, 1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_energies_cost_under_a_bit_more_than_their_parts_leave(rel, dtype):
    records = particles(20_000)
    least = floor(records, 0, records / records[:, :1], rel)
    assert bits_of(records.astype(dtype), 0, rel=rel) < least + 1
    assert "root of" in coding(records.astype(dtype), 0, rel=rel)


@pytest.mark.parametrize("rel", [1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("target", [0, 2])
def test_products_cost_under_a_bit_more_than_their_factors_leave(rel, target):
    """Power is the product of voltage and current, wherever it stands."""
    records = power(20_000)
    derivatives = np.column_stack([records[:, 1], records[:, 0], np.ones(len(records))])
    least = floor(records, 2, derivatives, rel)
    order = [0, 1, 2] if target == 2 else [2, 0, 1]
    assert bits_of(records[:, order], target, rel=rel) < least + 1
    assert "tied to" in coding(records[:, order], target, rel=rel)


def test_ties_hold_within_bounds_for_fields_of_all_types_and_units():
    random = np.random.default_rng(2)
    east, north = random.normal(size=(2, 9000)) * 12
    fields = [np.hypot(east, north).astype("f4"), np.round(east * 1000).astype("i4"), north / 1000]
    fields += [random.integers(1, 200, 9000).astype("u1"), random.integers(1, 90, 9000).astype("i8")]
    fields += [fields[3].astype("f8") * fields[4] + 17]
    records = tables.structured(fields)
    records["x2"][[5, 700]] = np.nan
    for rel in (1e-2, 1e-4):
        blob = aezip.compress(records, rel=rel)
        back = aezip.decompress(blob)
        for name in records.dtype.names:
            values, restored = records[name].astype("f8"), back[name].astype("f8")
            fine = np.isfinite(values)
            bound = rel * np.ptp(values[fine])
            assert np.abs(values[fine] - restored[fine]).max() <= bound, name
            assert (np.isnan(values) == np.isnan(restored)).all()
    with aezip.open(blob) as opened:
        told = [field["coding"] for field in opened.info["fields"]]
        assert "tied to the root of" in told[0] and "tied to" in told[5]
        assert opened["x0"].tobytes() == back["x0"].tobytes()
        assert opened[100:300].tobytes() == back[100:300].tobytes()


def test_what_merely_bends_and_what_is_linear_has_no_tie():
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, 9000))
    noise = random.normal(size=9000)
    for target in (2 * a - b, np.tanh(a), np.hypot(a, b) + noise, a * b + noise):
        assert "tied" not in coding(np.column_stack([a, b, target]), 2, rel=1e-3)


def digests() -> str:
    lines = []
    for records in (particles(3000), particles(3000).astype("f4"), power(2000)):
        for rel in (1e-2, 1e-4, 1e-7):
            blob = aezip.compress(records, rel=rel)
            restored = aezip.decompress(blob)
            lines.append(" ".join(hashlib.sha256(b).hexdigest() for b in (blob, restored.data)))
    return "\n".join(lines)


def test_bytes_and_restored_bits_do_not_depend_on_the_instruction_set():
    seen = set(printed_by_instruction_set(__file__))
    assert len(seen) == 1 and len(seen.pop().split()) == 2 * 9


@pytest.mark.parametrize("count", [200, 256, 257, 300, 400, 700, 1500])
def test_few_records_are_restored(count):
    for rel in (0.1, 0.03, 0.01, 1e-3):
        for records in (particles(count), power(count)[:, [2, 0, 1]]):
            back = aezip.decompress(aezip.compress(records, rel=rel))
            bounds = rel * np.ptp(records, axis=0)
            assert (np.abs(back - records) <= bounds).all()


def test_tables_without_columns_to_tie_are_compressed():
    random = np.random.default_rng(4)
    for records in (random.normal(size=(3000, 3)), random.normal(size=(3000, 1))):
        assert (aezip.decompress(aezip.compress(records, exact=True)) == records).all()
        assert np.abs(aezip.decompress(aezip.compress(records, abs=0.1)) - records).max() <= 0.1


if __name__ == "__main__":
    print(digests())
