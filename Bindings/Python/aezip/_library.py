"""Finds ``libaez`` and declares what ``aez.h`` exports."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from ctypes import (
    POINTER,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Iterator, Optional

from ._errors import error_for_status

#: The version of ``aez.h`` that the declarations below follow: (major, minor).
HEADER_VERSION = (0, 1)

EXACT, ABSOLUTE, RELATIVE, FREE = 0, 1, 2, 3
LATENTS_AUTO = -1


class Error(ctypes.Structure):
    """``aez_error``."""

    _fields_ = [
        ("status", c_int32),
        ("reserved", c_int32),
        ("record", c_int64),
        ("field", c_int64),
        ("message", ctypes.c_char * 232),
    ]


class Field(ctypes.Structure):
    """``aez_field``."""

    _fields_ = [
        ("name", c_char_p),
        ("type", c_uint32),
        ("bound_kind", c_uint32),
        ("bound", c_double),
        ("offset", c_uint64),
    ]


class Layout(ctypes.Structure):
    """``aez_layout``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("record_size", c_size_t),
        ("field_count", c_size_t),
        ("fields", POINTER(Field)),
    ]


class Options(ctypes.Structure):
    """``aez_options``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("level", c_int32),
        ("threads", c_int32),
        ("latents", c_int32),
        ("reserved", c_int32),
        ("chunk_records", c_uint64),
        ("metadata", c_char_p),
        ("metadata_size", c_size_t),
        ("model", c_void_p),
        ("embed_model", c_int32),
        ("reserved2", c_int32),
        ("mean_error", c_double),
    ]


class FieldInfo(ctypes.Structure):
    """``aez_field_info``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("type", c_uint32),
        ("bound_kind", c_uint32),
        ("bound", c_double),
        ("offset", c_uint64),
        ("absolute_bound", c_double),
        ("largest_error", c_double),
        ("rmse", c_double),
        ("minimum", c_double),
        ("maximum", c_double),
        ("missing", c_uint64),
    ]


class TrainOptions(ctypes.Structure):
    """``aez_train_options``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("kind", c_int32),
        ("latents", c_int32),
        ("hidden", POINTER(c_int32)),
        ("hidden_count", c_int32),
        ("decoder_hidden_count", c_int32),
        ("decoder_hidden", POINTER(c_int32)),
        ("activations", POINTER(c_int32)),
        ("activation_count", c_int32),
        ("activation", c_int32),
        ("latent_activation", c_int32),
        ("skip", c_int32),
        ("closed_form", c_int32),
        ("pretrain", c_int32),
        ("cosine", c_int32),
        ("loss", c_int32),
        ("optimizer", c_int32),
        ("batch_size", c_int32),
        ("epochs", c_int32),
        ("patience", c_int32),
        ("noise", c_int32),
        ("sparsity", c_int32),
        ("threads", c_int32),
        ("seed", c_uint64),
        ("maximum_records", c_uint64),
        ("learning_rate", c_double),
        ("momentum", c_double),
        ("warmup", c_double),
        ("weight_decay", c_double),
        ("dropout", c_double),
        ("validation", c_double),
        ("noise_amount", c_double),
        ("sparsity_weight", c_double),
        ("sparsity_target", c_double),
        ("contraction", c_double),
        ("beta", c_double),
    ]


class Progress(ctypes.Structure):
    """``aez_progress``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("epoch", c_int32),
        ("epoch_count", c_int32),
        ("train_loss", c_double),
        ("validation_loss", c_double),
    ]


PROGRESS_FN = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Progress))
WRITE_FN = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
READ_FN = ctypes.CFUNCTYPE(c_int32, c_void_p, c_uint64, c_void_p, c_size_t)

_ERROR = POINTER(Error)
_STATUS = c_int32
_SIGNATURES = {
    "aez_status_text": (c_char_p, [c_int32]),
    "aez_version": (c_uint32, []),
    "aez_instruction_set": (c_char_p, []),
    "aez_options_init": (None, [POINTER(Options)]),
    "aez_compress_bound": (c_size_t, [POINTER(Layout), c_uint64, POINTER(Options)]),
    "aez_compress": (
        _STATUS,
        [
            POINTER(Layout),
            c_void_p,
            c_uint64,
            POINTER(Options),
            c_void_p,
            c_size_t,
            POINTER(c_size_t),
            _ERROR,
        ],
    ),
    "aez_writer_open": (
        _STATUS,
        [POINTER(Layout), POINTER(Options), WRITE_FN, c_void_p, POINTER(c_void_p), _ERROR],
    ),
    "aez_writer_open_ranges": (
        _STATUS,
        [
            POINTER(Layout), c_void_p, c_void_p, POINTER(Options), WRITE_FN, c_void_p,
            POINTER(c_void_p), _ERROR,
        ],
    ),  # fmt: skip
    "aez_writer_append": (_STATUS, [c_void_p, c_void_p, c_uint64, _ERROR]),
    "aez_writer_finish": (_STATUS, [c_void_p, _ERROR]),
    "aez_writer_free": (None, [c_void_p]),
    "aez_ranges": (
        _STATUS,
        [POINTER(Layout), c_void_p, c_uint64, POINTER(c_int32), c_void_p, c_void_p, _ERROR],
    ),
    "aez_reader_open_memory_with_model": (
        _STATUS,
        [c_void_p, c_size_t, c_void_p, POINTER(c_void_p), _ERROR],
    ),
    "aez_reader_open_with_model": (
        _STATUS,
        [READ_FN, c_void_p, c_uint64, c_void_p, POINTER(c_void_p), _ERROR],
    ),
    "aez_reader_free": (None, [c_void_p]),
    "aez_reader_shape": (
        _STATUS,
        [c_void_p, POINTER(c_uint64), POINTER(c_size_t), POINTER(c_size_t)],
    ),
    "aez_reader_field": (_STATUS, [c_void_p, c_size_t, POINTER(FieldInfo)]),
    "aez_reader_metadata": (_STATUS, [c_void_p, POINTER(c_void_p), POINTER(c_size_t)]),
    "aez_reader_read": (
        _STATUS,
        [
            c_void_p,
            c_uint64,
            c_uint64,
            POINTER(c_size_t),
            c_size_t,
            c_int32,
            c_void_p,
            c_size_t,
            _ERROR,
        ],
    ),
    "aez_reader_verify": (_STATUS, [c_void_p, c_int32, _ERROR]),
    "aez_reader_info": (_STATUS, [c_void_p, c_char_p, c_size_t, POINTER(c_size_t), _ERROR]),
    "aez_reader_latent_count": (_STATUS, [c_void_p, POINTER(c_size_t)]),
    "aez_reader_latents": (
        _STATUS,
        [c_void_p, c_uint64, c_uint64, c_int32, c_void_p, c_size_t, _ERROR],
    ),
    "aez_reader_encode": (_STATUS, [c_void_p, c_void_p, c_uint64, c_void_p, c_size_t, _ERROR]),
    "aez_search": (
        _STATUS,
        [c_void_p, c_void_p, c_uint64, c_size_t, c_int32, c_void_p, c_void_p, _ERROR],
    ),
    "aez_train_options_init": (None, [POINTER(TrainOptions)]),
    "aez_train": (
        _STATUS,
        [
            POINTER(Layout),
            c_void_p,
            c_uint64,
            POINTER(TrainOptions),
            PROGRESS_FN,
            c_void_p,
            POINTER(c_void_p),
            _ERROR,
        ],
    ),
    "aez_trainer_open": (
        _STATUS,
        [POINTER(Layout), POINTER(TrainOptions), POINTER(c_void_p), _ERROR],
    ),
    "aez_trainer_append": (_STATUS, [c_void_p, c_void_p, c_uint64, _ERROR]),
    "aez_trainer_finish": (
        _STATUS,
        [c_void_p, PROGRESS_FN, c_void_p, POINTER(c_void_p), _ERROR],
    ),
    "aez_trainer_free": (None, [c_void_p]),
    "aez_model_load": (_STATUS, [c_void_p, c_size_t, POINTER(c_void_p), _ERROR]),
    "aez_model_save": (_STATUS, [c_void_p, c_void_p, c_size_t, POINTER(c_size_t), _ERROR]),
    "aez_model_free": (None, [c_void_p]),
    "aez_model_digest": (_STATUS, [c_void_p, c_void_p]),
    "aez_model_shape": (
        _STATUS,
        [c_void_p, POINTER(c_int32), POINTER(c_size_t), POINTER(c_size_t)],
    ),
    "aez_model_field": (_STATUS, [c_void_p, c_size_t, POINTER(Field)]),
    "aez_model_info": (_STATUS, [c_void_p, c_char_p, c_size_t, POINTER(c_size_t), _ERROR]),
    "aez_model_encode": (
        _STATUS,
        [c_void_p, POINTER(Layout), c_void_p, c_uint64, c_int32, c_void_p, c_size_t, _ERROR],
    ),
    "aez_model_decode": (
        _STATUS,
        [c_void_p, POINTER(Layout), c_void_p, c_uint64, c_int32, c_void_p, c_size_t, _ERROR],
    ),
    "aez_model_score": (
        _STATUS,
        [c_void_p, POINTER(Layout), c_void_p, c_uint64, c_int32, c_void_p, c_void_p, _ERROR],
    ),
    "aez_model_reconstruct": (
        _STATUS,
        [
            c_void_p,
            POINTER(Layout),
            c_void_p,
            c_uint64,
            c_int32,
            c_int32,
            c_int32,
            c_void_p,
            c_size_t,
            _ERROR,
        ],
    ),
    "aez_model_sample": (
        _STATUS,
        [c_void_p, POINTER(Layout), c_uint64, c_uint64, c_void_p, c_size_t, _ERROR],
    ),
    "aez_model_recommend": (
        _STATUS,
        [
            c_void_p,
            POINTER(Layout),
            c_void_p,
            c_uint64,
            c_size_t,
            c_int32,
            c_void_p,
            c_void_p,
            _ERROR,
        ],
    ),
}


def _candidates() -> Iterator[str]:
    """Where the library may be, best first."""
    name = "libaez.dylib" if sys.platform == "darwin" else "libaez.so"
    package = Path(__file__).resolve().parent
    yield str(package / name)
    for folder in package.parents:
        yield str(folder / ".build" / "release" / name)
    yield ctypes.util.find_library("aez") or f"{name}.0"


def _load() -> ctypes.CDLL:
    named = os.environ.get("AEZ_LIBRARY")
    if named:
        try:
            return ctypes.CDLL(named)
        except OSError as error:
            raise ImportError(f"AEZ_LIBRARY={named} cannot be loaded: {error}") from error
    for candidate in _candidates():
        if os.path.isabs(candidate) and not os.path.exists(candidate):
            continue
        try:
            return ctypes.CDLL(candidate)
        except OSError as error:
            reason = error
    raise ImportError(
        "libaez was found neither in AEZ_LIBRARY, nor beside this package, nor in a .build/release"
        " above it, nor in the system; build it with `swift build -c release --product aez`"
        f" ({reason})"
    )


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise ImportError(f"{library._name} is not the libaez of this package") from error
        function.restype = result
        function.argtypes = arguments
    version = library.aez_version()
    loaded = (version >> 16, version >> 8 & 0xFF)
    if loaded != HEADER_VERSION:
        raise ImportError(
            f"{library._name} is aezip {loaded[0]}.{loaded[1]}, but this package is for"
            f" {HEADER_VERSION[0]}.{HEADER_VERSION[1]}; install the matching one"
        )
    return library


#: The loaded library. Its functions release the GIL while they run.
library = _declare(_load())


def library_version() -> str:
    """The version of the library that is loaded, such as ``"0.1.0"``."""
    version = library.aez_version()
    return f"{version >> 16}.{version >> 8 & 0xFF}.{version & 0xFF}"


def instruction_set() -> str:
    """The kernels in use: ``"baseline"``, ``"avx2"`` or ``"avx512"``. Results are equal on all; the
    environment variable AEZ_CPU=0, 3 or 4 forces lower ones."""
    return library.aez_instruction_set().decode()


def check(status: int, error: Optional[Error] = None) -> None:
    """Raises the exception of a status that is not success."""
    if status == 0:
        return
    if error is None or not error.message:
        raise error_for_status(status, library.aez_status_text(status).decode())
    raise error_for_status(
        status,
        error.message.decode("utf-8", "replace"),
        error.record if error.record >= 0 else None,
        error.field if error.field >= 0 else None,
    )
