"""Files and buffers that containers are read from and written to, as callbacks of the library."""

from __future__ import annotations

import ctypes
import io
import os
import secrets
import stat
import threading
from typing import IO, Any, Optional, Union

from . import _library as c
from ._errors import InvalidArgumentError, TruncatedError

PathLike = Union[str, "os.PathLike[str]"]


class Source:
    """A container in a file: bytes at offsets, for any thread.

    Attributes:
        size: bytes of the container. That of a file object begins at its position.
        function: the callback for ``aez_reader_open``.
    """

    def __init__(self, file: Union[PathLike, IO[bytes]]) -> None:
        self._opened: Optional[IO[bytes]] = None
        if isinstance(file, (str, os.PathLike)):
            file = self._opened = open(file, "rb", buffering=0)
        self._file: IO[bytes] = file
        self._base = file.tell()
        self.size = file.seek(0, os.SEEK_END) - self._base
        self._lock = threading.Lock()
        self._error: Optional[BaseException] = None
        self.function = c.READ_FN(self._read)

    def _read(self, _context: None, offset: int, target: int, size: int) -> int:
        try:
            view = memoryview((ctypes.c_char * size).from_address(target)).cast("B")
            while view:
                count = self._read_some(view, offset)
                if count == 0:
                    raise TruncatedError(
                        f"the file ended at byte {offset}, before the {len(view)} bytes that belong"
                        " there; it was cut while it was read"
                    )
                view, offset = view[count:], offset + count
            return 0
        except BaseException as error:  # raised again by reraise(), outside the library
            self._error = error
            return 1

    def _read_some(self, view: memoryview, offset: int) -> int:
        if self._opened is not None and hasattr(os, "preadv"):
            return os.preadv(self._opened.fileno(), [view], offset)
        with self._lock:
            self._file.seek(self._base + offset)
            data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def reraise(self) -> None:
        """Raises what a callback raised since the last time, if anything."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        """Closes the file if it was opened here."""
        if self._opened is not None:
            self._opened.close()


class Sink:
    """Where a container goes: a path, which appears only once it is complete, or a file object.

    Attributes:
        size: bytes written so far.
        function: the callback for ``aez_writer_open``.
    """

    def __init__(self, target: Union[PathLike, IO[bytes]]) -> None:
        self.size = 0
        self._error: Optional[BaseException] = None
        self._path: Optional[str] = None
        self._partial: Optional[str] = None
        if isinstance(target, (str, os.PathLike)):
            self._path = os.fspath(target)
            self._file: Any = self._open(self._path)
        elif isinstance(target, io.TextIOBase) or not hasattr(target, "write"):
            raise InvalidArgumentError(
                "give a path, or a file object that is opened with mode 'wb'"
            )
        else:
            self._file = target
        self.function = c.WRITE_FN(self._write)

    def _open(self, path: str) -> IO[bytes]:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            return open(path, "wb", buffering=0)  # a device or a pipe cannot be replaced
        self._path = os.path.realpath(path)
        self._partial = f"{self._path}.{secrets.token_hex(4)}.partial"
        return open(self._partial, "xb", buffering=0)

    def _write(self, _context: None, source: int, size: int) -> int:
        try:
            view = memoryview(ctypes.string_at(source, size))
            while view:
                count = self._file.write(view)
                view = view[len(view) if count is None else count :]
            self.size += size
            return 0
        except BaseException as error:  # raised again by reraise(), outside the library
            self._error = error
            return 1

    @classmethod
    def write_all(cls, target: Union[PathLike, IO[bytes]], data: bytes) -> int:
        """Writes all bytes of a file at once; returns their number."""
        sink, done = cls(target), False
        try:
            done = sink.function(None, data, len(data)) == 0
            sink.reraise()
        finally:
            sink.close(complete=done)
        return len(data)

    def reraise(self) -> None:
        """Raises what a callback raised since the last time, if anything."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self, complete: bool) -> None:
        """Closes a file that was opened here; gives it its name if it is complete, else removes it.
        Further calls do nothing."""
        if self._path is None:
            return
        path, self._path = self._path, None
        self._file.close()
        if self._partial is None:
            return
        try:
            if complete:
                os.replace(self._partial, path)
        finally:
            if os.path.exists(self._partial):
                os.unlink(self._partial)
