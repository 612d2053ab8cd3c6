"""What ``info`` says of each field adds up to the file, and is what a field of its kind must cost."""

import aezip
import numpy as np
import tables


def explained(records, **how):
    blob = aezip.compress(records, **how)
    with aezip.open(blob) as opened:
        return opened.info, len(blob)


def table(count: int) -> np.ndarray:
    random = np.random.default_rng(1)
    walk = np.cumsum(random.normal(size=count))
    fields = [walk, 2 * walk + random.normal(size=count), random.normal(size=count)]
    fields += [np.full(count, 3.0), np.where(random.random(count) < 0.01, np.nan, walk)]
    fields += [random.integers(0, 2**63, count)]
    return tables.structured(fields)


def test_the_parts_of_a_chunk_add_up_to_it():
    for how in ({"abs": 0.05}, {"abs": 0.05, "latents": 2}, {"exact": True}):
        info, _ = explained(table(20_000), **how)
        chunk, fields = info["first_chunk"], info["fields"]
        bits = sum(field["bits_per_value"] for field in fields + chunk["latents"])
        told = bits * chunk["records"] / 8 + chunk["header_bytes"]
        assert abs(told - info["sections"]["chunks"]["bytes"]) < 0.01 * told + 100
        plans = sum(field["plan_bytes"] for field in fields + chunk["latents"])
        assert plans < chunk["header_bytes"]


def test_each_field_is_told_apart():
    info, _ = explained(table(20_000), abs=0.05, level=9)
    walk, follower, noise, constant, missing, whole = info["fields"]
    # Normal steps of deviation 1, in codes of 0.1: log2(sqrt(2 pi e) / 0.1) = 5.37 bits.
    for field in (walk, noise):
        assert 5.3 < field["bits_per_value"] < 5.5
    assert walk["bits_alone"] > walk["bits_per_value"] + 4 and walk["regressors"] >= 1
    assert abs(noise["bits_alone"] - noise["bits_per_value"]) < 0.1
    assert follower["bits_per_value"] < 5.5 and "predicted from" in follower["coding"]
    assert constant["coding"] == "constant" and constant["bits_per_value"] == 0
    assert 100 < missing["exceptions"] < 300
    assert "byte planes" in whole["coding"] and 62 < whole["bits_per_value"] < 64
    assert "bits_alone" not in whole


def test_repeated_records_are_counted():
    records = np.random.default_rng(2).normal(size=(500, 3))
    info, _ = explained(np.concatenate([records, records]), abs=1e-3)
    chunk = info["first_chunk"]
    assert (chunk["records"], chunk["repeated_records"]) == (1000, 500)
    assert 0 < chunk["repeat_bytes"] < 1000


def test_no_records_have_no_explanation():
    info, _ = explained(np.empty((0, 2)), abs=0.1)
    assert "first_chunk" not in info and "coding" not in info["fields"][0]
