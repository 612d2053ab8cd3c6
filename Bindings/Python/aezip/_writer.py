"""Writes a container as a stream."""

from __future__ import annotations

import ctypes
import threading
import weakref
from types import TracebackType
from typing import IO, Optional, Sequence, Tuple, Type, Union

import numpy as np

from . import _library as c
from ._bounds import Bounds, resolve
from ._description import Description, Metadata
from ._errors import InvalidArgumentError
from ._layout import RecordLayout, as_records
from ._model import Model
from ._options import make_options
from ._ranges import Ranges
from ._streams import PathLike, Sink


class Writer:
    """Writes records to a container batch by batch, in memory that does not grow with their number.

        with aezip.Writer("log.aez", numpy.dtype([("t", "f8"), ("v", "f4")]), abs=1e-3) as writer:
            for batch in batches:
                writer.append(batch)

    Leaving the context finishes the container; leaving it with an exception removes what was
    written to a path. Any thread may append, one at a time.

    Attributes:
        record_count: records appended so far.
        size: bytes written so far; all of them after :meth:`close`.
    """

    def __init__(
        self, file: Union[PathLike, IO[bytes]], like: Union[np.ndarray, np.dtype], *,
        rel: Optional[Bounds] = None, abs: Optional[Bounds] = None, exact: bool = False,
        ranges: Optional[Ranges] = None, level: int = 6, latents: Optional[int] = None,
        threads: int = 0, chunk_records: int = 0, metadata: Optional[Metadata] = None,
        model: Optional[Model] = None, embed_model: bool = True,
    ) -> None:  # fmt: skip
        """Starts a container.

        Args:
            file: a path, which appears only when the container is complete, or a binary file
                object.
            like: what the records are like: an array, of which only dtype and shape without the
                first axis count, or the dtype of a record, such as ``numpy.dtype(("f4", (32,)))``
                for the rows of a matrix with 32 columns.
            ranges: for relative bounds, minima and maxima of every field over all records to come,
                as :func:`aezip.ranges` returns them.
            rel, abs, exact, level, latents, threads, chunk_records, metadata, model, embed_model:
                as in :func:`aezip.compress`.

        Raises:
            InvalidArgumentError: if an argument is wrong, or a bound is relative and there are no
                ranges.
            OSError: if ``file`` cannot be written.
        """
        if isinstance(like, np.ndarray):
            _, layout = as_records(like)
        else:
            layout = RecordLayout.of(np.dtype(like), ())
        bounds = resolve(layout.fields, rel, abs, exact)
        if ranges is None and any(kind == c.RELATIVE for kind, _ in bounds):
            raise InvalidArgumentError(
                "a relative bound needs the range of all records before the first is written; give"
                " ranges=aezip.ranges(records), or absolute bounds"
            )
        description = Description(layout, (-1, *layout.tail), metadata=metadata)
        options = make_options(
            level=level, latents=latents, threads=threads, chunk_records=chunk_records,
            metadata=description.encoded(), model=model, embed_model=embed_model,
        )  # fmt: skip
        self._start(file, layout, bounds, options, ranges)

    @classmethod
    def started(
        cls,
        file: Union[PathLike, IO[bytes]],
        layout: RecordLayout,
        bounds: Sequence[Tuple[int, float]],
        options: c.Options,
        ranges: Optional[Ranges] = None,
    ) -> Writer:
        """A writer for what is known already: what :func:`aezip.compress` uses."""
        writer = cls.__new__(cls)
        writer._start(file, layout, bounds, options, ranges)
        return writer

    def _start(
        self,
        file: Union[PathLike, IO[bytes]],
        layout: RecordLayout,
        bounds: Sequence[Tuple[int, float]],
        options: c.Options,
        ranges: Optional[Ranges],
    ) -> None:
        self.record_count = 0
        self._layout = layout
        self._lock = threading.Lock()
        self._handle: Optional[ctypes.c_void_p] = ctypes.c_void_p()
        self._error = c.Error()
        self._sink = Sink(file)
        try:
            described = layout.for_library(bounds)
            rest = (options, self._sink.function, None, self._handle, self._error)
            if ranges is None:
                status = c.library.aez_writer_open(described, *rest)
            else:
                minima, maxima = (
                    np.ascontiguousarray(
                        np.broadcast_to(np.asarray(each, np.float64), len(layout.fields))
                    )
                    for each in ranges
                )
                status = c.library.aez_writer_open_ranges(
                    described, minima.ctypes.data, maxima.ctypes.data, *rest
                )
            self._check(status)
        except BaseException:
            self._sink.close(complete=False)
            raise
        self._free = weakref.finalize(self, _free, self._handle, self._sink)

    @property
    def size(self) -> int:
        return self._sink.size

    def append(self, records: object) -> None:
        """Adds records, of the dtype and the shape without the first axis that the writer was
        started with. What is C-contiguous and in native byte order is not copied.

        Raises:
            InvalidArgumentError: if they are others, or the writer is closed.
            OSError: if the file cannot be written.
        """
        array, layout = as_records(records)
        if layout.tail != self._layout.tail or layout.native != self._layout.native:
            raise InvalidArgumentError(
                f"records of {layout.dtype} and shape (n, *{layout.tail}) are appended to"
                f" {self._layout.dtype} and (n, *{self._layout.tail})"
            )
        with self._lock:
            for part in layout.parts(array):
                status = c.library.aez_writer_append(
                    self._open_handle(), part.ctypes.data, len(part), self._error
                )
                self._check(status)
                self.record_count += len(part)

    def close(self) -> None:
        """Writes what is pending and gives a path its name. Further calls do nothing.

        Raises:
            OSError: if the file cannot be written.
        """
        with self._lock:
            if self._handle is None:
                return
            try:
                self._check(c.library.aez_writer_finish(self._handle, self._error))
            except BaseException:
                self._end(complete=False)
                raise
            self._end(complete=True)

    def abort(self) -> None:
        """Gives up: removes what was written to a path. Does nothing to a closed writer."""
        with self._lock:
            self._end(complete=False)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abort()

    def _open_handle(self) -> ctypes.c_void_p:
        if self._handle is None:
            raise InvalidArgumentError("the writer is closed; start another")
        return self._handle

    def _check(self, status: int) -> None:
        if status:
            self._sink.reraise()
        c.check(status, self._error)

    def _end(self, complete: bool) -> None:
        if self._handle is not None:
            self._handle = None
            try:
                self._sink.close(complete)
            finally:
                self._free()


def _free(handle: ctypes.c_void_p, sink: Sink) -> None:
    c.library.aez_writer_free(handle)
    sink.close(complete=False)
