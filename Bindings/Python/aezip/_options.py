"""Checks the options of a compression and fills in ``aez_options``."""

from __future__ import annotations

import ctypes
import operator
from typing import TYPE_CHECKING, Optional

from . import _library as c
from ._errors import InvalidArgumentError

if TYPE_CHECKING:
    from ._model import Model


def make_options(
    *, level: int, latents: Optional[int], threads: int, chunk_records: int, metadata: bytes,
    model: Optional[Model] = None, embed_model: bool = True, nrmse: Optional[float] = None,
) -> c.Options:  # fmt: skip
    """``aez_options``.

    Raises:
        InvalidArgumentError: if a number is none or out of its range.
    """
    options = c.Options()
    options.struct_size = ctypes.sizeof(c.Options)
    options.level = whole("level", level, 1, 9)
    options.latents = c.LATENTS_AUTO if latents is None else whole("latents", latents, 0, 65535)
    options.threads = thread_count(threads)
    options.chunk_records = whole("chunk_records", chunk_records, 0, 2**63 - 1)
    if metadata:
        options.metadata, options.metadata_size = metadata, len(metadata)
    if nrmse is not None:
        if isinstance(nrmse, (bool, str)) or not 0 < nrmse < 1:
            raise InvalidArgumentError(f"nrmse is {nrmse!r}; it must be above 0 and below 1")
        options.mean_error = nrmse
    if model is not None:
        options.model, options.embed_model = model_handle(model), bool(embed_model)
    return options


def model_handle(model: Optional[Model]) -> Optional[ctypes.c_void_p]:
    """The library's model of the argument ``model``."""
    if model is None:
        return None
    try:
        return model._handle
    except AttributeError:
        raise InvalidArgumentError(
            f"model is a {type(model).__name__}; give what aezip.train or aezip.load returns"
        ) from None


def thread_count(threads: int) -> int:
    """The argument ``threads`` as the library takes it."""
    return whole("threads", threads, 0, 65535)


def whole(name: str, value: int, low: int, high: int) -> int:
    """An argument as an integer from ``low`` to ``high``."""
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if not low <= number <= high:
        raise InvalidArgumentError(
            f"{name} is {value!r}; it must be an integer from {low} to {high}"
        )
    return number
