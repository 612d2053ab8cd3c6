"""Raw values without a header."""

import numpy as np
import pytest


@pytest.mark.parametrize("ending, code", [("f32", "<f4"), ("f64", "<f8")])
def test_raw_values_come_back(aezip, ending, code):
    array = np.random.default_rng(1).normal(size=(500, 3)).astype(code)
    aezip.write(f"a.{ending}", array.tobytes())
    aezip("compress", f"a.{ending}", "--fields", "3", "--rel", "1e-3")
    aezip("verify", f"a.{ending}.aez", "--against", f"a.{ending}")
    aezip("decompress", f"a.{ending}.aez", "-o", f"b.{ending}")
    back = np.fromfile(aezip / f"b.{ending}", code).reshape(-1, 3)
    assert np.all(np.abs(back - array).max(axis=0) <= 1e-3 * np.ptp(array, axis=0))
    aezip("decompress", f"a.{ending}.aez", "-o", "b.npy")
    assert np.array_equal(np.load(aezip / "b.npy"), back)


def test_raw_values_go_through_pipes_in_both_directions(aezip):
    array = np.arange(3000, dtype="<f4")
    for bound in (["--exact"], ["--rel", "1e-4"]):
        packed = aezip("compress", "-", "--format", "f32", "--fields", "3", *bound, input=array.tobytes())
        back = aezip("decompress", "-", "-o", "-", input=packed.stdout)
        assert np.abs(np.frombuffer(back.stdout, "<f4") - array).max() <= 0.3


def test_the_shape_must_be_told_and_fit(aezip):
    aezip.write("a.f32", bytes(24))
    assert "--fields" in aezip.fails(64, "compress", "a.f32", "--exact")
    words = aezip.fails(65, "compress", "a.f32", "--exact", "--fields", "4")
    assert words.startswith("aezip: a.f32: 24 bytes")
    words = aezip.fails(
        65, "compress", "-", "-o", "x.aez", "--format", "f32", "--exact", "--fields", "4", input=bytes(24))
    assert "24 bytes" in words
    aezip("compress", "a.f32", "--exact", "--fields", "6")


def test_an_empty_raw_file_has_no_records(aezip):
    aezip.write("a.f64", b"")
    aezip("compress", "a.f64", "--fields", "2", "--rel", "1e-3")
    aezip("decompress", "a.f64.aez", "-o", "b.f64")
    assert (aezip / "b.f64").read_bytes() == b""
