"""Opens containers and reads any part of them."""

from __future__ import annotations

import json
import operator
from types import TracebackType
from typing import Any, Dict, Iterator, Literal, Optional, Sequence, Tuple, Type, Union

import numpy as np

from ._description import Description, Metadata
from ._errors import InvalidArgumentError, OutOfMemoryError
from ._field import Field
from ._handle import Containing, ReaderHandle
from ._layout import PART_SIZE, RecordLayout
from ._model import Model
from ._options import model_handle, thread_count, whole
from ._selection import FieldKey, Selection, select

FieldKeys = Union[FieldKey, slice, Sequence[FieldKey]]


class Container:
    """An open container. Only the chunks that hold the wanted records are read and decoded.

        with aezip.open("file.aez") as f:
            f[100:200]             records 100 to 199
            f[5]                   one record
            f["pressure"]          a field of all records; of a matrix, f[:, 3]
            f[100:200, ["t", "v"]] some fields of some records

    ``numpy.asarray(f)`` restores everything. Any number of threads may read at the same time.

    Attributes:
        shape: that of the array that :meth:`read` returns: records first.
        original_shape: that of the array that was compressed; it differs from ``shape`` for a
            structured array of several axes, each element of which is a record.
        dtype: its dtype.
        fields: what is known of each stored field, :class:`Field`.
        metadata: what was given to :func:`aezip.compress`: bytes, a text, a dictionary, or None.
        threads: the threads that reading may use; 0: one per processor.
    """

    shape: Tuple[int, ...]
    original_shape: Tuple[int, ...]
    dtype: np.dtype
    fields: Tuple[Field, ...]
    metadata: Optional[Metadata]
    threads: int

    def __init__(
        self, source: Containing, *, threads: int = 0, model: Optional[Model] = None
    ) -> None:
        """As :func:`aezip.open`."""
        self.threads = thread_count(threads)
        handle = ReaderHandle(source, model_handle(model))
        self._handle: Optional[ReaderHandle] = handle
        infos = [handle.field(index) for index in range(handle.field_count)]
        names = [(info.name or b"").decode("utf-8", "replace") for info in infos]
        plain = RecordLayout.of_stored(
            names,
            [info.type for info in infos],
            [info.offset for info in infos],
            handle.record_size,
        )
        description = Description.decoded(handle.metadata, plain, handle.record_count)
        self._layout = description.layout
        self._fortran_order = description.fortran_order
        self.metadata = description.metadata
        self.original_shape = description.shape
        self.dtype = self._layout.dtype
        self.shape = (handle.record_count, *self._layout.tail)
        self.fields = tuple(
            Field.of(info, name, stored.dtype)
            for info, name, stored in zip(infos, names, self._layout.fields)
        )

    @property
    def info(self) -> Dict[str, Any]:
        """Shape, fields, bounds, errors, sections, what was chosen and why, as a dictionary."""
        return json.loads(self._open_handle().information())

    def read(
        self, start: int = 0, stop: Optional[int] = None, fields: Optional[FieldKeys] = None, *,
        out: Optional[np.ndarray] = None,
    ) -> np.ndarray:  # fmt: skip
        """Restores records ``start`` to ``stop - 1``; by default all.

        Args:
            fields: None for whole records; the name or index of a field; or several of them.
            out: an array of the result's shape and dtype to restore into.

        Returns:
            ``out`` or a new array. Whole records have the shape ``(stop - start, *shape[1:])``, one
            field ``(stop - start,)`` (a subarray its own axes too). Several columns of a matrix
            make a matrix, several fields of structured records structured records without padding.

        Raises:
            InvalidArgumentError: if the range leaves the records, or ``out`` does not fit.
            KeyError, IndexError: if there is no such field.
            AezipError: if the container is damaged.
        """
        count = len(self)
        stop = whole("stop", count if stop is None else stop, 0, count)
        start = whole("start", start, 0, stop)
        wanted = Selection(None, self.dtype, self.shape[1:])
        if fields is not None:
            wanted = select(self._layout, fields)
        shape = (stop - start, *wanted.tail)
        if out is not None and (out.shape != shape or out.dtype != wanted.dtype):
            raise InvalidArgumentError(
                f"out is {out.dtype} {out.shape}; it must be {wanted.dtype} {shape}"
            )
        if out is not None and not out.flags.writeable:
            raise InvalidArgumentError("out cannot be written to; give a writeable array")
        order: Literal["C", "F"] = "F" if self._fortran_order and fields is None else "C"
        result = _allocated(shape, wanted.dtype, order) if out is None else out
        native = wanted.dtype.newbyteorder("=")
        as_it_is = result.flags.c_contiguous and native == result.dtype
        direct = result if as_it_is else _allocated(shape, native)
        self._open_handle().read(start, stop - start, wanted.indices, self.threads, direct)
        if direct is not result:
            result[...] = direct
        return result

    def chunks(self, record_count: Optional[int] = None) -> Iterator[np.ndarray]:
        """All records in order, ``record_count`` at a time; by default as many as are coded
        together unless ``chunk_records`` said otherwise, so that each chunk is decoded once."""
        size = self._layout.record_size
        step = max(1, PART_SIZE // size, min(4096, 8 * PART_SIZE // size))
        if record_count is not None:
            step = whole("record_count", record_count, 1, 2**63 - 1)
        for start in range(0, len(self), step):
            yield self.read(start, min(start + step, len(self)))

    @property
    def latent_count(self) -> int:
        """Latents that are kept of a record; 0 if none are: see ``latents`` of
        :func:`aezip.compress`."""
        return self._open_handle().latent_count

    def latents(self, start: int = 0, stop: Optional[int] = None) -> np.ndarray:
        """The latents of records ``start`` to ``stop - 1`` as stored, without restoring records.

        Returns:
            float32 of shape ``(stop - start, latent_count)``.

        Raises:
            ModelMismatchError: if the container keeps no latents.
        """
        stop = whole("stop", len(self) if stop is None else stop, 0, len(self))
        start = whole("start", start, 0, stop)
        return self._open_handle().latents(start, stop - start, self.threads)

    def encode(self, records: object) -> np.ndarray:
        """The latents of other records, by the container's model.

        Args:
            records: of the container's fields; converted to their types. One record without the
                first axis is taken too.

        Returns:
            float32 of shape ``(records, latent_count)``, or ``(latent_count,)`` of one record.
        """
        array = np.asarray(records)
        if self.dtype.names is None:
            array = np.asarray(array, self.dtype)
        one = array.ndim == len(self._layout.tail)
        array = array[np.newaxis] if one else array
        if array.dtype != self.dtype or (
            self.dtype.names is None and array.shape[1:] != self._layout.tail
        ):
            raise InvalidArgumentError(
                f"the records are {array.dtype} of shape {array.shape}; the container's are"
                f" {self.dtype} of shape (n, {', '.join(map(str, self._layout.tail))})"
            )
        latents = self._open_handle().encode(self._layout.in_memory(array))
        return latents[0] if one else latents

    def search(self, query: object, k: int = 10) -> Tuple[np.ndarray, np.ndarray]:
        """As :func:`aezip.search`."""
        latents = self.encode(query)
        queries = np.ascontiguousarray(np.atleast_2d(latents))
        found, distances = self._open_handle().search(
            queries, whole("k", k, 1, 2**31), self.threads
        )
        return (found[0], distances[0]) if latents.ndim == 1 else (found, distances)

    def verify(self) -> None:
        """Checks every checksum and decodes every chunk.

        Raises:
            AezipError: if anything is damaged.
        """
        self._open_handle().verify(self.threads)

    def close(self) -> None:
        """Releases the container and closes a file that was opened by path."""
        self._handle = None

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        for records in self.chunks():
            yield from records

    def __getitem__(self, key: Any) -> Any:
        records, fields = key, None
        if isinstance(key, str) or (isinstance(key, list) and all(isinstance(k, str) for k in key)):
            records, fields = slice(None), key
        elif isinstance(key, tuple) and len(key) == 2:
            records, fields = key
        if records is Ellipsis:
            records = slice(None)
        if isinstance(records, slice):
            chosen = range(len(self))[records]
            low, high = sorted((chosen[0], chosen[-1])) if chosen else (0, -1)
            found = self.read(low, high + 1, fields)
            return found if chosen.step == 1 else found[:: chosen.step].copy()
        try:
            index = range(len(self))[operator.index(records)]
        except TypeError:
            raise TypeError(
                f"records are chosen by an integer or a slice, not by {records!r}; fields by name,"
                " or after a comma: f[:, [0, 3]]"
            ) from None
        except IndexError:
            raise IndexError(f"there is no record {records}; there are {len(self)}") from None
        return self.read(index, index + 1, fields)[0]

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> np.ndarray:
        if copy is False:
            raise ValueError("the records of a container are restored into new memory: copy=False")
        return self.read().astype(dtype or self.dtype, copy=False)

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "" if self._handle is not None else ", closed"
        return f"<aezip.Container of {self.shape} {self.dtype}{state}>"

    def _open_handle(self) -> ReaderHandle:
        if self._handle is None:
            raise InvalidArgumentError("the container is closed; open it again")
        return self._handle


def open(
    source: Containing, *, threads: int = 0, model: Optional[Model] = None
) -> Container:
    """Opens a container; only its header and index are read.

    Args:
        source: bytes or another buffer, which must not change while the container is open; a path;
            or a binary file object, whose container lies from its position to its end.
        threads: that reading may use; 0: one per processor.
        model: the model of a container that holds only its digest. Without it such a container can
            be described, but its records cannot be read.

    Raises:
        ModelMismatchError: if the container needs another model.
        NotAContainerError, UnsupportedVersionError, TruncatedError, CorruptedError: if it is not a
            container that this library reads, or damaged.
        OSError: if the file cannot be read.
    """
    return Container(source, threads=threads, model=model)


def search(
    source: Union[Container, Containing], query: object, k: int = 10, *, threads: int = 0
) -> Tuple[np.ndarray, np.ndarray]:
    """Finds the records of a container that are nearest to others in the space of its latents.

    The container must have been compressed with ``latents=``; no record is restored. Fields count
    in proportion to what their bounds are fine for; with one absolute bound for all fields the
    distance is nearly that of the records in units of twice the bound.

    Args:
        source: an open :class:`Container`, or what :func:`aezip.open` takes.
        query: records of the same fields, or one record.
        k: how many to find for each.
        threads: 0: one per processor; of an open container its own ``threads`` count.

    Returns:
        indices, int64 of shape ``(queries, k)`` or ``(k,)`` for one record, nearest first, -1 where
        there are no more; and distances, float32 of the same shape.

    Raises:
        ModelMismatchError: if the container keeps no latents.
        InvalidArgumentError: if the query has other fields.
    """
    if isinstance(source, Container):
        return source.search(query, k)
    with Container(source, threads=threads) as container:
        return container.search(query, k)


def _allocated(
    shape: Tuple[int, ...], dtype: np.dtype, order: Literal["C", "F"] = "C"
) -> np.ndarray:
    """New memory, zeroed, because padding has no value.

    Raises:
        OutOfMemoryError: if there is not enough.
    """
    try:
        return np.zeros(shape, dtype, order)
    except (MemoryError, ValueError) as error:
        raise OutOfMemoryError(f"no memory for records of shape {shape}: {error}") from error
