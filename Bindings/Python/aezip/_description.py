"""What a container keeps beside the records: the user's metadata, and of the numpy array what its
layout cannot tell (byte order, truth values and times, nesting, shape, order).

The metadata of a container is the user's bytes as they are, or, if there is more to keep, one line
of JSON, followed by a newline and the user's bytes if the metadata is bytes:

    {"aezip":{"dtype":">f4","tail":[],"order":"F","bytes":true},"user":...}

Every key of the inner object is left out where the default holds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional, Union

import numpy as np

from ._errors import InvalidArgumentError
from ._layout import RecordLayout
from ._stored_field import offset_in, title_in

Metadata = Union[bytes, str, Dict[str, Any]]

_PREFIX = b'{"aezip":'


@dataclass(frozen=True)
class Description:
    """Layout and order of the array, and the user's metadata."""

    layout: RecordLayout
    fortran_order: bool = False
    metadata: Optional[Metadata] = None

    @classmethod
    def of(
        cls, array: np.ndarray, layout: RecordLayout, metadata: Optional[Metadata]
    ) -> Description:
        """The description of an array."""
        return cls(layout, array.flags.f_contiguous and not array.flags.c_contiguous, metadata)

    def encoded(self, plain: RecordLayout) -> bytes:
        """The metadata section; ``plain`` is what the stored fields alone would be read as.

        Raises:
            InvalidArgumentError: if the metadata is of a wrong type or no JSON.
        """
        user = self.metadata
        kept: Dict[str, Any] = {}
        if self.layout.dtype != plain.dtype:
            kept["dtype"] = _dtype_to_json(self.layout.dtype)
        if kept or self.layout.tail != plain.tail:
            kept["tail"] = list(self.layout.tail)
        if self.fortran_order:
            kept["order"] = "F"
        if user is None or isinstance(user, (bytes, bytearray, memoryview)):
            raw = bytes(user or b"")
            if not kept and not raw.startswith(_PREFIX):
                return raw
            if user is not None:
                kept["bytes"] = True
            return _line({"aezip": kept}) + (b"\n" + raw if user is not None else b"")
        if not isinstance(user, (str, dict)):
            raise InvalidArgumentError(
                f"metadata is {type(user).__name__}; give bytes, a text or a dictionary of JSON"
                " values"
            )
        return _line({"aezip": kept, "user": user})

    @classmethod
    def decoded(cls, section: bytes, plain: RecordLayout) -> Description:
        """The inverse of :meth:`encoded`. A section that others wrote is the user's bytes."""
        if section.startswith(_PREFIX):
            try:
                return cls._from_line(section, plain)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                pass  # another program's JSON
        return cls(plain, metadata=section or None)

    @classmethod
    def _from_line(cls, section: bytes, plain: RecordLayout) -> Description:
        line, _, raw = section.partition(b"\n")
        document = json.loads(line)
        kept = document["aezip"]
        layout = plain
        if "tail" in kept:
            dtype = _dtype_from_json(kept["dtype"]) if "dtype" in kept else plain.dtype
            layout = RecordLayout.of(dtype, tuple(map(int, kept["tail"])))
            if not layout.same_storage(plain):
                raise ValueError("the description is not of these fields")
        user = raw if kept.get("bytes") else document.get("user")
        return cls(layout, kept.get("order") == "F", user)


def _line(document: Dict[str, Any]) -> bytes:
    try:
        return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"the metadata cannot be written as JSON: {error}") from error


def _dtype_to_json(dtype: np.dtype) -> Any:
    """A text for a number, ``[element, shape]`` for a subarray, an object for a structure."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return [_dtype_to_json(base), list(shape)]
    if dtype.names is None:
        return dtype.str
    described: Dict[str, Any] = {
        "names": list(dtype.names),
        "formats": [_dtype_to_json(dtype[name]) for name in dtype.names],
        "offsets": [offset_in(dtype, name) for name in dtype.names],
        "itemsize": dtype.itemsize,
    }
    titles = [title_in(dtype, name) for name in dtype.names]
    if any(titles):
        described["titles"] = titles
    return described


def _dtype_from_json(value: Any) -> np.dtype:
    if isinstance(value, str):
        return np.dtype(value)
    if isinstance(value, list):
        base, shape = value
        return np.dtype((_dtype_from_json(base), tuple(map(int, shape))))
    formats = [_dtype_from_json(each) for each in value["formats"]]
    return np.dtype({**value, "formats": formats})  # type: ignore[call-overload]
