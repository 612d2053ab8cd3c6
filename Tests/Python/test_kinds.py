"""What makes each kind of autoencoder its own, against what numpy computes."""

import aezip
import numpy as np
import pytest

RANDOM = np.random.default_rng(41)
HIDDEN = RANDOM.uniform(-1, 1, (3000, 3))
CURVED = np.tanh(2 * HIDDEN @ RANDOM.normal(size=(3, 16))) @ RANDOM.normal(size=(16, 10))
CURVED = (3 + CURVED + 0.02 * RANDOM.normal(size=CURVED.shape)).astype("f4")
SEEN, HELD_OUT = CURVED[:2400], CURVED[2400:]
LINEAR = aezip.train(SEEN, kind="linear", latents=3)


def standardized(records, like=SEEN):
    return (records - like.mean(axis=0, dtype="f8")) / like.std(axis=0, dtype="f8")


def eigenvalues(records):
    """Of the correlations of the fields, the largest first; and the eigenvectors as rows."""
    values, vectors = np.linalg.eigh(np.cov(standardized(records, records).T, bias=True))
    return values[::-1], vectors.T[::-1]


def jacobian_norm(model, records, step=1e-2):
    """The mean squared norm of the latents' derivatives by standardized fields, by differences."""
    spread = SEEN.std(axis=0, dtype="f8")
    total = 0.0
    for field in range(records.shape[1]):
        shift = np.zeros(records.shape[1])
        shift[field] = step * spread[field]
        slope = (model.encode(records + shift) - model.encode(records - shift)) / (2 * step)
        total += (slope.astype("f8") ** 2).sum(axis=1).mean()
    return total


@pytest.mark.parametrize("latents", [1, 3, 6])
def test_gradient_descent_finds_the_principal_components(latents):
    values, vectors = eigenvalues(SEEN)
    closed = aezip.train(SEEN, kind="linear", latents=latents)
    found = aezip.train(
        SEEN, kind="linear", latents=latents, closed_form=False, validation=0, epochs=300,
        learning_rate=0.005)  # fmt: skip
    discarded = values[latents:].sum() / 10
    assert closed.score(SEEN).mean() == pytest.approx(discarded, rel=5e-3)
    assert found.score(SEEN).mean() == pytest.approx(discarded, rel=1e-2)
    assert len(closed.history) == 0 and len(found.history) == 300
    for model in (closed, found):
        # The cosines of the angles between what the decoder spans and the first components.
        steps = model.decode(np.vstack([np.zeros(latents), np.eye(latents)]), dtype="f8")
        spanned = (steps[1:] - steps[0]) / SEEN.std(axis=0, dtype="f8")
        basis = np.linalg.qr(spanned.T)[0]
        cosines = np.linalg.svd(vectors[:latents] @ basis)[1]
        assert cosines.min() > 0.999, cosines


def test_hidden_layers_may_differ_on_both_sides():
    model = aezip.train(
        SEEN, latents=3, hidden=[24, 12], decoder_hidden=[20], epochs=3,
        activations=["relu", "sigmoid", "tanh"], latent_activation="tanh", skip=False,
    )  # fmt: skip
    layers = [(layer["width"], layer["activation"]) for layer in model.info["layers"]]
    assert layers == [
        (24, "relu"), (12, "sigmoid"), (3, "tanh"), (20, "tanh"), (10, "identity"),
    ]  # fmt: skip
    assert np.abs(model.encode(HELD_OUT)).max() <= 1
    assert not model.info["encoder_skip"] and not model.info["decoder_skip"]


def test_skips_begin_with_the_principal_components():
    knobs = {"latents": 3, "epochs": 1, "learning_rate": 1e-9, "hidden": [16]}
    discarded = eigenvalues(SEEN)[0][3:].sum() / 10
    joined = aezip.train(SEEN, skip=True, **knobs)
    assert joined.info["encoder_skip"] and joined.info["decoder_skip"]
    assert joined.score(SEEN).mean() < 2 * discarded
    assert aezip.train(SEEN, skip=False, **knobs).score(SEEN).mean() > 5 * discarded


def test_training_layer_after_layer_gives_a_better_begin():
    knobs = {"latents": 3, "epochs": 50, "hidden": [24, 12], "skip": False}
    stacked = aezip.train(SEEN, pretrain=True, **knobs)
    assert stacked.history[0, 0] < 0.7 * aezip.train(SEEN, **knobs).history[0, 0]


@pytest.mark.parametrize("target", [0.05, 0.2])
def test_the_mean_activation_of_a_sparse_model_is_near_its_target(target):
    model = aezip.train(SEEN, kind="sparse", latents=25, sparsity_target=target)
    activity = model.encode(HELD_OUT).mean(axis=0)
    assert model.latent_count == 25 > model.field_count
    assert model.score(HELD_OUT).mean() < 0.2 * LINEAR.score(HELD_OUT).mean()
    assert activity.mean() == pytest.approx(target, rel=0.2)
    assert (activity > 0.5 * target).all() and (activity < 2 * target).all()


def test_an_absolute_penalty_makes_latents_small():
    knobs = {"kind": "sparse", "sparsity": "l1", "latents": 20, "epochs": 80}
    weak = aezip.train(SEEN, sparsity_weight=1e-4, **knobs).encode(HELD_OUT)
    strong = aezip.train(SEEN, sparsity_weight=0.5, **knobs).encode(HELD_OUT)
    assert np.abs(strong).mean() < 0.5 * np.abs(weak).mean()
    assert (np.abs(strong) < 0.05).mean() > 2 * (np.abs(weak) < 0.05).mean()


@pytest.mark.parametrize("noise, amount", [("gaussian", 0.5), ("masking", 0.25), ("salt-and-pepper", 0.2)])
def test_a_denoising_model_restores_corrupted_records_better(noise, amount):
    knobs = {"latents": 3, "hidden": [48], "epochs": 120}
    plain = aezip.train(SEEN, kind="deep", **knobs)
    model = aezip.train(SEEN, kind="denoising", noise=noise, noise_amount=amount, **knobs)
    random = np.random.default_rng(6)
    clean = standardized(HELD_OUT)
    if noise == "gaussian":
        corrupted = clean + amount * random.normal(size=clean.shape)
    else:
        chance = random.random(clean.shape)
        value = np.where(chance < amount / 2, 2, -2) if noise == "salt-and-pepper" else 0
        corrupted = np.where(chance < amount, value, clean)
    corrupted = corrupted * SEEN.std(axis=0) + SEEN.mean(axis=0)

    def error(model):
        return ((standardized(model.reconstruct(corrupted)) - clean) ** 2).mean()

    assert error(model) < 0.9 * error(plain)
    assert error(model) < ((standardized(corrupted) - clean) ** 2).mean()


@pytest.mark.parametrize("hidden", [[], [24]])
def test_a_contractive_model_has_a_smaller_jacobian(hidden):
    knobs = {"latents": 3, "hidden": hidden, "epochs": 100, "latent_activation": "tanh"}
    plain = aezip.train(SEEN, kind="deep", skip=False, **knobs)
    model = aezip.train(SEEN, kind="contractive", contraction=0.1, **knobs)
    assert [layer["width"] for layer in model.info["layers"]] == [
        layer["width"] for layer in plain.info["layers"]]
    assert jacobian_norm(model, HELD_OUT) < 0.7 * jacobian_norm(plain, HELD_OUT)
    assert model.score(HELD_OUT).mean() < 2 * plain.score(HELD_OUT).mean() + 0.05


def test_the_weight_of_the_divergence_draws_latents_to_the_normal_distribution():
    knobs = {"kind": "variational", "latents": 3, "epochs": 100, "hidden": [32]}
    loose = aezip.train(SEEN, beta=1e-4, **knobs)
    tight = aezip.train(SEEN, beta=3.0, **knobs)
    assert loose.score(HELD_OUT).mean() < tight.score(HELD_OUT).mean()
    means = tight.encode(HELD_OUT)
    assert np.abs(means.mean(axis=0)).max() < 0.3 and means.std(axis=0).max() < 1.3
    assert loose.encode(HELD_OUT).std(axis=0).max() > means.std(axis=0).max()
    # What is drawn lies near the surface on which the records lie.
    drawn = standardized(tight.sample(500, seed=3).astype("f8"))
    nearest = ((drawn[:, None] - standardized(SEEN)[None]) ** 2).mean(axis=2).min(axis=1)
    assert np.median(nearest) < 0.2


def test_dropout_narrows_the_gap_to_held_out_records():
    few = RANDOM.normal(size=(150, 12)).astype("f4") + RANDOM.normal(size=(150, 1)).astype("f4")
    knobs = {"latents": 4, "hidden": [64], "epochs": 300, "skip": False, "validation": 0, "batch_size": 16}
    plain, dropped = (aezip.train(few[:100], dropout=share, **knobs) for share in (0.0, 0.3))
    gaps = [m.score(few[100:]).mean() / m.score(few[:100]).mean() for m in (plain, dropped)]
    assert gaps[1] < 0.8 * gaps[0]


def test_training_stops_early_and_keeps_the_best_epoch():
    few = RANDOM.normal(size=(120, 12)).astype("f4")
    knobs = {"latents": 4, "hidden": [64], "epochs": 400, "skip": False, "learning_rate": 0.01}
    model = aezip.train(few, patience=5, **knobs)
    best = np.argmin(model.history[:, 1])
    assert len(model.history) == best + 6 < 400
    # The weights of the best epoch, but for their rounding.
    assert model.info["validation_loss"] == pytest.approx(model.history[best, 1], rel=0.02)
    assert len(aezip.train(few, validation=0, patience=0, **{**knobs, "epochs": 30}).history) == 30


def test_fields_of_0_and_1_have_cross_entropy_by_themselves():
    random = np.random.default_rng(9)
    chance = 1 / (1 + np.exp(-3 * random.normal(size=(1500, 1)) * random.normal(size=6)))
    mixed = np.hstack([random.random((1500, 6)) < chance, random.normal(size=(1500, 2))]).astype("f4")
    mixed[::9, 0] = np.nan
    automatic = aezip.train(mixed, latents=2, epochs=30)
    back = automatic.reconstruct(mixed)
    assert back[:, :6].min() >= 0 and back[:, :6].max() <= 1 and back[:, 6:].min() < 0
    squared = aezip.train(mixed, latents=2, epochs=30, loss="squared")
    outputs = squared.reconstruct(mixed)[:, :6]
    assert outputs.min() < 0 or outputs.max() > 1
    given = aezip.train(mixed[:, :6], latents=2, epochs=30, loss="crossentropy")
    assert 0 <= given.reconstruct(mixed[:, :6]).min() and given.reconstruct(mixed[:, :6]).max() <= 1
    # The loss that the model tells is the mean of minus the logarithm of what was likely.
    likely = np.where(mixed[:, :6] == 1, given.reconstruct(mixed[:, :6]), 1 - given.reconstruct(mixed[:, :6]))
    there = ~np.isnan(mixed[:, :6])
    assert given.info["train_loss"] == pytest.approx(-np.log(likely[there]).mean(), rel=0.1)
    with pytest.raises(aezip.InvalidArgumentError, match="field 6 has values outside 0 ... 1.*leave the loss out"):
        aezip.train(mixed, loss="crossentropy")


def test_missing_values_do_not_move_the_weights():
    full = RANDOM.normal(size=(400, 5)).astype("f4")
    # A field that is always missing, whatever the others are, has no part in their training.
    gaps = np.hstack([full, np.full((400, 1), np.nan, "f4")])
    model = aezip.train(gaps, latents=2, epochs=20)
    assert np.isfinite(model.history).all() and np.isfinite(model.encode(gaps)).all()
    other = gaps.copy()
    other[:, 5] = np.inf
    assert aezip.train(other, latents=2, epochs=20).digest == model.digest


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_both_optimizers_learn(optimizer):
    model = aezip.train(SEEN, latents=3, hidden=[32], epochs=40, optimizer=optimizer, skip=False)
    assert model.history[-1, 1] < 0.3 * model.history[0, 1]


def test_a_rate_that_is_too_large_is_said():
    with pytest.raises(aezip.InvalidArgumentError, match="smaller learning rate"):
        aezip.train(SEEN, latents=3, optimizer="sgd", learning_rate=100.0, epochs=5)
