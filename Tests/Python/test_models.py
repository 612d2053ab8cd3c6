"""Models: every kind trains, is the same from one seed, and does what it says."""

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import aezip
import numpy as np
import pytest
from processes import printed_by_instruction_set

KINDS = ["linear", "deep", "sparse", "denoising", "contractive", "variational"]
RANDOM = np.random.default_rng(20)
HIDDEN = RANDOM.uniform(-1, 1, (1500, 2))
RECORDS = np.tanh(2 * HIDDEN @ RANDOM.normal(size=(2, 12))) @ RANDOM.normal(size=(12, 7))
RECORDS = (5 + RECORDS + 0.01 * RANDOM.normal(size=RECORDS.shape)).astype("f4")
LINEAR = aezip.train(RECORDS, kind="linear", latents=3)


def components(records, count):
    """Principal components of standardized records, by numpy: mean, scale, axes."""
    records = records.astype("f8")
    mean, scale = records.mean(axis=0), records.std(axis=0)
    _, _, axes = np.linalg.svd((records - mean) / scale, full_matrices=False)
    return mean, scale, axes[:count]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_does_everything_and_depends_on_the_seed_alone(kind):
    knobs = {"kind": kind, "latents": 3, "epochs": 15, "hidden": None}
    seen = []
    model = aezip.train(RECORDS, threads=1, progress=seen.append, **knobs)
    again = aezip.train(RECORDS, threads=2, **knobs)
    assert bytes(model) == bytes(again) and model.digest == again.digest
    assert (model.kind, model.latent_count, model.field_count) == (kind, 3, 7)
    assert model.dtype == np.float32 and model.tail == (7,)
    if kind == "linear":
        assert not seen and len(model.history) == 0
    else:
        assert [step.epoch for step in seen] == list(range(1, 16)) and seen[0].epoch_count == 15
        assert model.history.shape == (15, 2)
        assert np.allclose(model.history[:, 0], [s.train_loss for s in seen], rtol=1e-6)
        assert np.isfinite(model.history).all()
        assert aezip.train(RECORDS, seed=1, **knobs).digest != model.digest
    latents = model.encode(RECORDS)
    assert latents.shape == (1500, 3) and latents.dtype == np.float32
    assert np.array_equal(latents, model.encode(RECORDS, threads=2))
    decoded = model.decode(latents)
    assert decoded.shape == RECORDS.shape and decoded.dtype == np.float32
    assert np.allclose(decoded, model.reconstruct(RECORDS), atol=1e-4)
    scores, fields = model.score(RECORDS, per_field=True)
    expected = ((decoded - RECORDS) / RECORDS.std(axis=0)) ** 2
    assert np.allclose(scores, expected.mean(axis=1), rtol=0.2, atol=1e-3)
    assert np.allclose(fields, expected.mean(axis=0), rtol=0.2, atol=1e-3)
    assert np.isclose(scores.mean(), fields.mean())
    loaded = aezip.load(bytes(model))
    assert np.array_equal(loaded.encode(RECORDS), latents) and loaded.digest == model.digest
    assert loaded.info["kind"] == kind and loaded.info.keys() == model.info.keys()
    assert np.allclose(loaded.history, model.history, rtol=1e-6, equal_nan=True)


def test_the_linear_kind_is_principal_components():
    mean, scale, axes = components(RECORDS, 3)
    expected = ((RECORDS - mean) / scale) @ axes.T
    latents = LINEAR.encode(RECORDS).astype("f8")
    # The same space: each explains the other but for the rounding of weights.
    found, *_ = np.linalg.lstsq(latents, expected, rcond=None)
    assert np.abs(latents @ found - expected).max() < 0.05
    error = (((expected @ axes) * scale + mean - RECORDS) / scale) ** 2
    assert np.isclose(LINEAR.score(RECORDS).mean(), error.mean(), rtol=0.02)


def test_a_deep_model_follows_a_curve_that_components_cannot():
    deep = aezip.train(RECORDS, kind="deep", latents=2, epochs=150, seed=3)
    linear = aezip.train(RECORDS, kind="linear", latents=2)
    assert deep.score(RECORDS).mean() < 0.5 * linear.score(RECORDS).mean()


def test_structured_records_of_any_types_are_taken_by_name():
    records = np.zeros(1500, [("a", ">f8"), ("n", [("b", "i2"), ("c", "u1")]), ("d", "f4", (2,))])
    records["a"] = RECORDS[:, 0]
    records["n"]["b"], records["n"]["c"] = 100 * RECORDS[:, 1], 10 + RECORDS[:, 2]
    records["d"] = RECORDS[:, 3:5]
    model = aezip.train(records, kind="linear", latents=3)
    assert model.field_names == ["a", "n.b", "n.c", "d[0]", "d[1]"]
    back = model.decode(model.encode(records))
    assert back.dtype == records.dtype and np.abs(back["a"] - records["a"]).max() < 4
    plain = np.stack(
        [records["a"], records["n"]["b"], records["n"]["c"], records["d"][:, 0], records["d"][:, 1]],
        axis=1,
    )
    assert np.allclose(model.encode(plain), model.encode(records), atol=1e-3)
    other = plain.astype("f4").view([(name, "f4") for name in "abcde"])[:, 0]
    with pytest.raises(aezip.ModelMismatchError, match="field 1"):
        model.encode(other)
    with pytest.raises(aezip.ModelMismatchError, match="5 fields"):
        model.encode(RECORDS)
    assert model.decode(model.encode(records), dtype="f4").shape == (1500, 5)


def test_missing_values_take_no_part():
    gaps = RECORDS.copy()
    holes = np.random.default_rng(1).random(gaps.shape) < 0.1
    gaps[holes] = np.nan
    model = aezip.train(gaps, kind="linear", latents=3)
    assert np.isfinite(model.encode(gaps)).all() and np.isfinite(model.score(gaps)).all()
    filled = model.reconstruct(gaps, only_missing=True, iterations=20)
    assert np.array_equal(filled[~holes], gaps[~holes]) and np.isfinite(filled).all()
    error = np.sqrt(np.mean(((filled - RECORDS) / RECORDS.std(axis=0))[holes] ** 2))
    assert error < 0.8
    nothing = np.full((2, 7), np.nan, "f4")
    assert np.isnan(model.score(nothing)).all()
    assert np.allclose(model.reconstruct(nothing), np.nanmean(gaps, axis=0), atol=0.2)


def test_bounds_weight_the_fields():
    records = np.random.default_rng(4).normal(size=(1000, 4)).astype("f4")
    model = aezip.train(records, kind="linear", latents=2, abs=[1e-3, 1e-3, 10, 10])
    back = model.decode(model.encode(records))
    error = np.abs(back - records).mean(axis=0)
    assert error[:2].max() < 0.01 and error[2:].min() > 0.2
    relative = aezip.train(records, kind="linear", latents=2, rel=[1e-4, 1e-4, 1, 1])
    back = relative.decode(relative.encode(records))
    assert np.abs(back - records).mean(axis=0)[:2].max() < 0.01
    with pytest.raises(aezip.InvalidArgumentError, match="rel="):
        aezip.train(records, kind="linear", rel=0.1, abs=0.1)


def test_a_variational_model_draws_new_records():
    model = aezip.train(RECORDS, kind="variational", latents=2, epochs=100, beta=0.01)
    drawn = model.sample(4000, seed=5)
    assert drawn.shape == (4000, 7) and drawn.dtype == np.float32
    assert np.array_equal(drawn, model.sample(4000, seed=5))
    assert not np.array_equal(drawn, model.sample(4000, seed=6))
    spread = RECORDS.std(axis=0)
    assert (np.abs(drawn.mean(axis=0) - RECORDS.mean(axis=0)) < 0.5 * spread).all()
    assert (drawn.std(axis=0) > 0.4 * spread).all() and (drawn.std(axis=0) < 2 * spread).all()
    with pytest.raises(aezip.InvalidArgumentError, match="variational"):
        LINEAR.sample(3)


def test_recommendations_are_the_unseen_fields_expected_most():
    random = np.random.default_rng(8)
    taste = random.integers(0, 3, 900)
    baskets = (random.random((900, 12)) < np.where(np.arange(12) // 4 == taste[:, None], 0.7, 0.02))
    baskets = baskets.astype("u1")
    model = aezip.train(baskets, kind="linear", latents=3)
    fields, values = model.recommend(baskets, 4, scores=True)
    expected = model.decode(model.encode(baskets), dtype="f8")
    for basket, found, value, row in zip(baskets, fields, values, expected):
        unseen = np.flatnonzero(basket == 0)
        order = unseen[np.argsort(-row[unseen], kind="stable")][:4]
        assert np.allclose(value[: len(order)], row[order], atol=1e-4)
        assert (basket[found] == 0).all()
    full = np.ones((1, 12), "u1")
    assert (model.recommend(full, 3) == -1).all()
    assert np.isnan(model.recommend(full, 3, scores=True)[1]).all()


def test_models_are_saved_loaded_and_pickled(tmp_path):
    LINEAR.save(tmp_path / "m.aezm")
    assert list(tmp_path.iterdir()) == [tmp_path / "m.aezm"]
    data = (tmp_path / "m.aezm").read_bytes()
    assert data == bytes(LINEAR)
    buffer = io.BytesIO()
    LINEAR.save(buffer)
    assert buffer.getvalue() == data
    buffer.seek(0)
    with open(tmp_path / "m.aezm", "rb") as file:
        for source in (tmp_path / "m.aezm", str(tmp_path / "m.aezm"), data, buffer, file):
            assert aezip.load(source).digest == LINEAR.digest
    records = RECORDS.astype(">f8").view([("x", ">f8", (7,))])[:, 0]
    model = aezip.train(records, kind="linear", latents=2)
    again = pickle.loads(pickle.dumps(model))
    assert again.dtype == model.dtype
    assert np.array_equal(again.decode(again.encode(records)), model.decode(model.encode(records)))
    assert "linear, 7 fields, 3 latents" in repr(LINEAR)


def test_damaged_models_are_refused():
    data = bytes(LINEAR)
    with pytest.raises(aezip.NotAContainerError):
        aezip.load(b"something else")
    with pytest.raises(aezip.ModelMismatchError, match="container of records"):
        aezip.load(aezip.compress(RECORDS, rel=0.1))
    with pytest.raises(FileNotFoundError):
        aezip.load("no/such/file.aezm")
    for cut in range(0, len(data), 7):
        with pytest.raises(aezip.AezipError):
            aezip.load(data[:cut])
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x11
        with pytest.raises(aezip.AezipError):
            aezip.load(damaged)


def test_parts_are_learned_from_as_the_whole():
    parts = aezip.train(iter(np.array_split(RECORDS, 7)), kind="linear", latents=3)
    assert parts.digest == LINEAR.digest
    with aezip.open(aezip.compress(RECORDS, exact=True)) as container:
        assert aezip.train(container, kind="linear", latents=3).digest == LINEAR.digest
    with pytest.raises(aezip.InvalidArgumentError, match="follows one of"):
        aezip.train(iter([RECORDS, RECORDS[:, :3]]))
    with pytest.raises(aezip.InvalidArgumentError, match="no records"):
        aezip.train(iter([]))


def test_of_a_long_stream_a_random_choice_is_learned_from():
    numbers = np.arange(40_000, dtype="f8")
    records = np.stack([numbers, 3 * numbers], axis=1)
    means = []
    for seed in range(12):
        model = aezip.train(
            iter(np.array_split(records, 23)), kind="linear", latents=1, maximum_records=400,
            seed=seed)  # fmt: skip
        assert model.info["records"] == 400
        means.append(model.decode(np.zeros((1, 1)))[0, 0])
    # The mean of 400 of them errs by 577 at one standard deviation: all are equally likely.
    assert len(set(means)) == 12 and np.abs(np.array(means) - 20_000).max() < 4 * 577
    assert np.abs(np.mean(means) - 20_000) < 4 * 577 / np.sqrt(12)
    whole = aezip.train(records, kind="linear", latents=1, maximum_records=400, seed=3)
    parts = aezip.train(
        iter(np.array_split(records, 7)), kind="linear", latents=1, maximum_records=400, seed=3)
    assert whole.digest == parts.digest


@pytest.mark.parametrize("kind", KINDS[1:])
def test_weights_do_not_depend_on_the_instruction_set(kind):
    script = f"""
import aezip, numpy as np
random = np.random.default_rng(2)
records = np.hstack([random.normal(size=(300, 9)), random.random((300, 2)) < 0.4]).astype("f4")
records[::11, 3] = np.nan
print(aezip.train(records, kind={kind!r}, latents=3, hidden=[20], epochs=4).digest)
"""
    digests = set(printed_by_instruction_set("-c", script))
    assert len(digests) == 1 and len(digests.pop()) == 65


@pytest.mark.parametrize(
    "knobs, advice",
    [
        ({"kind": "magic"}, "'linear', 'deep'"),
        ({"kind": 2}, "kind is 2"),
        ({"latents": 0}, "latents is 0"),
        ({"hidden": 64}, "hidden is 64"),
        ({"hidden": [64, 0]}, "hidden is 0"),
        ({"hidden": [8] * 70}, "hidden"),
        ({"decoder_hidden": "ab"}, "decoder_hidden is 'ab'"),
        ({"activation": "gelu"}, "activation is 'gelu'"),
        ({"activations": ["relu", "x"]}, "activations is 'x'"),
        ({"loss": "mse"}, "loss is 'mse'"),
        ({"optimizer": "rmsprop"}, "optimizer is"),
        ({"noise": "salt"}, "noise is 'salt'"),
        ({"sparsity": "l2"}, "sparsity is 'l2'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"dropout": 1.0}, "dropout"),
        ({"weight_decay": -0.5}, "weight decay"),
        ({"validation": 0.95}, "validation"),
        ({"momentum": 1.0}, "momentum"),
        ({"warmup": -0.1}, "warm-up"),
        ({"patience": -1}, "patience is -1"),
        ({"learning_rate": -1.0}, "learning rate"),
        ({"noise_amount": -1.0}, "amount of noise"),
        ({"noise": "masking", "noise_amount": 1.0}, "amount of noise"),
        ({"sparsity_weight": float("inf")}, "sparsity weight"),
        ({"sparsity_target": 1.0}, "sparsity target"),
        ({"contraction": -0.1}, "contraction"),
        ({"latents": 2**17}, "65536"),
        ({"hidden": [8], "activations": ["relu"]}, "1 activations for 2 hidden layers"),
        ({"kind": "sparse", "latent_activation": "tanh"}, "make their activation sigmoid"),
        ({"kind": "contractive", "dropout": 0.1}, "dropout and contraction"),
        ({"kind": "variational", "latent_activation": "tanh"}, "no activation"),
        ({"kind": "linear", "loss": "crossentropy"}, "closed form"),
        ({"rel": -1.0}, "not negative"),
        ({"beta": -1.0}, "beta"),
        ({"beta": 4.0}, "make the kind variational"),
        ({"kind": "sparse", "noise_amount": 0.1}, "make the kind denoising"),
        ({"kind": "linear", "sparsity_weight": 2.0}, "make the kind sparse"),
        ({"kind": "denoising", "contraction": 0.5}, "make the kind contractive"),
        ({"seed": -1}, "seed is -1"),
        ({"threads": -1}, "threads is -1"),
        ({"maximum_records": 0}, "maximum_records is 0"),
        ({"kind": "linear", "hidden": [4]}, "linear"),
    ],
)
def test_wrong_options_are_refused_with_advice(knobs, advice):
    with pytest.raises(aezip.InvalidArgumentError, match=advice):
        aezip.train(RECORDS, **knobs)


def test_wrong_uses_are_refused_with_advice():
    with pytest.raises(aezip.InvalidArgumentError, match=r"\(n, 3\)"):
        LINEAR.decode(np.zeros((4, 2)))
    with pytest.raises(aezip.InvalidArgumentError, match="iterations is 0"):
        LINEAR.reconstruct(RECORDS, iterations=0)
    with pytest.raises(aezip.InvalidArgumentError, match="k is 0"):
        LINEAR.recommend(RECORDS, 0)
    with pytest.raises(aezip.InvalidArgumentError, match="needs 2 or more"):
        aezip.train(RECORDS[:1])
    with pytest.raises(aezip.InvalidArgumentError, match="a number for each text"):
        LINEAR.encode(np.array(["a"]))


def test_progress_can_stop_a_training_and_its_errors_are_raised():
    with pytest.raises(aezip.CancelledError):
        aezip.train(RECORDS, epochs=50, progress=lambda now: now.epoch < 3)
    with pytest.raises(ZeroDivisionError):
        aezip.train(RECORDS, epochs=50, progress=lambda now: 1 / 0)


def test_an_interrupt_ends_a_training_cleanly():
    script = """
import aezip, numpy as np, sys
records = np.random.default_rng(0).normal(size=(20000, 10)).astype("f4")
told = []
try:
    aezip.train(records, epochs=100000, hidden=[16], progress=lambda now: told or told.append(
        print("started", flush=True)))
except KeyboardInterrupt:
    print("interrupted", aezip.train(records[:50], kind="linear").kind)
"""
    running = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert running.stdout.readline() == "started\n"
    os.kill(running.pid, signal.SIGINT)
    shown, _ = running.communicate(timeout=60)
    assert shown == "interrupted linear\n" and running.returncode == 0


def test_threads_share_a_model_and_others_run_meanwhile():
    expected = LINEAR.score(RECORDS)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(lambda _: LINEAR.score(RECORDS), range(20)):
            assert np.array_equal(scores, expected)
    counted = []
    done = threading.Event()

    def count():
        while not done.is_set():
            counted.append(0)
            done.wait(0.001)

    other = threading.Thread(target=count)
    other.start()
    aezip.train(RECORDS, epochs=100)
    done.set()
    other.join()
    assert len(counted) > 20


def test_info_is_json_of_layers_and_history():
    model = aezip.train(RECORDS, latents=2, hidden=[9, 5], activation="relu", epochs=2, skip=False)
    info = model.info
    json.dumps(info)
    assert [layer["width"] for layer in info["layers"]] == [9, 5, 2, 5, 9, 7]
    assert info["layers"][0]["activation"] == "relu" and info["digest"] == model.digest
    assert len(info["history"]) == 2


def test_components_are_picked_where_fields_follow_from_a_few_numbers():
    random = np.random.default_rng(0)
    numbers, weights = random.normal(size=(4000, 2)), random.normal(size=(2, 48))
    records = (numbers @ weights + 0.02 * random.normal(size=(4000, 48))).astype("f4")
    for rel in (0.02, 0.01):
        blob, plain = (aezip.compress(records, rel=rel, level=7, latents=latents) for latents in (None, 0))
        assert len(blob) < 0.92 * len(plain)
        with aezip.open(blob) as opened:
            assert opened.info["model"]["kind"] == "linear" and opened.info["model"]["latents"] == 2
        error = np.abs(aezip.decompress(blob).astype("f8") - records.astype("f8"))
        assert (error <= rel * np.ptp(records.astype("f8"), axis=0)).all()
