"""The autoencoder as an estimator of scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, Optional, Sequence

import numpy as np

from ._errors import InvalidArgumentError
from ._model import Model
from ._training import Progress, train

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:  # the estimator works alone too
    validate_data = None

    class BaseEstimator:  # type: ignore[no-redef]
        """What scikit-learn's does for parameters."""

        @classmethod
        def _get_param_names(cls) -> Sequence[str]:
            return sorted(set(inspect.signature(cls.__init__).parameters) - {"self"})

        def get_params(self, deep: bool = True) -> Dict[str, Any]:
            """The parameters by name."""
            return {name: getattr(self, name) for name in self._get_param_names()}

        def set_params(self, **params: Any) -> Any:
            """Sets parameters by name."""
            for name, value in params.items():
                if name not in self._get_param_names():
                    raise ValueError(f"{name!r} is no parameter of {type(self).__name__}")
                setattr(self, name, value)
            return self

    class TransformerMixin:  # type: ignore[no-redef]
        """What scikit-learn's does for transformers."""

        def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
            """Fits, and returns the latents."""
            return self.fit(X, y).transform(X)  # type: ignore[attr-defined]

    class ClassNamePrefixFeaturesOutMixin:  # type: ignore[no-redef]
        pass

    def check_is_fitted(estimator: Any, attributes: Any = None) -> None:
        """Raises unless the estimator is fitted."""
        if not hasattr(estimator, "model_"):
            raise InvalidArgumentError("this Autoencoder is not fitted yet; call fit first")


class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An autoencoder for scikit-learn: ``fit(X)`` learns to restore ``X`` from a few latents.

        from sklearn.pipeline import make_pipeline
        make_pipeline(aezip.Autoencoder(latents=8), LogisticRegression()).fit(X, y)

    It also works without scikit-learn. Missing values (NaN) are permitted. The parameters are those
    of :func:`aezip.train`.

    Attributes:
        model_: the trained :class:`aezip.Model`.
        n_features_in_: fields of a record.
        history_: of every epoch of the training its losses.
    """

    def __init__(
        self, latents: Optional[int] = None, kind: str = "deep", *,
        hidden: Optional[Sequence[int]] = None, decoder_hidden: Optional[Sequence[int]] = None,
        activation: Optional[str] = None, activations: Optional[Sequence[str]] = None,
        latent_activation: Optional[str] = None, skip: Optional[bool] = None,
        pretrain: bool = False, closed_form: bool = True, loss: str = "automatic",
        optimizer: str = "adam", learning_rate: Optional[float] = None,
        momentum: Optional[float] = None, batch_size: Optional[int] = None,
        epochs: Optional[int] = None, warmup: Optional[float] = None, cosine: bool = True,
        weight_decay: Optional[float] = None, dropout: Optional[float] = None,
        validation: Optional[float] = None, patience: Optional[int] = None,
        noise: Optional[str] = None, noise_amount: Optional[float] = None,
        sparsity: Optional[str] = None, sparsity_weight: Optional[float] = None,
        sparsity_target: Optional[float] = None, contraction: Optional[float] = None,
        beta: Optional[float] = None, rel: Any = None, abs: Any = None,
        maximum_records: Optional[int] = None, seed: int = 0, threads: int = 0,
        progress: Optional[Callable[[Progress], Optional[bool]]] = None,
    ) -> None:  # fmt: skip
        self.latents = latents
        self.kind = kind
        self.hidden = hidden
        self.decoder_hidden = decoder_hidden
        self.activation = activation
        self.activations = activations
        self.latent_activation = latent_activation
        self.skip = skip
        self.pretrain = pretrain
        self.closed_form = closed_form
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.batch_size = batch_size
        self.epochs = epochs
        self.warmup = warmup
        self.cosine = cosine
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.validation = validation
        self.patience = patience
        self.noise = noise
        self.noise_amount = noise_amount
        self.sparsity = sparsity
        self.sparsity_weight = sparsity_weight
        self.sparsity_target = sparsity_target
        self.contraction = contraction
        self.beta = beta
        self.rel = rel
        self.abs = abs
        self.maximum_records = maximum_records
        self.seed = seed
        self.threads = threads
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> Autoencoder:
        """Trains on the rows of ``X``; what should come out is what goes in, and ``y`` is not
        looked at: ``fit(X)`` is ``fit(X, X)``."""
        X = self._checked(X, reset=True)
        self.model_: Model = train(X, **self.get_params(deep=False))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The latents of records, of the dtype of ``X``."""
        check_is_fitted(self, "model_")
        X = self._checked(X, reset=False)
        return self.model_.encode(X, threads=self.threads).astype(X.dtype, copy=False)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Latents to records."""
        check_is_fitted(self, "model_")
        return self.model_.decode(X, threads=self.threads)

    def score_samples(self, X: Any) -> np.ndarray:
        """How well each record is known: minus the mean squared error of its fields in units of
        their spread. The lower, the less normal."""
        check_is_fitted(self, "model_")
        X = self._checked(X, reset=False)
        return -np.asarray(self.model_.score(X, threads=self.threads))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of :meth:`score_samples`, for model selection."""
        return float(np.mean(self.score_samples(X)))

    @property
    def history_(self) -> Any:
        """Of every epoch of the training its losses."""
        check_is_fitted(self, "model_")
        return self.model_.history

    @property
    def _n_features_out(self) -> int:
        return self.model_.latent_count

    def _checked(self, X: Any, reset: bool) -> np.ndarray:
        if validate_data is not None:
            return validate_data(
                self, X, reset=reset, dtype=(np.float64, np.float32),
                ensure_all_finite="allow-nan", ensure_min_samples=2 if reset else 1,
            )  # fmt: skip
        X = np.asarray(X)
        if X.ndim != 2 or (not reset and X.shape[1] != self.n_features_in_):
            raise InvalidArgumentError(f"X has the shape {X.shape}; give rows of the same fields")
        self.n_features_in_ = X.shape[1]
        return X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
