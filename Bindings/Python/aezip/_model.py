"""Models: autoencoders that learned from records."""

from __future__ import annotations

import ctypes
import json
import weakref
from typing import IO, Any, Dict, List, Optional, Tuple, Union

import numpy as np

from . import _library as c
from ._errors import InvalidArgumentError
from ._handle import Containing, buffered
from ._layout import RecordLayout, as_records
from ._options import thread_count, whole
from ._streams import PathLike, Sink, Source

KINDS = {"linear": 1, "deep": 2, "sparse": 3, "denoising": 4, "contractive": 5, "variational": 6}


class Model:
    """An autoencoder: it maps a record to a few latents and back.

        model = aezip.train(records, kind="deep", latents=8)
        latents = model.encode(records)      float32, (records, 8)
        again = model.decode(latents)        like the records
        model.score(records)                 how badly it knows each: large for anomalies
        model.reconstruct(records)           without noise, missing values filled in
        model.save("m.aezm"); model = aezip.load("m.aezm")

    A model does not change; any number of threads may use it, and it can be pickled. It applies to
    records of any types with as many fields as it learned from, of the same names where both have
    names. ``threads`` is 0 for one per processor; results do not depend on it.

    Attributes:
        kind: ``"linear"``, ``"deep"``, ``"sparse"``, ``"denoising"``, ``"contractive"`` or
            ``"variational"``.
        latent_count: latents of a record.
        field_count: fields of a record.
        field_names: their names; empty texts for the columns of a matrix.
        dtype: of the records that it learned from, which :meth:`decode` returns.
        tail: the shape of one such record.
        digest: its identity, a SHA-256 in hexadecimal digits.
    """

    def __init__(self, handle: ctypes.c_void_p, layout: Optional[RecordLayout] = None) -> None:
        """Not for callers: see :func:`aezip.train` and :func:`aezip.load`."""
        self._handle = handle
        weakref.finalize(self, c.library.aez_model_free, handle)
        kind, fields, latents = ctypes.c_int32(), ctypes.c_size_t(), ctypes.c_size_t()
        c.check(c.library.aez_model_shape(handle, kind, fields, latents))
        self.kind: str = {number: name for name, number in KINDS.items()}[kind.value]
        self.field_count: int = fields.value
        self.latent_count: int = latents.value
        described = [self._field(index) for index in range(self.field_count)]
        self.field_names: List[str] = [
            (field.name or b"").decode("utf-8", "replace") for field in described
        ]
        if layout is None:
            layout = RecordLayout.of_stored(
                self.field_names,
                [field.type for field in described],
                [field.offset for field in described],
                max(field.offset + _SIZES[field.type] for field in described),
            )
        self._layout = layout
        self.dtype: np.dtype = layout.dtype
        self.tail: Tuple[int, ...] = layout.tail
        digest = ctypes.create_string_buffer(32)
        c.check(c.library.aez_model_digest(handle, digest))
        self.digest: str = digest.raw.hex()

    @property
    def info(self) -> Dict[str, Any]:
        """What is known of the model as a dictionary: kind, layers, fields, training."""
        return json.loads(_sized(c.library.aez_model_info, self._handle, 1 << 16)[:-1])

    @property
    def history(self) -> np.ndarray:
        """The losses after every epoch of the training: float64 of shape ``(epochs, 2)``, over the
        records learned from and over those held out (NaN if there were none)."""
        return np.array(self.info["history"], np.float64).reshape(-1, 2)

    def encode(self, records: object, *, threads: int = 0) -> np.ndarray:
        """Records to latents. Missing values count as the mean.

        Returns:
            float32 of shape ``(records, latent_count)``.

        Raises:
            ModelMismatchError: if the records have other fields.
        """
        array, layout, described = self._taken(records)
        latents = np.empty((len(array), self.latent_count), np.float32)
        self._call(
            "aez_model_encode", described, array.ctypes.data, len(array), thread_count(threads),
            latents.ctypes.data, latents.nbytes,
        )  # fmt: skip
        return latents

    def decode(
        self, latents: object, *, dtype: Optional[Any] = None, threads: int = 0
    ) -> np.ndarray:
        """Latents to records, rounded and limited to the types of their fields.

        Args:
            latents: of shape ``(records, latent_count)``.
            dtype: of the records to return; by default that of those that the model learned from.
        """
        latents = np.ascontiguousarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent_count:
            raise InvalidArgumentError(
                f"the latents have the shape {latents.shape}; it must be (n, {self.latent_count})"
            )
        layout, records = self._made(len(latents), dtype)
        self._call(
            "aez_model_decode", self._described(layout), latents.ctypes.data, len(latents),
            thread_count(threads), records.ctypes.data, records.nbytes,
        )  # fmt: skip
        return records.astype(layout.dtype, copy=False)

    def score(
        self, records: object, *, per_field: bool = False, threads: int = 0
    ) -> Union[np.ndarray, Tuple[np.ndarray, np.ndarray]]:
        """How badly the model knows each record: the mean over its fields of the squared error, in
        units of the field's spread. Anomalies have large scores.

        Args:
            per_field: also return the mean of every field over the records.

        Returns:
            float64 of shape ``(records,)``, NaN for a record without values; and of shape
            ``(field_count,)``.
        """
        array, _, described = self._taken(records)
        scores = np.empty(len(array))
        fields = np.empty(self.field_count) if per_field else None
        self._call(
            "aez_model_score", described, array.ctypes.data, len(array), thread_count(threads),
            scores.ctypes.data, fields.ctypes.data if fields is not None else None,
        )  # fmt: skip
        return scores if fields is None else (scores, fields)

    def reconstruct(
        self, records: object, *, only_missing: bool = False, iterations: int = 10, threads: int = 0
    ) -> np.ndarray:
        """What the model makes of records: disturbed values as they are likely to have been, NaN
        filled in.

        Args:
            only_missing: keep the values that are there as they are.
            iterations: how often missing values are predicted anew.

        Returns:
            An array like ``records``.
        """
        array, layout, described = self._taken(records)
        restored = np.empty_like(array)
        self._call(
            "aez_model_reconstruct", described, array.ctypes.data, len(array),
            int(bool(only_missing)), whole("iterations", iterations, 1, 2**31 - 1),
            thread_count(threads), restored.ctypes.data, restored.nbytes,
        )  # fmt: skip
        return restored.astype(layout.dtype, copy=False)

    def sample(
        self, count: int, *, seed: int = 0, dtype: Optional[Any] = None
    ) -> np.ndarray:
        """New records like those that a variational model learned from; the same for the same
        seed."""
        count = whole("count", count, 0, 2**40)
        layout, records = self._made(count, dtype)
        self._call(
            "aez_model_sample", self._described(layout), count, whole("seed", seed, 0, 2**64 - 1),
            records.ctypes.data, records.nbytes,
        )  # fmt: skip
        return records.astype(layout.dtype, copy=False)

    def recommend(
        self, records: object, k: int = 10, *, scores: bool = False, threads: int = 0
    ) -> Union[np.ndarray, Tuple[np.ndarray, np.ndarray]]:
        """For records of 0 and 1, such as baskets: the fields that are 0 or missing in a record and
        that the model expects most.

        Args:
            k: how many fields for each record.
            scores: also return the values that the model expects.

        Returns:
            Indices of fields, int64 of shape ``(records, k)``, most expected first, -1 where there
            are no more; and float64 values, NaN there.
        """
        array, _, described = self._taken(records)
        shape = (len(array), whole("k", k, 1, 2**31))
        fields, values = np.empty(shape, np.int64), np.empty(shape)
        self._call(
            "aez_model_recommend", described, array.ctypes.data, len(array), shape[1],
            thread_count(threads), fields.ctypes.data, values.ctypes.data,
        )  # fmt: skip
        return (fields, values) if scores else fields

    def save(self, file: Union[PathLike, IO[bytes]]) -> None:
        """Writes the model file, by convention ``.aezm``. A path appears only when it is complete.

        Raises:
            OSError: if it cannot be written.
        """
        Sink.write_all(file, bytes(self))

    def __bytes__(self) -> bytes:
        return _sized(c.library.aez_model_save, self._handle, 1 << 16)

    def __reduce__(self) -> Tuple[Any, ...]:
        return _unpickled, (bytes(self), self.dtype, self.tail)

    def __repr__(self) -> str:
        return (
            f"<aezip.Model {self.kind}, {self.field_count} fields, {self.latent_count} latents,"
            f" {self.digest[:12]}>"
        )

    def _field(self, index: int) -> c.Field:
        field = c.Field()
        c.check(c.library.aez_model_field(self._handle, index, field))
        return field

    def _taken(self, records: object) -> Tuple[np.ndarray, RecordLayout, c.Layout]:
        array, layout = as_records(records)
        return layout.in_memory(array), layout, self._described(layout)

    def _made(self, count: int, dtype: Optional[Any]) -> Tuple[RecordLayout, np.ndarray]:
        """The layout of records that are returned, and memory for them."""
        layout = self._layout
        if dtype is not None:
            given = np.dtype(dtype)
            layout = RecordLayout.of(given, () if given.names else self.tail or (self.field_count,))
        return layout, np.zeros((count, *layout.tail), layout.native)

    @staticmethod
    def _described(layout: RecordLayout) -> c.Layout:
        return layout.for_library([(c.EXACT, 0.0)] * len(layout.fields))

    def _call(self, name: str, *arguments: Any) -> None:
        error = c.Error()
        c.check(getattr(c.library, name)(self._handle, *arguments, error), error)


def load(source: Containing) -> Model:
    """Reads a model file.

    Args:
        source: bytes or another buffer, a path, or a binary file object.

    Raises:
        NotAContainerError, UnsupportedVersionError, TruncatedError, CorruptedError: if it is no
            model that this library reads, or damaged.
        OSError: if the file cannot be read.
    """
    held = buffered(source)
    if held is None:
        file = Source(source)  # type: ignore[arg-type]
        try:
            held = np.empty(file.size, np.uint8)
            file.function(None, 0, held.ctypes.data, file.size)
            file.reraise()
        finally:
            file.close()
    return Model(_loaded(held))


def _loaded(data: np.ndarray) -> ctypes.c_void_p:
    handle, error = ctypes.c_void_p(), c.Error()
    c.check(c.library.aez_model_load(data.ctypes.data, data.size, handle, error), error)
    return handle


def _unpickled(data: bytes, dtype: np.dtype, tail: Tuple[int, ...]) -> Model:
    return Model(_loaded(np.frombuffer(data, np.uint8)), RecordLayout.of(dtype, tail))


def _sized(function: Any, handle: ctypes.c_void_p, capacity: int) -> bytes:
    """What the library writes into a buffer whose size it tells."""
    size, error = ctypes.c_size_t(), c.Error()
    while True:
        data = ctypes.create_string_buffer(capacity)
        status = function(handle, data, capacity, size, error)
        if size.value <= capacity:
            c.check(status, error)
            return data.raw[: size.value]
        capacity = size.value


_SIZES = {1: 4, 2: 8, 3: 1, 4: 2, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8}
