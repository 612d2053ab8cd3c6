"""What a container keeps beside the records: the user's metadata, and of the array what the stored
fields cannot tell (byte order, truth values and times, nesting, shape, order).

The metadata of a container is the user's bytes as they are, or, if there is more to keep, JSON:

    {"aezip":{"format":"npy","descr":"'>f4'","fortran":false,"shape":[100]},"user":...}

``descr``, ``fortran`` and ``shape`` are those of a ``.npy`` file's header, as the command ``aezip``
keeps them too. A stream, whose number of records is not known when it starts, says -1 for it. The
inner object is empty if there is nothing to describe; ``user`` is a text or an object, and bytes
are kept in ``bytes`` as Base64.
"""

from __future__ import annotations

import ast
import base64
import json
import math
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple, Union

import numpy as np
from numpy.lib import format as npy

from ._errors import InvalidArgumentError
from ._layout import RecordLayout

Metadata = Union[bytes, str, Dict[str, Any]]


@dataclass(frozen=True)
class Description:
    """The array that was compressed, and the user's metadata.

    Attributes:
        layout: how a record of it lies in memory.
        shape: its shape; the first extent is -1 if it is not known.
        fortran_order: whether it is a matrix that lies in memory column by column.
    """

    layout: RecordLayout
    shape: Tuple[int, ...]
    fortran_order: bool = False
    metadata: Optional[Metadata] = None

    @classmethod
    def of(
        cls, array: np.ndarray, layout: RecordLayout, metadata: Optional[Metadata]
    ) -> Description:
        """The description of an array."""
        by_column = array.flags.f_contiguous and not array.flags.c_contiguous
        is_matrix = array.ndim == 2 and layout.dtype.names is None
        return cls(layout, array.shape, by_column and is_matrix, metadata)

    def encoded(self) -> bytes:
        """The metadata section.

        Raises:
            InvalidArgumentError: if the metadata is of a wrong type or no JSON.
        """
        user = self.metadata
        plain = self.layout.stored()
        told = self.layout.dtype == plain.dtype and self.layout.tail == plain.tail
        kept: Dict[str, Any] = {}
        if not told or self.fortran_order or self.shape[1:] != self.layout.tail:
            descr = repr(_descr(self.layout.dtype))
            kept = {"format": "npy", "descr": descr, "fortran": self.fortran_order}
            kept["shape"] = self.shape
        document: Dict[str, Any] = {"aezip": kept}
        if isinstance(user, (bytes, bytearray, memoryview)):
            if not kept and _document(bytes(user)) is None:
                return bytes(user)
            document["bytes"] = base64.b64encode(user).decode()
        elif isinstance(user, (str, dict)):
            document["user"] = user
        elif user is not None:
            raise InvalidArgumentError(
                f"metadata is {type(user).__name__}; give bytes, a text or a dictionary of JSON"
                " values"
            )
        elif not kept:
            return b""
        try:
            return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidArgumentError(
                f"the metadata cannot be written as JSON: {error}"
            ) from error

    @classmethod
    def decoded(cls, section: bytes, plain: RecordLayout, record_count: int) -> Description:
        """The inverse of :meth:`encoded`; ``plain`` is what the stored fields alone are read as.
        A section that others wrote is the user's bytes."""
        document = _document(section)
        if document is not None:
            try:
                return cls._from_document(document, plain, record_count)
            except (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError):
                pass  # another program's JSON
        return cls(plain, (record_count, *plain.tail), metadata=section or None)

    @classmethod
    def _from_document(
        cls, document: Dict[str, Any], plain: RecordLayout, record_count: int
    ) -> Description:
        user = document.get("user")
        if "bytes" in document:
            user = base64.b64decode(document["bytes"], validate=True)
        kept = document["aezip"]
        if not kept:
            return cls(plain, (record_count, *plain.tail), metadata=user)
        if kept["format"] != "npy":
            raise ValueError("the description is of another format")
        first, *tail = map(int, kept["shape"])
        shape = (record_count if first == -1 else first, *tail)
        dtype = _dtype(ast.literal_eval(kept["descr"]))
        layout = RecordLayout.of(dtype, tail if dtype.names is None else ())
        records = shape[0] if dtype.names is None else math.prod(shape)
        if records != record_count or min(shape) < 0 or not layout.same_storage(plain):
            raise ValueError("the description is not of these records")
        return cls(layout, shape, bool(kept["fortran"]) and len(shape) == 2, user)


def _document(section: bytes) -> Optional[Dict[str, Any]]:
    """The JSON of a section, or None if it is not as above."""
    if not section.startswith(b"{"):
        return None
    try:
        document = json.loads(section)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document.get("aezip"), dict) else None


def _descr(dtype: np.dtype) -> Any:
    """As ``numpy.lib.format.dtype_to_descr``, but a dictionary for fields that are not in order."""
    if dtype.subdtype is not None:
        return _descr(dtype.subdtype[0]), dtype.subdtype[1]
    try:
        return npy.dtype_to_descr(dtype)
    except ValueError:
        fields = [dtype.fields[name] for name in dtype.names or ()]  # type: ignore[index]
        return {
            "names": list(dtype.names or ()),
            "formats": [_descr(field[0]) for field in fields],
            "offsets": [field[1] for field in fields],
            "itemsize": dtype.itemsize,
        }


def _dtype(descr: Any) -> np.dtype:
    """The inverse of :func:`_descr`."""
    if isinstance(descr, dict):
        formats = [_dtype(inner) for inner in descr["formats"]]
        return np.dtype({**descr, "formats": formats})  # type: ignore[call-overload]
    if isinstance(descr, tuple):
        return np.dtype((_dtype(descr[0]), descr[1]))
    return npy.descr_to_dtype(descr)
