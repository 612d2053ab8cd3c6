"""What the metadata says of an array is believed only where it fits the stored fields."""

import json

import numpy as np
import pytest
from aezip._description import Description
from aezip._layout import RecordLayout

PLAIN = RecordLayout.of(np.dtype("u1"), (6,))


def said(count=4, **members) -> bytes:
    kept = {"format": "npy", "descr": "'|u1'", "fortran": False, "shape": [count, 6], **members}
    return json.dumps({"aezip": kept}).encode()


@pytest.mark.parametrize(
    "members, dtype, shape",
    [
        ({}, "u1", (4, 6)),
        ({"descr": "'|b1'"}, "?", (4, 6)),
        ({"shape": [4, 3, 2]}, "u1", (4, 3, 2)),
        ({"shape": [-1, 6]}, "u1", (4, 6)),
        ({"fortran": True}, "u1", (4, 6)),
        ({"descr": "[('a', '|u1'), ('b', '|b1', (5,))]", "shape": [4]}, None, (4,)),
        ({"descr": "[('a', '|u1'), ('b', '|b1', (5,))]", "shape": [2, 2]}, None, (2, 2)),
        ({"descr": "[('a', '|u1'), ('b', '|b1', (5,))]", "shape": [-1]}, None, (4,)),
    ],
)
def test_what_the_command_or_a_stream_says_is_believed(members, dtype, shape):
    described = Description.decoded(said(**members), PLAIN, 4)
    expected = np.dtype(dtype) if dtype else np.dtype([("a", "u1"), ("b", "?", (5,))])
    assert (described.layout.dtype, described.shape) == (expected, shape)
    assert described.fortran_order == members.get("fortran", False)
    assert described.metadata is None


@pytest.mark.parametrize(
    "section",
    [
        b"\0\1\2",
        b"{",
        b"[1]",
        b'{"other":1}',
        b'{"aezip":5}',
        b'{"a":' * 100_000,
        b'{"aezip":' * 100_000,
        said(format="csv"),
        said(descr="'|O'"),
        said(descr="'<f4'"),
        said(descr="__import__('os').abort()"),
        said(descr="(" * 100_000),
        said(descr="-" * 1_000_000 + "1"),
        said(descr="[" * 150 + "]" * 150),
        said(descr="('|V0', (1000000000, 1000000000))"),
        said(descr="[('a', '|u1', (1000000000000,))]", shape=[4]),
        said(descr="{'names':['a'],'formats':['|u1'],'offsets':[5],'itemsize':6}", shape=[4]),
        said(descr=5),
        said(shape=[4, 7]),
        said(shape=[5, 6]),
        said(shape=[4, -6]),
        said(shape=[]),
        said(shape=["4", None]),
        said(shape=7),
        said(shape=[4, 10**30]),
        b'{"aezip":{},"bytes":"%"}',
    ],
)
def test_what_does_not_fit_is_the_bytes_of_another_program(section):
    described = Description.decoded(section, PLAIN, 4)
    assert described == Description(PLAIN, (4, 6), metadata=section)
