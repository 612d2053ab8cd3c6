"""Records that repeat earlier ones are stored as references, and restored like all others."""

import aezip
import numpy as np
import pytest
import tables


def table(share: float, count: int = 6000, seed: int = 0) -> np.ndarray:
    """Records of every kind of field, of which a share repeats an earlier one."""
    random = np.random.default_rng(seed)
    values = np.cumsum(random.normal(size=(count, 6)), axis=0)
    fields = [*values.T[:3], values[:, 3].astype("f4"), np.rint(values[:, 4] * 9).astype("i4")]
    fields += [random.integers(-(2**60), 2**60, count), random.integers(0, 256, count).astype("u1")]
    fields[1] = np.where(random.random(count) < 0.03, np.nan, fields[1])
    fields[2] = np.where(random.random(count) < 0.01, -np.inf, fields[2])
    repeats = random.random(count) < share
    order = np.where(repeats, random.integers(0, np.arange(count) + 1), np.arange(count))
    return tables.structured(fields)[order]


@pytest.mark.parametrize("how", [{"rel": 1e-3}, {"abs": 0.01}, {"exact": True}])
def test_repeated_records_cost_little_more_than_references(how):
    records = table(0.7)
    unique = np.unique(records.view(f"V{records.itemsize}"), return_index=True)[1]
    alone = len(aezip.compress(records[np.sort(unique)], **how))
    repeats = len(records) - len(unique)
    # A reference names one of the records before it: two bytes, and its bit in the mask.
    assert len(aezip.compress(records, **how)) < alone + repeats * 2 + len(records) // 8 + 200


@pytest.mark.parametrize("level", [1, 6])
@pytest.mark.parametrize("chunk_records", [0, 1000])
def test_they_are_restored_within_their_bounds(level, chunk_records):
    records = table(0.5)
    blob = aezip.compress(records, rel=1e-3, level=level, chunk_records=chunk_records)
    back = aezip.decompress(blob)
    with aezip.open(blob) as opened:
        opened.verify()
        for name, told in zip(records.dtype.names, opened.fields):
            values, restored = records[name], back[name]
            odd = ~np.isfinite(values.astype("f8"))
            assert (values[odd].tobytes()) == restored[odd].tobytes()
            errors = np.abs(values[~odd].astype("f8") - restored[~odd].astype("f8"))
            assert errors.max() <= told.absolute_bound
            if values.dtype.itemsize < 8 or values.dtype.kind == "f":
                assert errors.max() <= told.largest_error * (1 + 1e-9)
                rmse = np.sqrt(np.sum(errors**2) / np.sum(~np.isnan(values.astype("f8"))))
                assert rmse <= told.rmse <= rmse * 1.01 + 2e-5 * told.absolute_bound
            assert told.missing == np.isnan(values.astype("f8")).sum()
            assert told.minimum == values[~odd].min() and told.maximum == values[~odd].max()


def test_ranges_and_fields_are_those_of_all_records():
    records = table(0.6)
    with aezip.open(aezip.compress(records, rel=1e-2, chunk_records=2500)) as opened:
        whole = opened[:]
        random = np.random.default_rng(3)
        for _ in range(40):
            first, last = np.sort(random.integers(0, len(records) + 1, 2))
            assert opened[int(first) : int(last)].tobytes() == whole[first:last].tobytes()
        assert opened["x3"].tobytes() == whole["x3"].tobytes()


def test_latents_are_those_of_all_records():
    random = np.random.default_rng(4)
    hidden = random.normal(size=(4000, 2)) * 20
    records = hidden @ random.normal(size=(2, 8)) + random.normal(size=(4000, 8)) / 9
    order = np.where(random.random(4000) < 0.7, random.integers(0, 4000, 4000), np.arange(4000))
    with aezip.open(aezip.compress(records[order], abs=0.5, latents=2)) as opened:
        latents = opened.latents()
        assert latents.shape == (4000, 2)
        assert np.allclose(latents[100:200], opened.latents(100, 200))
        first = {source: place for place, source in reversed(list(enumerate(order)))}
        for place in range(0, 4000, 37):
            assert (latents[place] == latents[first[order[place]]]).all()


def test_bytes_between_fields_do_not_hide_repeats():
    layout = {"names": ["a", "b"], "formats": ["f8", "i2"], "offsets": [0, 10], "itemsize": 16}
    random = np.random.default_rng(5)
    raw = random.integers(0, 256, (3000, 16)).astype("u1")
    records = raw.view(np.dtype(layout)).reshape(-1)
    values = random.normal(size=200)
    kind = random.integers(0, 200, 3000)
    records["a"], records["b"] = values[kind], kind * 7
    blob = aezip.compress(records, exact=True)
    assert len(blob) < 200 * 10 + 3000 * 1.2 + 500
    back = aezip.decompress(blob)
    assert (back["a"] == records["a"]).all() and (back["b"] == records["b"]).all()


def noisy(noise: float, count: int = 20_000, width: int = 24) -> np.ndarray:
    """Normal records, 70 percent of which repeat an earlier one but for noise, as a share of the
    bound 1e-2 of the range."""
    random = np.random.default_rng(6)
    values = random.normal(size=(count, width))
    order = np.where(
        random.random(count) < 0.7, random.integers(0, np.arange(count) + 1), np.arange(count)
    )
    bounds = 1e-2 * np.ptp(values, axis=0)
    return values[order] + random.normal(size=(count, width)) * noise * bounds


@pytest.mark.parametrize("noise", [0.001, 0.01])
def test_records_that_are_near_an_earlier_one_cost_little_more_than_the_same(noise):
    same = len(aezip.compress(noisy(0), rel=1e-2))
    assert len(aezip.compress(noisy(noise), rel=1e-2)) < 1.03 * same
    # Where records differ by as much as their bounds, they do not repeat.
    assert len(aezip.compress(noisy(1), rel=1e-2)) > 1.4 * same


def test_near_records_keep_their_bounds_and_statistics():
    random = np.random.default_rng(7)
    values = noisy(0.01, count=6000)
    fields = [*values.T[:20], values[:, 20].astype("f4"), np.rint(values[:, 21] * 1e4).astype("i4")]
    fields += [np.rint(values[:, 22] * 9).astype("i8"), np.rint(values[:, 23] * 5 + 90).astype("u1")]
    fields[1][random.random(6000) < 0.01] = np.nan
    fields[2][random.random(6000) < 0.01] = -0.0
    fields[3][random.random(6000) < 0.01] = np.inf
    records = tables.structured(fields)
    bounds = {name: 1e-2 * float(np.ptp(v[np.isfinite(v)])) for name in records.dtype.names
              for v in [records[name].astype("f8")]}  # fmt: skip
    for chunk_records in (0, 5000):
        blob = aezip.compress(records, abs=bounds, chunk_records=chunk_records)
        back = aezip.decompress(blob)
        with aezip.open(blob) as opened:
            opened.verify()
            assert opened.info["first_chunk"]["repeated_records"] > 1500
            for name, told in zip(records.dtype.names, opened.fields):
                x, y = records[name].astype("f8"), back[name].astype("f8")
                odd = ~np.isfinite(x) | (np.signbit(x) & (x == 0))
                assert records[name][odd].tobytes() == back[name][odd].tobytes()
                fine = np.isfinite(x)
                error = np.abs(x[fine] - y[fine])
                assert error.max() <= bounds[name] and error.max() <= told.largest_error
                rmse = np.sqrt(np.sum(error**2) / np.sum(~np.isnan(x)))
                assert rmse <= told.rmse * (1 + 1e-6)
                assert (told.minimum, told.maximum) == (x[fine].min(), x[fine].max())
