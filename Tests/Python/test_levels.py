"""More level takes no more bytes, but for one in a hundred; at loose bounds plans vary most."""

import csv
from pathlib import Path

import aezip
import numpy as np
import pytest


def mast() -> np.ndarray:
    """The numbers of the table that the repository ships."""
    with open(Path(__file__).parents[1] / "Fixtures" / "met_mast.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    numbers = [column for column in zip(*rows) if all(is_number(cell) for cell in column)]
    return np.array(numbers, "f4").T.copy()


def is_number(cell: str) -> bool:
    try:
        return np.isfinite(float(cell or "nan"))
    except ValueError:
        return False


def smooth_field(count: int = 3000) -> np.ndarray:
    """48 neighbours on a line, each like those beside it, that change slowly."""
    random = np.random.default_rng(31)
    waves = np.cumsum(random.normal(size=(count, 5)), axis=0) % 20
    place = np.arange(48)
    shapes = np.sin(np.outer(np.arange(1, 6), place) / 9 + random.uniform(0, 6, (5, 1)))
    return (waves @ shapes + 0.3 * random.normal(size=(count, 48))).astype("f4")


def kinds(count: int = 6000) -> np.ndarray:
    """Fields that depend on a category in another, and follow from each other."""
    random = np.random.default_rng(32)
    kind = random.integers(0, 5, count)
    value = np.array([0, 3, -8, 20, 1])[kind] + random.normal(size=count) * np.array([0.1, 2, 0.1, 5, 1])[kind]
    return np.stack([kind, value, value * kind, np.cumsum(value) % 100, random.gamma(2, 3, count)], axis=1)


@pytest.mark.parametrize("rel", [0.2, 0.1, 1e-2])
@pytest.mark.parametrize("table", [mast, smooth_field, kinds])
def test_more_level_takes_no_more_bytes(table, rel):
    records = table()
    sizes = [len(aezip.compress(records, rel=rel, level=level)) for level in range(1, 9)]
    for level in range(1, 8):
        assert sizes[level] <= 1.01 * min(sizes[:level]), (level + 1, sizes)


def sensors(count: int = 40_000) -> np.ndarray:
    """20 fields of slow and of quick changes, some of which follow from others; 800,000 values."""
    random = np.random.default_rng(33)
    slow = np.cumsum(random.normal(size=(count, 6)), axis=0) % 300
    quick = random.gamma(1, 2, (count, 4))
    mixed = np.hstack([slow, quick]) @ random.normal(size=(10, 10))
    return np.hstack([slow, quick, mixed + 0.1 * random.normal(size=mixed.shape)]).astype("f4")


def test_more_level_takes_no_more_bytes_of_many_values_at_a_loose_bound():
    records = sensors()
    sizes = [len(aezip.compress(records, rel=0.1, level=level)) for level in range(1, 8)]
    assert 8 * sizes[5] < 0.4 * records.size  # few codes are not zero
    for level in range(1, 7):
        assert sizes[level] <= 1.01 * min(sizes[:level]), (level + 1, sizes)


def few_values() -> np.ndarray:
    """One field of eight different values, most of them the same: all records repeat earlier ones."""
    random = np.random.default_rng(34)
    return random.choice(8, (12_000, 1), p=[0.93] + [0.01] * 7) / 3


@pytest.mark.parametrize("rel", [0.1, 1e-2])
def test_more_level_takes_no_more_bytes_where_references_do_not_pay(rel):
    sizes = [len(aezip.compress(few_values(), rel=rel, level=level)) for level in range(1, 9)]
    for level in range(1, 8):
        assert sizes[level] <= 1.01 * min(sizes[:level]), (level + 1, sizes)


@pytest.mark.parametrize("seed", range(200, 225))
def test_more_level_takes_no_more_bytes_of_a_few_records(seed):
    random = np.random.default_rng(seed)
    rows, columns = int(random.integers(12, 90)), int(random.integers(2, 9))
    walks = random.normal(size=(rows, columns)).cumsum(axis=0) * random.uniform(1, 50, columns)
    table = np.round(walks).astype(np.float32)
    sizes = [len(aezip.compress(table, rel=0.1, level=level)) for level in range(1, 7)]
    for level in range(1, 6):
        assert sizes[level] <= 1.01 * min(sizes[:level]), (level + 1, sizes)


@pytest.mark.parametrize("seed", [87, 458])
def test_more_level_takes_no_more_bytes_of_two_records(seed):
    """Fields that are kept as they are tell of no bound."""
    random = np.random.default_rng(seed)
    columns, deviation = int(random.integers(90, 120)), random.uniform(2, 40)
    noise = random.normal(0, deviation, (2, columns)) * (random.random((2, columns)) < random.uniform(0.3, 1))
    table = np.round(950 + 60 * np.sin(np.arange(columns) / 9) + noise).astype(np.int16)
    sizes = [len(aezip.compress(table, rel=0.1, level=level)) for level in range(1, 7)]
    assert max(sizes[1:]) <= 1.01 * sizes[0], sizes


def test_more_level_takes_no_more_bytes_of_records_that_repeat():
    """Trees tell most of what comes next, so that level 4 and up found references too dear."""
    random = np.random.default_rng(2)
    kinds = int(random.integers(30, 80))
    first = random.permutation(kinds) * random.integers(1, 12)
    rows = np.stack([first, random.integers(0, 4, kinds), random.integers(-13, 24, kinds)], axis=1)
    following, order = random.permutation(kinds), [0]
    share = random.uniform(0.5, 0.9)
    for _ in range(3499):
        order.append(following[order[-1]] if random.random() < share else random.integers(0, kinds))
    table = rows[order].astype(np.float64)
    sizes = [len(aezip.compress(table, rel=1e-4, level=level)) for level in range(1, 7)]
    for level in range(1, 6):
        assert sizes[level] <= 1.01 * min(sizes[:level]), (level + 1, sizes)


@pytest.mark.parametrize("seed", range(6))
def test_more_level_takes_no_more_bytes_of_few_numbers_far_apart(seed):
    """Which low bits are noise: none of those that tell one of twelve numbers from another."""
    random = np.random.default_rng(seed)
    numbers = random.integers(0, 1_000_000, 12)
    table = numbers[random.integers(0, 12, (20_000, 4))].astype(np.float32)
    sizes = [len(aezip.compress(table, rel=1e-3, level=level)) for level in (1, 3, 6)]
    assert sizes[1] <= 1.01 * sizes[0] and sizes[2] <= 1.01 * min(sizes[:2]), sizes


@pytest.mark.parametrize("level", [2, 6])
def test_fields_are_kept_as_they_are_where_codes_would_take_more(level):
    """Bytes that are often the least or the largest: far from the mean codes are classes of raw bits."""
    random = np.random.default_rng(35)
    shared = 90 * random.normal(size=(12_000, 1))
    records = np.clip(np.rint(100 + shared + 160 * random.normal(size=(12_000, 100))), 0, 255).astype("u1")
    blob = aezip.compress(records, rel=1e-3, level=level)
    with aezip.open(blob) as opened:
        assert all(field["coding"] == "byte planes" for field in opened.info["fields"])
        assert (opened[:] == records).all()
    assert len(blob) < 0.88 * len(aezip.compress(records, rel=1e-3, level=1))  # 1.0 as codes


def test_neighbours_are_put_in_an_order_that_tells_more():
    """Level 4 reckons whether another order of columns pays, level 3 takes that of the layout."""
    records = smooth_field(20_000)
    plain, ordered = (len(aezip.compress(records, rel=0.1, level=level)) for level in (3, 4))
    assert ordered < 0.65 * plain  # 0.78 in the order of the layout
    assert np.all(
        np.abs(aezip.decompress(aezip.compress(records, rel=0.1, level=6)).astype("f8") - records)
        <= 0.1 * np.ptp(records.astype("f8"), axis=0)
    )
