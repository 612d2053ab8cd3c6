"""What must not mislead the planner, which sees a sample of the records."""

import aezip
import numpy as np
import pytest


@pytest.mark.parametrize(("level", "most"), [(1, 1.25), (3, 1.2), (6, 1.1)])
def test_outliers_do_not_decide_how_all_others_are_predicted(level, most):
    """One record in a hundred lies far off, where the fields do not depend on each other. By the least
    squares of all records nothing would predict the second field."""
    random = np.random.default_rng(3)
    first = 50 * random.normal(size=20_000)
    records = np.stack([first, first + random.normal(size=20_000)], axis=1)
    far = records.copy()
    off = random.random(20_000) < 0.01
    far[off] = random.uniform(-5000, 5000, (off.sum(), 2))
    sizes = [len(aezip.compress(table, abs=0.5, level=level)) for table in (records, far)]
    assert sizes[1] < most * sizes[0]
    restored = aezip.decompress(aezip.compress(far, abs=0.5, level=level))
    assert np.abs(restored - far).max() <= 0.5


@pytest.mark.parametrize("level", [2, 6])
def test_most_records_decide_coefficients_not_those_that_are_farthest_off(level):
    """One record in ten follows another law; nothing tells which. The bits of a number that says which law it
    is, and of what it leaves, normal of deviation 0.05 in steps of 0.04 or about 13, are 3.64; least squares of
    all records lie between the laws: 6.6 bits."""
    random = np.random.default_rng(41)
    count = 20_000
    x = 10 * random.normal(size=(count, 2))
    slope = np.where(random.random(count) < 0.1, -0.5, 0.8)
    y = slope * x[:, 0] + 0.3 * x[:, 1] + 0.05 * random.normal(size=count)
    sizes = [len(aezip.compress(table, abs=0.02, level=level)) for table in (x, np.column_stack([x, y]))]
    assert 8 * (sizes[1] - sizes[0]) < 4.0 * count


@pytest.mark.parametrize(
    ("level", "periodic", "has_repeats"),
    [(3, 1500, False), (3, 6000, True), (6, 6000, True), (6, 40_000, True)],
)
def test_codes_lie_in_the_order_of_records_where_repeats_pay(level, periodic, has_repeats):
    """Noise of changing size, which classes tell, but for stretches at the beginning and in the middle
    that repeat 37 numbers: where samples lie."""
    random = np.random.default_rng(3)
    count = 40_000
    numbers = random.normal(size=count) * np.repeat(random.integers(1, 40, count // 50), 50)
    stretch = np.resize(random.integers(0, 7, 37), periodic)
    numbers[:periodic] = stretch
    middle = max(0, (count - periodic) // 2)
    numbers[middle : middle + periodic] = stretch
    records = np.stack([np.rint(numbers), random.integers(0, 5, count)], axis=1).astype("i4")
    blob = aezip.compress(records, abs=0, level=level)
    with aezip.open(blob) as opened:
        assert ("repeats" in opened.info["fields"][0]["coding"]) == has_repeats
        assert (opened[:] == records).all()
