"""The command and the Python binding read each other's containers."""

import numpy as np
import pytest

binding = pytest.importorskip("aezip", reason="needs Bindings/Python in PYTHONPATH and the library")

ARRAYS = {
    "matrix": np.arange(60, dtype="<f4").reshape(20, 3),
    "vector": np.arange(60, dtype="<i2"),
    "cube": np.arange(60, dtype="<f8").reshape(5, 3, 4),
    "by column": np.asfortranarray(np.arange(60, dtype="<f8").reshape(20, 3)),
    "other byte order": np.arange(60, dtype=">u4").reshape(20, 3),
    "booleans": np.arange(60).reshape(20, 3) % 2 == 0,
    "times": np.arange(60).astype("<M8[s]"),
    "structures": np.array([(i, i / 2, [i, -i]) for i in range(20)], [("n", "<i4"), ("x", ">f8"), ("v", "i1", 2)]),
    "aligned": np.zeros(20, np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    "nothing": np.zeros((0, 4), "<f4"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_the_command_restores_what_python_wrote(aezip, kind):
    array = ARRAYS[kind]
    binding.compress(array, exact=True, file=aezip / "p.aez", metadata={"aezip": "mine"})
    aezip("decompress", "p.aez", "-o", "p.npy")
    back = np.load(aezip / "p.npy")
    assert back.dtype == array.dtype and back.shape == array.shape and np.array_equal(back, array)
    assert back.flags.f_contiguous == array.flags.f_contiguous


@pytest.mark.parametrize("kind", ARRAYS)
def test_python_restores_what_the_command_wrote(aezip, kind):
    array = ARRAYS[kind]
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--exact")
    back = binding.decompress(aezip / "a.npy.aez")
    assert back.dtype == array.dtype and back.shape == array.shape and np.array_equal(back, array)


def test_python_reads_tables_that_the_command_wrote(aezip):
    aezip.write("t.csv", "n,x,town\n1,0.5,york\n,1.25,bath\n3,2.75,york\n")
    aezip("compress", "t.csv", "--exact")
    back = binding.decompress(aezip / "t.csv.aez")
    assert back.dtype.names == ("n", "x", "town")
    assert np.array_equal(back["n"], [1, np.nan, 3], equal_nan=True)
    assert back["x"].tolist() == [0.5, 1.25, 2.75] and back["town"].tolist() == [0, 1, 0]


def test_what_python_keeps_for_its_user_does_not_confuse(aezip):
    array = ARRAYS["matrix"]
    for metadata in (b"\x00\xff", "a text", {"format": "csv", "columns": []}, None):
        binding.compress(array, exact=True, file=aezip / "p.aez", metadata=metadata)
        aezip("decompress", "p.aez", "-o", "p.npy", "--force")
        assert np.array_equal(np.load(aezip / "p.npy"), array)
