"""Containers that a model predicts, and files of latents alone, from the shell."""

import json

import numpy as np
import pytest

from conftest import FIXTURES

MAST = FIXTURES / "met_mast.csv"


def curved(count, seed=1):
    maps, random = np.random.default_rng(4), np.random.default_rng(seed)
    t = random.uniform(-1, 1, (count, 2))
    flat = np.tanh(2 * t @ maps.normal(size=(2, 16))) @ maps.normal(size=(16, 12)) / 4
    return (flat + 0.002 * random.normal(size=flat.shape)).astype("f4")


@pytest.fixture
def model(aezip):
    np.save(aezip / "t.npy", curved(4000))
    aezip("train", "t.npy", "-o", "m.aezm", "--latents", 2, "--hidden", "24", "--epochs", 40, "--rel", 1e-2)
    return json.loads(aezip("info", "m.aezm", "--json").stdout)


def test_a_container_names_its_model_by_digest_or_holds_it(aezip, model):
    done = aezip("compress", "t.npy", "--rel", 1e-2, "--model", "m.aezm")
    assert "note" not in done.error
    aezip("compress", "t.npy", "--rel", 1e-2, "--model", "m.aezm", "--embed-model", "-o", "e.aez")
    named, held = (aezip / "t.npy.aez").stat().st_size, (aezip / "e.aez").stat().st_size
    assert held > named + 1000
    aezip("decompress", "t.npy.aez", "-o", "a.npy", "--model", "m.aezm")
    aezip("decompress", "e.aez", "-o", "b.npy")
    a, b, t = (np.load(aezip / name) for name in ("a.npy", "b.npy", "t.npy"))
    assert np.array_equal(a, b)
    assert np.all(np.abs(a.astype("f8") - t) <= 1e-2 * np.ptp(t.astype("f8"), axis=0))
    aezip("decompress", "t.npy.aez", "-o", "c.npy", "--records", "100:130", "--fields", "3,1", "--model", "m.aezm")
    assert np.array_equal(np.load(aezip / "c.npy"), a[100:130][:, [3, 1]])
    aezip("verify", "t.npy.aez", "--against", "t.npy", "--model", "m.aezm")
    found = aezip("search", "t.npy.aez", "--query", "t.npy", "-k", 1, "--model", "m.aezm", "-o", "-").stdout
    assert found.count(b"\n") == 4001


def test_without_the_model_or_with_another_the_digest_is_told(aezip, model):
    aezip("compress", "t.npy", "--rel", 1e-2, "--model", "m.aezm")
    aezip("train", "t.npy", "-o", "other.aezm", "--kind", "linear", "--latents", 2)
    for arguments in (
        ["decompress", "t.npy.aez", "-o", "x.npy"],
        ["decompress", "t.npy.aez", "-o", "x.npy", "--model", "other.aezm"],
        ["verify", "t.npy.aez"],
    ):
        assert model["digest"] in aezip.fails(65, *arguments)


def test_info_tells_of_the_model(aezip, model):
    aezip("compress", "t.npy", "--rel", 1e-2, "--model", "m.aezm")
    shown = aezip("info", "t.npy.aez").stdout.decode()
    assert f"model deep, 2 latents, in another file, digest {model['digest']}" in shown
    assert "bits a record" in shown and "learned from" in shown
    told = json.loads(aezip("info", "t.npy.aez", "--json").stdout)["model"]
    assert told["embedded"] is False and told["digest"] == model["digest"]
    aezip("compress", "t.npy", "--rel", 1e-2, "--model", "m.aezm", "--embed-model", "--force")
    assert f"bytes, digest {model['digest']}" in aezip("info", "t.npy.aez").stdout.decode()


def test_drift_is_noted(aezip, model):
    np.save(aezip / "u.npy", curved(3000)[:, ::-1])
    done = aezip("compress", "u.npy", "--rel", 1e-2, "--model", "m.aezm")
    assert "aezip: note: u.npy: the model predicts these records worse" in done.error
    aezip("decompress", "u.npy.aez", "-o", "v.npy", "--model", "m.aezm")
    u, v = np.load(aezip / "u.npy"), np.load(aezip / "v.npy")
    assert np.all(np.abs(u.astype("f8") - v) <= 1e-2 * np.ptp(u.astype("f8"), axis=0))


def test_a_csv_is_predicted_by_a_model_of_its_numbers(aezip):
    aezip("train", MAST, "-o", "m.aezm", "--kind", "linear", "--latents", 6)
    aezip("compress", MAST, "-o", "m.aez", "--rel", 1e-2, "--model", "m.aezm", "--latents", 6)
    aezip("verify", "m.aez", "--against", MAST, "--model", "m.aezm")


def test_latents_alone_and_mean_errors(aezip, model):
    t = np.load(aezip / "t.npy").astype("f8")
    aezip("compress", "t.npy", "--latents", 4, "-o", "l.aez")
    aezip("decompress", "l.aez", "-o", "l.npy")
    told = json.loads(aezip("info", "l.aez", "--json").stdout)
    errors = np.abs(np.load(aezip / "l.npy") - t)
    for index, field in enumerate(told["fields"]):
        assert field["bound"] == "free" and field["absolute_bound"] is None
        assert field["largest_error"] == pytest.approx(errors[:, index].max(), rel=1e-5)
    assert "none" in aezip("info", "l.aez").stdout.decode()
    aezip("verify", "l.aez", "--against", "t.npy")
    for wanted in (0.2, 0.01):
        aezip("compress", "t.npy", "--nrmse", wanted, "-o", "n.aez", "--force")
        aezip("decompress", "n.aez", "-o", "n.npy", "--force")
        share = ((np.load(aezip / "n.npy") - t) ** 2).mean(axis=0) / t.var(axis=0)
        assert np.sqrt(share.mean()) == pytest.approx(wanted, rel=0.05)


def test_latents_alone_of_a_csv(aezip):
    aezip("compress", MAST, "-o", "m.aez", "--latents", 5)
    aezip("decompress", "m.aez", "-o", "m.csv")
    assert (aezip / "m.csv").read_text().count("\n") == 4001
    aezip("verify", "m.aez", "--against", MAST)


def test_wrong_arguments_are_refused(aezip, model):
    for arguments in (
        ["--rel", 1e-2, "--embed-model"], ["--nrmse", 2], ["--nrmse", 0.1, "--rel", 0.1],
        ["--latents", 0], ["--rel", 0.1, "--model", "m.aezm", "--latents", 3],
    ):  # fmt: skip
        aezip.fails(64, "compress", "t.npy", *arguments)
    aezip.fails(65, "compress", "t.npy", "--rel", 0.1, "--model", "t.npy")
    aezip.fails(66, "compress", "t.npy", "--rel", 0.1, "--model", "none.aezm")
    np.save(aezip / "few.npy", curved(50)[:, :3])
    assert "model's field 0 of 12" in aezip.fails(65, "compress", "few.npy", "--rel", 0.1, "--model", "m.aezm")
