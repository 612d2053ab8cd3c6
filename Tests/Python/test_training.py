"""Training: every knob is felt, threads are not, and weights are as fine as their container needs."""

import aezip
import numpy as np
import pytest

RANDOM = np.random.default_rng(51)
HIDDEN = RANDOM.uniform(-1, 1, (900, 3))
RECORDS = np.tanh(HIDDEN @ RANDOM.normal(size=(3, 9))) @ RANDOM.normal(size=(9, 12))
RECORDS = (RECORDS + 0.05 * RANDOM.normal(size=RECORDS.shape)).astype("f4")
WIDE = np.tanh(RECORDS @ RANDOM.normal(size=(12, 40))).astype("f4")
BASE = {"latents": 3, "hidden": [10, 8], "epochs": 4}
KINDS = ["linear", "deep", "sparse", "denoising", "contractive", "variational"]


def digest(**knobs):
    return aezip.train(RECORDS, **{**BASE, **knobs}).digest


@pytest.mark.parametrize(
    "kind, knob, values",
    [
        ("deep", "latents", [3, 4]),
        ("deep", "hidden", [[10, 8], [10], []]),
        ("deep", "decoder_hidden", [None, [9]]),
        ("deep", "activation", ["identity", "relu", "tanh", "sigmoid"]),
        ("deep", "activations", [None, ["relu", "tanh", "tanh", "tanh"], ["tanh", "tanh", "tanh", "relu"]]),
        ("deep", "latent_activation", ["identity", "relu", "tanh", "sigmoid"]),
        ("deep", "skip", [True, False]),
        ("deep", "pretrain", [False, True]),
        ("deep", "optimizer", ["adam", "sgd"]),
        ("deep", "learning_rate", [None, 0.01]),
        ("deep", "momentum", [None, 0.5]),
        ("deep", "batch_size", [None, 100]),
        ("deep", "epochs", [4, 5]),
        ("deep", "warmup", [None, 0.5]),
        ("deep", "cosine", [True, False]),
        ("deep", "weight_decay", [0.0, 0.3]),
        ("deep", "dropout", [None, 0.2]),
        ("deep", "validation", [None, 0.3]),
        ("deep", "maximum_records", [None, 500]),
        ("deep", "seed", [0, 1]),
        ("deep", "abs", [None, [1e-3] * 6 + [1] * 6]),
        ("deep", "rel", [None, [1e-3] * 6 + [1] * 6]),
        ("denoising", "noise", ["gaussian", "masking", "salt-and-pepper"]),
        ("denoising", "noise_amount", [None, 0.1]),
        ("sparse", "sparsity", ["kl", "l1"]),
        ("sparse", "sparsity_weight", [None, 3.0]),
        ("sparse", "sparsity_target", [None, 0.3]),
        ("contractive", "contraction", [None, 0.0]),
        ("variational", "beta", [None, 0.1]),
    ],
)
def test_every_knob_is_felt(kind, knob, values):
    found = [digest(kind=kind, **{knob: value}) for value in values]
    assert len(set(found)) == len(values)
    assert digest(kind=kind, **{knob: values[0]}) == found[0]


def test_gradient_descent_of_a_linear_model_and_a_given_loss_are_felt():
    assert len({aezip.train(RECORDS, kind="linear", latents=3, epochs=3, closed_form=c).digest for c in (True, False)}) == 2
    shares = (RECORDS > 0).astype("f4")
    automatic, given, squared = (
        aezip.train(shares, latents=3, epochs=3, loss=loss).digest for loss in ("automatic", "crossentropy", "squared")
    )
    assert automatic == given != squared


def test_a_sooner_end_of_patience_is_felt():
    few = RANDOM.normal(size=(100, 12)).astype("f4")
    lengths = [
        len(aezip.train(few, latents=4, hidden=[64], epochs=200, learning_rate=0.02, patience=n).history) for n in (1, 20)
    ]
    assert lengths[0] < lengths[1] < 200


@pytest.mark.parametrize("kind", KINDS)
def test_weights_do_not_depend_on_threads_where_threads_share_the_work(kind):
    # A batch times the weights is more than the 2^20 products from which on threads are used at all.
    knobs = {"kind": kind, "latents": 8, "hidden": None if kind == "linear" else [64, 32], "batch_size": 256}
    knobs |= {"closed_form": False, "epochs": 2, "dropout": 0 if kind == "contractive" else 0.1}
    assert 256 * 2 * (40 * 8 if kind == "linear" else 40 * 64 + 64 * 32 + 32 * 8) > (0 if kind == "linear" else 2**20)
    models = {bytes(aezip.train(WIDE, threads=threads, **knobs)) for threads in (1, 2, 3)}
    assert len(models) == 1


def test_bounds_weight_the_fields_of_networks():
    noise = RANDOM.normal(size=(2000, 4)).astype("f4")
    model = aezip.train(noise, latents=2, hidden=[16], epochs=60, abs=[1e-3, 1e-3, 10, 10])
    error = np.abs(model.reconstruct(noise) - noise).mean(axis=0)
    assert error[:2].max() < 0.2 * error[2:].min()


def test_weights_take_the_bytes_that_records_and_model_need_least_of():
    clean = np.tanh(HIDDEN @ RANDOM.normal(size=(3, 12))).astype("f4")
    knobs = {"latents": 3, "hidden": [24], "epochs": 60, "maximum_records": 900, "abs": 0.002}
    few = aezip.train(iter([clean]), **knobs)
    many = aezip.train(iter([clean] * 3000), **knobs)
    # Finer weights are worth their bytes to many records.
    weights = 2 * (12 * 24 + 24 * 3 + 12 * 3)
    assert len(bytes(many)) - len(bytes(few)) > 0.25 * weights


def test_a_container_keeps_the_means_of_a_variational_model():
    model = aezip.train(RECORDS, kind="variational", latents=3, hidden=[24], epochs=60, beta=0.3)
    means = model.encode(RECORDS).astype("f8")
    blob = aezip.compress(RECORDS, model=model, latents=3)
    assert blob == aezip.compress(RECORDS, model=model, latents=3)  # nothing is drawn

    def error(records):
        return ((records.astype("f8") - RECORDS) ** 2 / RECORDS.var(axis=0)).mean()

    from_means = error(model.reconstruct(RECORDS))
    assert error(aezip.decompress(blob)) < 1.02 * from_means
    drawn = means + 0.2 * means.std(axis=0) * RANDOM.normal(size=means.shape)
    assert error(model.decode(drawn)) > 1.05 * from_means
    with aezip.open(blob) as container:
        kept = container.latents().astype("f8")
    for index in range(3):
        # The means, improved against the decoder, in units of their own.
        assert np.corrcoef(kept[:, index], means[:, index])[0, 1] ** 2 > 0.96
