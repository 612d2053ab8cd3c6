"""Latents are read, and records found by them, straight from a container."""

import time

import aezip
import numpy as np
import pytest

RANDOM = np.random.default_rng(71)
PLANE = RANDOM.normal(size=(5000, 3)) @ RANDOM.normal(size=(3, 12)) * 5
RECORDS = (PLANE + 0.01 * RANDOM.normal(size=PLANE.shape)).astype("f4")
BOUND = 0.05
BLOB = aezip.compress(RECORDS, abs=BOUND, latents=3, chunk_records=700)


def test_latents_are_those_of_the_records_within_half_a_code():
    with aezip.open(BLOB) as container:
        assert container.latent_count == 3
        latents = container.latents()
        assert latents.shape == (5000, 3) and latents.dtype == np.float32
        # Latents are in units of twice the bound, rounded to integers of them.
        assert np.abs(latents - container.encode(RECORDS)).max() <= 0.5 + 1e-2
        assert np.array_equal(container.latents(650, 1500), latents[650:1500])
        assert container.latents(3, 3).shape == (0, 3)


def test_latents_do_not_depend_on_threads():
    with aezip.open(BLOB, threads=1) as one, aezip.open(BLOB, threads=3) as three:
        assert np.array_equal(one.latents(), three.latents())
        for a, b in zip(one.search(RECORDS[:50], 7), three.search(RECORDS[:50], 7)):
            assert np.array_equal(a, b)


def test_search_finds_what_an_exact_search_of_the_latents_finds():
    with aezip.open(BLOB) as container:
        latents, queries = container.latents(), container.encode(RECORDS[:40] + 1)
    found, distances = aezip.search(BLOB, RECORDS[:40] + 1, 9)
    exact = np.sqrt(((queries[:, None].astype("f8") - latents[None]) ** 2).sum(axis=2))
    order = np.argsort(exact, axis=1, kind="stable")[:, :9]
    assert np.allclose(distances, np.take_along_axis(exact, order, 1), rtol=1e-5)
    assert np.mean(found == order) > 0.99  # but for ties
    assert np.allclose(np.take_along_axis(exact, found, 1), distances, rtol=1e-5)


def test_nearest_records_by_latents_are_nearest_in_truth():
    found, _ = aezip.search(BLOB, RECORDS[:100], 10)
    truth = ((RECORDS[:100, None].astype("f8") - RECORDS[None]) ** 2).sum(axis=2)
    best = np.argsort(truth, axis=1)[:, :10]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, best)])
    assert recall >= 0.9, recall
    assert (found[:, 0] == np.arange(100)).mean() > 0.95


def test_one_record_is_searched_for_without_an_axis():
    with aezip.open(BLOB) as container:
        found, distances = container.search(RECORDS[17], 3)
        assert container.encode(RECORDS[17]).shape == (3,)
    assert found.shape == distances.shape == (3,) and found[0] == 17


def test_there_are_no_more_records_than_there_are():
    found, distances = aezip.search(BLOB, RECORDS[0], 5002)
    assert (found[5000:] == -1).all() and np.isinf(distances[5000:]).all()
    assert sorted(found[:5000]) == list(range(5000))


def test_a_chunk_in_which_nothing_varies_is_found_too():
    records = np.concatenate([RECORDS[:1000], np.repeat(RECORDS[5:6], 300, axis=0)])
    blob = aezip.compress(records, abs=BOUND, latents=3, chunk_records=1000)
    with aezip.open(blob) as container:
        latents = container.latents()
        assert np.abs(latents - container.encode(records)).max() <= 1.5
    found, _ = aezip.search(blob, records[1100], 400)
    assert {5, *range(1000, 1300)} <= set(found)


def test_structured_records_and_missing_values():
    records = np.zeros(3000, [("a", "f8"), ("b", "f4"), ("c", "i2"), ("kind", "u1")])
    records["a"] = np.linspace(0, 10, 3000)
    records["b"], records["c"] = 3 * records["a"], 100 * records["a"]
    records["b"][::50] = np.nan
    blob = aezip.compress(records, abs={"a": 0.01, "b": 0.01, "c": 1}, latents=1)
    found, _ = aezip.search(blob, records[[501, 2001]], 5)
    assert np.abs(found - [[501], [2001]]).max() < 40
    with pytest.raises(aezip.InvalidArgumentError, match="the container's are"):
        aezip.search(blob, RECORDS[:3])


def test_what_cannot_be_searched_is_refused():
    plain = aezip.compress(RECORDS, abs=BOUND, latents=0)
    with aezip.open(plain) as container:
        assert container.latent_count == 0
        for refused in (container.latents, lambda: container.encode(RECORDS)):
            with pytest.raises(aezip.ModelMismatchError, match="no latents"):
                refused()
    with pytest.raises(aezip.ModelMismatchError):
        aezip.search(plain, RECORDS[:2])
    with pytest.raises(aezip.InvalidArgumentError, match="k is 0"):
        aezip.search(BLOB, RECORDS[:2], 0)
    with pytest.raises(aezip.InvalidArgumentError, match="the container's are"):
        aezip.search(BLOB, RECORDS[:, :5])


def test_reading_latents_takes_less_time_than_restoring_records():
    wide = (RANDOM.normal(size=(60000, 2)) @ RANDOM.normal(size=(2, 40))).astype("f4")
    wide += 0.05 * RANDOM.normal(size=wide.shape).astype("f4")
    blob = aezip.compress(wide, abs=1e-3, latents=2, level=1)
    with aezip.open(blob, threads=1) as container:
        latents = min(_seconds(container.latents) for _ in range(15))
        records = min(_seconds(container.read) for _ in range(15))
    print(f"latents {latents:.4f} s, records {records:.4f} s")
    # Streams that latents share with corrections are unpacked, nothing is predicted or restored.
    assert latents < 0.75 * records


def _seconds(work):
    begin = time.thread_time()
    work()
    return time.thread_time() - begin
