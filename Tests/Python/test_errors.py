"""Wrong arguments and damaged containers raise the exception of their kind, with advice."""

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import aezip
import numpy as np
import pytest
from aezip import _errors, _library

HEADER = Path(__file__).resolve().parents[2] / "Include" / "aez.h"
RECORDS = np.cumsum(np.random.default_rng(9).normal(size=(300, 3)), axis=0)
BLOB = aezip.compress(RECORDS, abs=0.01, chunk_records=100, metadata=b"kept")


def test_every_status_of_the_header_has_one_exception():
    enumeration = re.search(r"enum \{\s+AEZ_OK = 0,(.*?)\};", HEADER.read_text(), re.S)
    statuses = re.findall(r"AEZ_(\w+) = (\d+)", enumeration[1])
    named = {int(number): name for name, number in statuses if int(number) > 0}
    assert set(named) == set(_errors._BY_STATUS)
    for number, name in named.items():
        kind = _errors._BY_STATUS[number]
        words = kind.__name__.replace("InputOutput", "Io").replace("Error", "")
        assert words.lower() == name.replace("_", "").lower()
        assert getattr(aezip, kind.__name__) is kind
        assert _library.library.aez_status_text(number)
    assert len(_errors._BY_STATUS) == 12


def test_every_function_of_the_header_is_declared_with_as_many_arguments():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    functions = dict(re.findall(r"(aez_\w+)\(([^()]*)\);", text))
    assert set(functions) == set(_library._SIGNATURES) | {
        "aez_decompress", "aez_decompress_with_model", "aez_reader_open", "aez_reader_open_memory"
    }  # fmt: skip
    for name, (_, arguments) in _library._SIGNATURES.items():
        declared = [] if functions[name] == "void" else functions[name].split(",")
        assert len(arguments) == len(declared), name


def test_structures_are_as_large_as_the_library_expects():
    options = _library.Options()
    _library.library.aez_options_init(options)
    assert options.struct_size == ctypes.sizeof(_library.Options)
    assert (options.level, options.latents) == (6, _library.LATENTS_AUTO)


@pytest.mark.parametrize(
    "asked, advice",
    [
        ({}, "exactly one of rel=, abs= and exact=True"),
        ({"rel": 0.1, "abs": 0.1}, "exactly one"),
        ({"rel": 0.1, "exact": True}, "exactly one"),
        ({"abs": -1}, "not negative"),
        ({"abs": np.nan}, "finite"),
        ({"rel": np.inf}, "finite"),
        ({"abs": "much"}, "finite number"),
        ({"abs": True}, "finite number"),
        ({"abs": [1, 2]}, "2 bounds for 3 fields"),
        ({"abs": {"x": 1}}, "'x', which is no field"),
        ({"abs": {3: 1}}, "3, which is no field"),
        ({"abs": {0: 1}, "rel": {0: 1}}, "two bounds"),
        ({"abs": 1, "level": 0}, "level is 0"),
        ({"abs": 1, "level": 10}, "level is 10"),
        ({"abs": 1, "level": 2.5}, "level is 2.5"),
        ({"abs": 1, "threads": -1}, "threads is -1"),
        ({"abs": 1, "latents": -1}, "latents is -1"),
        ({"abs": 1, "chunk_records": -1}, "chunk_records is -1"),
        ({"abs": 1, "metadata": 5}, "metadata is int"),
        ({"abs": 1, "metadata": {"a": {1}}}, "JSON"),
        ({"abs": 1, "metadata": b"x" * (2**24 + 1)}, "metadata"),
    ],
)
def test_wrong_options_are_refused_with_advice(asked, advice):
    with pytest.raises(aezip.InvalidArgumentError, match=advice) as caught:
        aezip.compress(RECORDS, **asked)
    assert isinstance(caught.value, ValueError) and caught.value.status == 1


@pytest.mark.parametrize(
    "records, advice",
    [
        (np.float64(1), "at least one axis"),
        (np.zeros((3, 0)), "no fields"),
        (np.zeros(3, "f2"), "astype"),
        (np.zeros(3, "c8"), "real and imaginary"),
        (np.zeros(3, np.longdouble), "astype"),
        (np.array(["a"]), "a number for each text"),
        (np.array([None]), "to_records"),
        (np.zeros(3, [("a", "f4"), ("b", "f2")]), "field 'b' has the type float16"),
        (np.zeros((1, 70000), "i1"), "more than 65535 fields"),
        (np.zeros((1, 140000), "f8"), "at most 1048576"),
        (np.ma.masked_equal([1.0, 2.0], 2), "fill it first"),
        (np.zeros(3, [("a\0b", "f4")]), "NUL"),
        (np.zeros(3, [("é" * 128, "f4")]), "255"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_with_advice(records, advice):
    with pytest.raises(aezip.InvalidArgumentError, match=advice):
        aezip.compress(records, exact=True)


def test_a_bound_on_truth_values_or_times_is_refused():
    records = np.zeros(3, [("ok", "?"), ("t", "M8[s]"), ("v", "f4")])
    for name in ("ok", "t"):
        with pytest.raises(aezip.InvalidArgumentError, match="always kept exactly"):
            aezip.compress(records, abs={name: 1})
    with pytest.raises(aezip.InvalidArgumentError, match="always kept exactly"):
        aezip.compress(records, abs=[1, None, 1])
    aezip.compress(records, abs=[None, None, 1])


@pytest.mark.parametrize(
    "source, kind",
    [
        (b"", aezip.AezipError),
        (b"hello, this is text and no container at all", aezip.NotAContainerError),
        (b"\x93NUMPY\x01\x00" + bytes(100), aezip.NotAContainerError),
        (b"\x1f\x8b\x08" + bytes(100), aezip.NotAContainerError),
        (12, aezip.InvalidArgumentError),
        (memoryview(BLOB)[::2], aezip.InvalidArgumentError),
    ],
)
def test_what_is_no_container_is_refused(source, kind):
    with pytest.raises(kind):
        aezip.decompress(source)


def test_every_truncation_is_refused():
    for size in range(len(BLOB)):
        with pytest.raises(aezip.AezipError):
            aezip.decompress(BLOB[:size], threads=1)


def test_bytes_after_the_end_are_refused():
    for tail in (b"\0", b"x" * 100, BLOB):
        with pytest.raises(aezip.AezipError):
            aezip.decompress(BLOB + tail, threads=1)


def test_every_flipped_bit_is_refused():
    damaged = bytearray(BLOB)
    for index in range(len(BLOB)):
        for bit in range(8) if len(BLOB) < 4000 or index % 5 == 0 else (index % 8,):
            damaged[index] ^= 1 << bit
            with pytest.raises(aezip.AezipError):
                aezip.decompress(damaged, threads=1)
            damaged[index] ^= 1 << bit
    assert np.array_equal(aezip.decompress(damaged), aezip.decompress(BLOB))


def test_verify_finds_damage_that_opening_does_not_reach():
    with aezip.open(BLOB) as f:
        f.verify()
    damaged = bytearray(BLOB)
    found = False
    for index in range(len(BLOB)):
        damaged[index] ^= 0x10
        try:
            with aezip.open(damaged) as f, pytest.raises(aezip.CorruptedError) as caught:
                f.verify()
            found = True
            assert str(caught.value)
        except aezip.AezipError:
            pass  # refused when opened
        damaged[index] ^= 0x10
    assert found


def test_random_bytes_never_crash():
    random = np.random.default_rng(10)
    for _ in range(500):
        damaged = bytearray(BLOB)
        for index in random.integers(0, len(BLOB), random.integers(1, 30)):
            damaged[index] = random.integers(0, 256)
        start = random.integers(0, 40)
        for source in (damaged, bytes(damaged[:start]) + random.bytes(300)):
            if bytes(source) != BLOB:
                with pytest.raises(aezip.AezipError):
                    aezip.decompress(source, threads=1)


def test_exceptions_carry_record_field_and_status():
    error = _errors.error_for_status(2, "text", 5, 3)
    assert isinstance(error, aezip.UnrepresentableError)
    assert (str(error), error.record, error.field, error.status) == ("text", 5, 3, 2)
    assert issubclass(aezip.OutOfMemoryError, MemoryError)
    assert issubclass(aezip.InputOutputError, OSError)
    raw = _library.Error(status=9, record=-1, field=4, message=b"out of memory")
    with pytest.raises(aezip.OutOfMemoryError, match="out of memory") as caught:
        _library.check(9, raw)
    assert (caught.value.record, caught.value.field) == (None, 4)
    with pytest.raises(aezip.CancelledError):
        _library.check(12)


def test_a_library_that_cannot_be_loaded_is_an_import_error():
    for path in ("/no/such/libaez.so", str(HEADER)):
        done = subprocess.run(
            [sys.executable, "-c", "import aezip"],
            env={**__import__("os").environ, "AEZ_LIBRARY": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1 and f"AEZ_LIBRARY={path} cannot be loaded" in done.stderr
