"""The estimator keeps scikit-learn's contract, and works without scikit-learn."""

import pickle
import subprocess
import sys

import aezip
import numpy as np
import pytest

RANDOM = np.random.default_rng(31)
KIND = RANDOM.integers(0, 3, 600)
X = RANDOM.normal(size=(3, 8))[KIND] * 3 + RANDOM.normal(size=(600, 8))


@pytest.mark.parametrize(
    "kind", ["linear", "deep", "sparse", "denoising", "contractive", "variational"]
)
def test_scikit_learn_checks_the_estimator(kind):
    from sklearn.utils.estimator_checks import check_estimator

    for result in check_estimator(aezip.Autoencoder(kind=kind), on_skip=None):
        # What is skipped needs a setting of scikit-learn's host, not of the estimator.
        skips = result["check_name"] == "check_array_api_input" and "SCIPY_ARRAY_API" in str(result["exception"])
        assert result["status"] == "passed" or result["status"] == "skipped" and skips, result


def test_it_works_in_a_pipeline_and_a_grid_search():
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(aezip.Autoencoder(latents=2, kind="linear"), LogisticRegression())
    assert pipeline.fit(X, KIND).score(X, KIND) > 0.8
    search = GridSearchCV(aezip.Autoencoder(kind="linear"), {"latents": [1, 4]}, cv=2).fit(X)
    assert search.best_params_ == {"latents": 4}
    choose = GridSearchCV(pipeline, {"autoencoder__kind": ["linear", "deep"]}, cv=2)
    assert choose.fit(X, KIND).best_score_ > 0.8
    names = clone(pipeline[0]).fit(X).get_feature_names_out()
    assert list(names) == ["autoencoder0", "autoencoder1"]


def test_fit_of_records_is_fit_of_records_to_themselves():
    one = aezip.Autoencoder(latents=2, epochs=5).fit(X)
    two = aezip.Autoencoder(latents=2, epochs=5).fit(X, X)
    assert one.model_.digest == two.model_.digest
    assert np.array_equal(one.transform(X), two.fit_transform(X))


def test_scores_are_minus_errors_and_latents_go_back():
    estimator = aezip.Autoencoder(latents=3, kind="linear").fit(X)
    scores = estimator.score_samples(X)
    assert np.array_equal(scores, -estimator.model_.score(X))
    assert estimator.score(X) == pytest.approx(scores.mean())
    back = estimator.inverse_transform(estimator.transform(X))
    assert back.shape == X.shape and back.dtype == X.dtype
    spread = ((back - X) / X.std(axis=0)) ** 2
    assert np.isclose(-scores.mean(), spread.mean(), rtol=0.1)
    holes = X.copy()
    holes[0, 0] = np.nan
    assert np.isfinite(estimator.transform(holes)).all()
    assert np.array_equal(pickle.loads(pickle.dumps(estimator)).transform(X), estimator.transform(X))
    assert estimator.history_.shape == (0, 2)


def test_every_knob_of_training_is_a_parameter():
    import inspect

    knobs = set(inspect.signature(aezip.train).parameters) - {"records"}
    assert set(aezip.Autoencoder().get_params()) == knobs
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(aezip.train).parameters.items()
        if name != "records"
    }
    assert aezip.Autoencoder().get_params() == defaults


def test_it_works_without_scikit_learn():
    script = """
import sys
sys.modules["sklearn"] = sys.modules["sklearn.base"] = None
import aezip, numpy as np
X = np.random.default_rng(0).normal(size=(100, 5))
estimator = aezip.Autoencoder(latents=2, kind="linear")
try:
    estimator.transform(X)
except aezip.InvalidArgumentError as error:
    assert "fit first" in str(error)
assert estimator.fit_transform(X).shape == (100, 2)
assert estimator.set_params(latents=3).fit(X).transform(X).shape == (100, 3)
assert estimator.get_params()["latents"] == 3 and estimator.score(X) < 0
try:
    estimator.transform(X[:, :3])
except aezip.InvalidArgumentError as error:
    assert "same fields" in str(error)
print("works")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "works\n", done.stderr


def test_importing_aezip_does_not_load_scikit_learn():
    script = "import aezip, sys; print('sklearn' in sys.modules, hasattr(aezip, 'other'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False False\n", done.stderr
