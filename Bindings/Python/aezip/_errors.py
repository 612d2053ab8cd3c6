"""One exception for each status of ``aez.h`` that is a failure."""

from __future__ import annotations

from typing import ClassVar, Dict, Optional, Type


class AezipError(Exception):
    """A failure of aezip; the text says what is wrong and what to do.

    Attributes:
        status: the number of the failure in ``aez.h``, fixed for good.
        record: the index of the record concerned, or None.
        field: the index of the stored field concerned, or None.
    """

    status: ClassVar[int] = 0
    record: Optional[int]
    field: Optional[int]

    def __init__(
        self, message: str, record: Optional[int] = None, field: Optional[int] = None
    ) -> None:
        super().__init__(message)
        self.record = record
        self.field = field


class InvalidArgumentError(AezipError, ValueError):
    """The caller must change an argument."""

    status = 1


class UnrepresentableError(AezipError):
    """A value cannot be stored as asked: see ``record`` and ``field``."""

    status = 2


class NotAContainerError(AezipError):
    """The bytes do not begin as a container or model file does."""

    status = 3


class UnsupportedVersionError(AezipError):
    """Written by a newer aezip."""

    status = 4


class TruncatedError(AezipError):
    """Bytes are missing."""

    status = 5


class CorruptedError(AezipError):
    """A checksum or a declared value is wrong."""

    status = 6


class LimitExceededError(AezipError):
    """Larger than the library accepts."""

    status = 7


class ModelMismatchError(AezipError):
    """Another model is needed, or the model has other fields."""

    status = 8


class OutOfMemoryError(AezipError, MemoryError):
    """Memory could not be allocated."""

    status = 9


class BufferTooSmallError(AezipError):
    """The caller's buffer is too small."""

    status = 10


class InputOutputError(AezipError, OSError):
    """Reading or writing failed. A file's own exception is raised as it is, rather than this
    one."""

    status = 11


class CancelledError(AezipError):
    """A progress callback asked to stop."""

    status = 12


_BY_STATUS: Dict[int, Type[AezipError]] = {
    kind.status: kind for kind in AezipError.__subclasses__()
}


def error_for_status(
    status: int, message: str, record: Optional[int] = None, field: Optional[int] = None
) -> AezipError:
    """The exception for a status; ``AezipError`` itself for one that this binding does not know."""
    return _BY_STATUS.get(status, AezipError)(message, record, field)
