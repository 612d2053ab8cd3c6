"""An open ``aez_reader`` and what it reads from."""

from __future__ import annotations

import ctypes
import io
import mmap
import os
import weakref
from typing import IO, Any, List, Optional, Tuple, Union, cast

import numpy as np

from . import _library as c
from ._errors import BufferTooSmallError, InvalidArgumentError
from ._streams import PathLike, Source

#: What holds a container: a buffer, a path, or a binary file object.
Containing = Union[PathLike, bytes, bytearray, memoryview, np.ndarray, IO[bytes]]


class ReaderHandle:
    """Owns an ``aez_reader``, which is freed with the last reference to this object: a thread that
    reads keeps it alive while another closes the container.

    Attributes:
        record_count, field_count, record_size: the shape.
        metadata: the metadata section.
    """

    def __init__(self, containing: Containing, model: Optional[ctypes.c_void_p] = None) -> None:
        self._reader = ctypes.c_void_p()
        self._source: Optional[Source] = None
        error = c.Error()
        held = buffered(containing)
        if held is None:
            self._source = Source(cast(Any, containing))
            try:
                status = c.library.aez_reader_open_with_model(
                    self._source.function, None, self._source.size, model, self._reader, error
                )
                self._check(status, error)
            except BaseException:
                self._source.close()
                raise
        else:
            self._bytes = held  # must outlive the reader
            status = c.library.aez_reader_open_memory_with_model(
                self._bytes.ctypes.data, self._bytes.size, model, self._reader, error
            )
            c.check(status, error)
        weakref.finalize(self, _free, self._reader, self._source)
        records, fields, size = ctypes.c_uint64(), ctypes.c_size_t(), ctypes.c_size_t()
        c.check(c.library.aez_reader_shape(self._reader, records, fields, size))
        self.record_count, self.field_count = records.value, fields.value
        self.record_size = size.value
        self.metadata = self._metadata()

    def field(self, index: int) -> c.FieldInfo:
        """What the container says of a field."""
        info = c.FieldInfo()
        info.struct_size = ctypes.sizeof(c.FieldInfo)
        c.check(c.library.aez_reader_field(self._reader, index, info))
        return info

    def read(
        self, first: int, count: int, fields: Optional[List[int]], threads: int, out: np.ndarray
    ) -> None:
        """Restores records into contiguous memory; ``fields`` None means whole records."""
        error = c.Error()
        chosen = None if fields is None else (ctypes.c_size_t * len(fields))(*fields)
        status = c.library.aez_reader_read(
            self._reader, first, count, chosen, len(fields or ()), threads, out.ctypes.data,
            out.nbytes, error,
        )  # fmt: skip
        self._check(status, error)

    @property
    def latent_count(self) -> int:
        """Latents of a record; 0 if the container keeps none."""
        count = ctypes.c_size_t()
        c.check(c.library.aez_reader_latent_count(self._reader, count))
        return count.value

    def latents(self, first: int, count: int, threads: int) -> np.ndarray:
        """The stored latents of records."""
        out, error = np.empty((count, self.latent_count), np.float32), c.Error()
        status = c.library.aez_reader_latents(
            self._reader, first, count, threads, out.ctypes.data, out.nbytes, error
        )
        self._check(status, error)
        return out

    def encode(self, records: np.ndarray) -> np.ndarray:
        """The latents of records that lie in memory as the stored ones."""
        out, error = np.empty((len(records), self.latent_count), np.float32), c.Error()
        status = c.library.aez_reader_encode(
            self._reader, records.ctypes.data, len(records), out.ctypes.data, out.nbytes, error
        )
        self._check(status, error)
        return out

    def search(
        self, queries: np.ndarray, nearest: int, threads: int
    ) -> Tuple[np.ndarray, np.ndarray]:
        """The records whose latents are nearest to those of queries, and their distances."""
        shape, error = (len(queries), nearest), c.Error()
        records, distances = np.empty(shape, np.int64), np.empty(shape, np.float32)
        status = c.library.aez_search(
            self._reader, queries.ctypes.data, len(queries), nearest, threads,
            records.ctypes.data, distances.ctypes.data, error,
        )  # fmt: skip
        self._check(status, error)
        return records, distances

    def verify(self, threads: int) -> None:
        """Checks every checksum and decodes every chunk."""
        error = c.Error()
        self._check(c.library.aez_reader_verify(self._reader, threads, error), error)

    def information(self) -> bytes:
        """The description as JSON."""
        size, error = ctypes.c_size_t(), c.Error()
        capacity = 1 << 16
        while True:
            text = ctypes.create_string_buffer(capacity)
            status = c.library.aez_reader_info(self._reader, text, capacity, size, error)
            if status != BufferTooSmallError.status or size.value <= capacity:
                self._check(status, error)
                return text.value
            capacity = size.value

    def _metadata(self) -> bytes:
        start, size = ctypes.c_void_p(), ctypes.c_size_t()
        c.check(c.library.aez_reader_metadata(self._reader, start, size))
        return ctypes.string_at(start.value, size.value) if start.value else b""

    def _check(self, status: int, error: c.Error) -> None:
        if status and self._source is not None:
            self._source.reraise()
        c.check(status, error)


def buffered(containing: Any) -> Optional[np.ndarray]:
    """The bytes of a container in memory, not copied; of one in a pipe, which cannot be sought; or
    None for one in a file."""
    if isinstance(containing, (str, os.PathLike)):
        return None
    if isinstance(containing, io.TextIOBase):
        raise InvalidArgumentError("the file is opened as text; open it with mode 'rb'")
    if hasattr(containing, "read") and not isinstance(containing, mmap.mmap):
        if containing.seekable():
            return None
        containing = containing.read()
    try:
        view = memoryview(containing)
    except TypeError:
        raise InvalidArgumentError(
            f"a container is read from bytes, a path or a binary file object, not from"
            f" {type(containing).__name__}"
        ) from None
    if not view.c_contiguous:
        raise InvalidArgumentError("the buffer has gaps; give contiguous bytes")
    return np.frombuffer(view, np.uint8) if view.nbytes else np.empty(0, np.uint8)


def _free(reader: ctypes.c_void_p, source: Optional[Source]) -> None:
    c.library.aez_reader_free(reader)
    if source is not None:
        source.close()
