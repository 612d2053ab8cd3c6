"""Trains models."""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from . import _library as c
from ._bounds import Bounds, resolve
from ._errors import InvalidArgumentError
from ._layout import RecordLayout, as_records
from ._model import KINDS, Model
from ._options import thread_count, whole
from ._reader import Container

ACTIVATIONS = {"identity": 0, "relu": 1, "tanh": 2, "sigmoid": 3}
_CHOICES: Dict[str, Dict[str, int]] = {
    "kind": KINDS,
    "activation": ACTIVATIONS,
    "latent_activation": ACTIVATIONS,
    "loss": {"automatic": 0, "squared": 1, "crossentropy": 2},
    "optimizer": {"adam": 0, "sgd": 1},
    "noise": {"gaussian": 0, "masking": 1, "salt-and-pepper": 2},
    "sparsity": {"l1": 0, "kl": 1},
}


@dataclass(frozen=True)
class Progress:
    """How far a training is, after an epoch.

    Attributes:
        epoch: epochs done, from 1.
        epoch_count: of at most so many.
        train_loss: mean loss a field over the records learned from.
        validation_loss: over the records held out; NaN if there are none.
    """

    epoch: int
    epoch_count: int
    train_loss: float
    validation_loss: float


def train(
    records: object, *, kind: str = "deep", latents: Optional[int] = None,
    hidden: Optional[Sequence[int]] = None, decoder_hidden: Optional[Sequence[int]] = None,
    activation: Optional[str] = None, activations: Optional[Sequence[str]] = None,
    latent_activation: Optional[str] = None, skip: Optional[bool] = None, pretrain: bool = False,
    closed_form: bool = True, loss: str = "automatic", optimizer: str = "adam",
    learning_rate: Optional[float] = None, momentum: Optional[float] = None,
    batch_size: Optional[int] = None, epochs: Optional[int] = None,
    warmup: Optional[float] = None, cosine: bool = True, weight_decay: Optional[float] = None,
    dropout: Optional[float] = None, validation: Optional[float] = None,
    patience: Optional[int] = None, noise: Optional[str] = None,
    noise_amount: Optional[float] = None, sparsity: Optional[str] = None,
    sparsity_weight: Optional[float] = None, sparsity_target: Optional[float] = None,
    contraction: Optional[float] = None, beta: Optional[float] = None,
    rel: Optional[Bounds] = None, abs: Optional[Bounds] = None,
    maximum_records: Optional[int] = None, seed: int = 0, threads: int = 0,
    progress: Optional[Callable[[Progress], Optional[bool]]] = None,
) -> Model:  # fmt: skip
    """Trains an autoencoder. None stands for a default that works unattended.

    Standardization is inside; missing values (NaN) take no part. The same records, options and
    seed give the same model, whatever the number of threads. An interrupt (Ctrl-C) ends the
    training after the epoch that runs.

    Args:
        records: as :func:`aezip.compress` takes them; or an iterator of arrays of one dtype and
            shape, or an open container, of which a random choice of ``maximum_records`` is kept.
        kind: ``"linear"`` (principal components), ``"deep"``, ``"sparse"``, ``"denoising"``,
            ``"contractive"`` or ``"variational"``.
        latents: latents of a record.
        hidden: widths of the hidden layers between fields and latents; ``()``: none.
        decoder_hidden: those between latents and fields; None: the same in reverse order.
        activation: of hidden layers: ``"identity"``, ``"relu"``, ``"tanh"`` or ``"sigmoid"``;
            None: ``"relu"`` for the same models, else ``"tanh"``.
        activations: one for each hidden layer, the encoder's first.
        latent_activation: of the latents.
        skip: linear ways around the hidden layers, which start as principal components.
        pretrain: trains layer after layer first.
        closed_form: linear models by eigenvectors, not by gradient descent.
        loss: ``"automatic"``, ``"squared"``, or ``"crossentropy"`` for values in 0 ... 1.
        optimizer: ``"adam"`` or ``"sgd"``.
        learning_rate: the largest step.
        momentum: of ``"sgd"``, and the first of ``"adam"``.
        batch_size: records a step.
        epochs: passes over the records, at most.
        warmup: share of the steps in which the learning rate rises.
        cosine: whether it falls to 0 afterwards.
        weight_decay: of the weights, at each step, times the learning rate; None: 0.3 for deep,
            denoising and variational models of more than 64 fields, else 0.
        dropout: share of hidden values left out at each step.
        validation: share of records held out for early stopping.
        patience: epochs without improvement on them after which training stops; 0: never;
            None: 100.
        noise: of denoising models: ``"gaussian"``, ``"masking"`` or ``"salt-and-pepper"``.
        noise_amount: deviations of Gaussian noise, or the share of values disturbed.
        sparsity: of sparse models: ``"l1"`` or ``"kl"``.
        sparsity_weight: its weight in the loss.
        sparsity_target: of ``"kl"``: the mean activation wanted.
        contraction: of contractive models: the weight of the encoder's squared Jacobian.
        beta: of variational models: the weight of the divergence.
        rel, abs: bounds as for :func:`aezip.compress`: fields count in units of them.
        maximum_records: a random choice of so many records is learned from.
        seed: of everything random.
        threads: 0: one per processor.
        progress: called after every epoch with a :class:`Progress`, on another thread than the
            caller's; the training ends with :class:`CancelledError` if it returns False.

    Raises:
        InvalidArgumentError: if an option is wrong; the text says which and what to do.
        CancelledError: if ``progress`` returned False.
        OutOfMemoryError: if memory is short.
    """
    given = dict(locals())
    options, held = _options(given)
    call = _Call(progress)
    if isinstance(records, Container):
        records = records.chunks()
    if isinstance(records, Iterator):
        return _train_on_parts(records, options, rel, abs, call)
    array, layout = as_records(records)
    memory = layout.in_memory(array)
    described = layout.for_library(_bounds(layout, rel, abs))
    handle, error = ctypes.c_void_p(), c.Error()
    call.run(
        lambda function: c.library.aez_train(
            described, memory.ctypes.data, len(memory), options, function, None, handle, error
        ),
        error,
    )
    return Model(handle, layout)


def _train_on_parts(
    parts: Iterator[Any], options: c.TrainOptions, rel: Optional[Bounds], abs: Optional[Bounds],
    call: _Call,
) -> Model:  # fmt: skip
    trainer, handle, error = ctypes.c_void_p(), ctypes.c_void_p(), c.Error()
    first: Optional[RecordLayout] = None
    try:
        for part in parts:
            array, layout = as_records(part)
            if first is None:
                first = layout
                described = layout.for_library(_bounds(layout, rel, abs))
                c.check(c.library.aez_trainer_open(described, options, trainer, error), error)
            elif layout.tail != first.tail or layout.native != first.native:
                raise InvalidArgumentError(
                    f"a part of {layout.dtype} and shape (n, *{layout.tail}) follows one of"
                    f" {first.dtype} and (n, *{first.tail})"
                )
            for rows in layout.parts(array):
                status = c.library.aez_trainer_append(trainer, rows.ctypes.data, len(rows), error)
                c.check(status, error)
        if first is None:
            raise InvalidArgumentError("there are no records; give at least one part")
        call.run(
            lambda function: c.library.aez_trainer_finish(trainer, function, None, handle, error),
            error,
        )
        return Model(handle, first)
    finally:
        c.library.aez_trainer_free(trainer)


class _Call:
    """Runs a training on a thread of its own, so that an interrupt reaches the caller at once
    rather than within a callback, which could not raise it."""

    def __init__(self, progress: Optional[Callable[[Progress], Optional[bool]]]) -> None:
        self._progress = progress
        self._stopped = False
        self._error: Optional[BaseException] = None
        self._function = c.PROGRESS_FN(self._report)
        self._status = 0

    def _report(self, _context: None, state: Any) -> int:
        try:
            if self._stopped:
                return 1
            if self._progress is None:
                return 0
            now = state.contents
            told = Progress(now.epoch, now.epoch_count, now.train_loss, now.validation_loss)
            return int(self._progress(told) is False)
        except BaseException as error:  # raised again by run(), outside the library
            self._error = error
            return 1

    def run(self, work: Callable[[Any], int], error: c.Error) -> None:
        def body() -> None:
            self._status = work(self._function)

        thread = threading.Thread(target=body, name="aezip.train", daemon=True)
        thread.start()
        try:
            thread.join()
        except BaseException:
            self._stopped = True
            thread.join()
            raise
        if self._error is not None:
            raise self._error
        c.check(self._status, error)


def _bounds(
    layout: RecordLayout, rel: Optional[Bounds], abs: Optional[Bounds]
) -> List[Tuple[int, float]]:
    return resolve(layout.fields, rel, abs, rel is None and abs is None)


def _options(given: Dict[str, Any]) -> Tuple[c.TrainOptions, List[Any]]:
    """``aez_train_options``, which keeps the arrays that it points to alive.

    Raises:
        InvalidArgumentError: if a value is of a wrong type or none of the choices.
    """
    options = c.TrainOptions()
    c.library.aez_train_options_init(options)
    held: List[Any] = []
    for name in ("hidden", "decoder_hidden"):
        if given[name] is not None:
            numbers = [whole(name, width, 1, 2**31 - 1) for width in _listed(name, given[name])]
            _point(options, name, f"{name}_count", numbers, held)
    if given["activations"] is not None:
        numbers = [
            _choice("activations", ACTIVATIONS, one)
            for one in _listed("activations", given["activations"])
        ]
        _point(options, "activations", "activation_count", numbers, held)
    for name, choices in _CHOICES.items():
        if given[name] is not None:
            setattr(options, name, _choice(name, choices, given[name]))
    for name in ("skip", "pretrain", "closed_form", "cosine"):
        if given[name] is not None:
            setattr(options, name, int(bool(given[name])))
    for name in ("latents", "batch_size", "epochs", "patience"):
        if given[name] is not None:
            low = 0 if name == "patience" else 1
            setattr(options, name, whole(name, given[name], low, 2**31 - 1))
    if given["maximum_records"] is not None:
        options.maximum_records = whole("maximum_records", given["maximum_records"], 1, 2**62)
    options.seed = whole("seed", given["seed"], 0, 2**64 - 1)
    options.threads = thread_count(given["threads"])
    for name in (
        "learning_rate", "momentum", "warmup", "weight_decay", "dropout", "validation",
        "noise_amount", "sparsity_weight", "sparsity_target", "contraction", "beta",
    ):  # fmt: skip
        if given[name] is not None:
            try:
                setattr(options, name, float(given[name]))
            except (TypeError, ValueError):
                raise InvalidArgumentError(
                    f"{name} is {given[name]!r}; it must be a number"
                ) from None
    return options, held


def _listed(name: str, values: Any) -> Iterable[Any]:
    if isinstance(values, str) or not np.iterable(values):
        raise InvalidArgumentError(f"{name} is {values!r}; give a sequence, one for each layer")
    return values


def _choice(name: str, choices: Dict[str, int], value: Any) -> int:
    if not isinstance(value, str) or value not in choices:
        raise InvalidArgumentError(
            f"{name} is {value!r}; it must be one of {', '.join(map(repr, choices))}"
        )
    return choices[value]


def _point(
    options: c.TrainOptions, name: str, count: str, numbers: List[int], held: List[Any]
) -> None:
    array = (ctypes.c_int32 * max(1, len(numbers)))(*numbers)
    held.append(array)
    setattr(options, name, array)
    setattr(options, count, len(numbers))
