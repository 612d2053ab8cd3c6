"""From level 7 on columns may come in an order of their own, where that takes fewer bytes."""

import aezip
import numpy as np
import tables


def table(count: int = 20_000, seed: int = 0) -> np.ndarray:
    """A class before the value that it follows from. The value tells the class; the class tells of the
    value only in which of many stripes it lies, which no tree is large enough for."""
    random = np.random.default_rng(seed)
    value = random.normal(size=count)
    fields = [np.floor(value * 3) % 4, random.integers(0, 3, count), value.astype("f4")]
    fields += [np.where(random.random(count) < 0.01, np.nan, value / 2 + random.normal(size=count))]
    return tables.structured(fields)


def test_a_class_costs_little_behind_the_value_that_it_follows_from():
    records = table()
    # Four classes of like size take 2 bits.
    sizes = [len(aezip.compress(records, rel=1e-3, level=level)) for level in (6, 7)]
    assert 8 * (sizes[0] - sizes[1]) > 0.7 * 2 * len(records)
    with aezip.open(aezip.compress(records, rel=1e-3, level=7)) as opened:
        told = opened.info["fields"]
    # Fields are told by their numbers in the layout.
    assert "tree of 2" in told[0]["coding"] and told[0]["bits_per_value"] < 0.6


def test_records_fields_and_ranges_are_those_of_the_layout():
    records = table(5000, seed=1)
    for how in ({"rel": 1e-2}, {"rel": 1e-3, "chunk_records": 1200}, {"rel": 1e-8}):
        with aezip.open(aezip.compress(records, level=7, **how)) as opened:
            opened.verify()
            whole = opened[:]
            for name, told in zip(records.dtype.names, opened.fields):
                x, y = records[name].astype("f8"), whole[name].astype("f8")
                fine = np.isfinite(x)
                assert np.abs(x[fine] - y[fine]).max() <= told.absolute_bound
                assert (np.isnan(x) == np.isnan(y)).all()
                assert (told.minimum, told.maximum) == (x[fine].min(), x[fine].max())
                assert opened[name].tobytes() == whole[name].tobytes()
            assert opened[700:1500].tobytes() == whole[700:1500].tobytes()
