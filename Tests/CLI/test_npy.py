"""Arrays come back with their values, type, shape and order."""

import io

import numpy as np
import pytest

NUMBERS = ["<f4", "<f8", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8"]
OTHERS = ["?", ">f4", ">f8", ">i2", ">i4", ">i8", ">u2", "<M8[ns]", ">M8[D]", "<m8[s]"]


def same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def some(code, shape, seed=0):
    """Values of any type, from all of its range."""
    generator = np.random.default_rng(seed)
    dtype = np.dtype(code)
    count = int(np.prod(shape))
    if dtype.kind == "f":
        return (generator.normal(size=count) * 100).astype(dtype).reshape(shape)
    if dtype.kind == "b":
        return generator.integers(0, 2, count).astype(dtype).reshape(shape)
    raw = generator.integers(0, 256, count * dtype.itemsize, dtype=np.uint8)
    return raw.view(dtype).reshape(shape)


@pytest.mark.parametrize("code", NUMBERS + OTHERS)
def test_exact_arrays_of_every_type_come_back_bit_for_bit(aezip, code):
    same(aezip.array_round_trip(some(code, (70, 3))), some(code, (70, 3)))


def test_an_exact_file_comes_back_byte_for_byte(aezip):
    aezip.array_round_trip(some("<f4", (70, 3)))
    assert (aezip / "a.npy").read_bytes() == (aezip / "b.npy").read_bytes()


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (5,), (0,), (1, 7), (200, 1), (6, 2, 3), (2, 3, 1, 2)])
def test_every_shape_comes_back(aezip, shape):
    same(aezip.array_round_trip(some("<f8", shape)), some("<f8", shape))


@pytest.mark.parametrize("code", ["<f4", ">i2"])
def test_fortran_order_comes_back(aezip, code):
    array = np.asfortranarray(some(code, (300, 5)))
    back = aezip.array_round_trip(array)
    assert back.flags.f_contiguous and not back.flags.c_contiguous
    same(back, array)
    assert (aezip / "a.npy").read_bytes() == (aezip / "b.npy").read_bytes()


def test_fortran_order_goes_through_pipes(aezip):
    array = np.asfortranarray(some("<f4", (300, 5)))
    np.save(aezip / "a.npy", array)
    packed = aezip("compress", "-", "--format", "npy", "--exact", input=(aezip / "a.npy").read_bytes())
    back = aezip("decompress", "-", input=packed.stdout).stdout
    assert np.array_equal(np.load(io.BytesIO(back)), array)


STRUCTURES = {
    "packed": np.dtype([("a", "<f4"), ("b", "u1"), ("c", "<i8")]),
    "aligned": np.dtype([("a", "u1"), ("b", "<f8"), ("c", "<i2")], align=True),
    "nested": np.dtype([("p", [("x", "<f4"), ("y", ">f4")]), ("v", "<i2", (2, 2)), ("ok", "?")]),
    "nested in arrays": np.dtype([("p", [("x", "<f4"), ("t", "<M8[s]")], (3,)), ("n", "u1")]),
    "offsets": np.dtype({"names": ["a", "b"], "formats": ["<f4", "<i4"], "offsets": [4, 12], "itemsize": 20}),
    "titles": np.dtype([(("the title", "a"), "<f4"), ("b", "<f4")]),
    "names": np.dtype([("größe", "<f4"), ("it's", "<f4"), ("a b", "<f4"), ("日", "<f4")]),
}


@pytest.mark.parametrize("kind", STRUCTURES)
def test_structured_arrays_come_back(aezip, kind):
    dtype = STRUCTURES[kind]
    array = np.zeros(50, dtype)
    flat = np.random.default_rng(1).integers(0, 100, (50, dtype.itemsize), dtype=np.uint8)

    def fill(part):
        if part.dtype.names:
            for name in part.dtype.names:
                fill(part[name])
        elif part.dtype.kind == "b":
            part[...] = flat.reshape(-1)[: part.size].reshape(part.shape) % 2
        else:
            part[...] = flat.reshape(-1)[: part.size].reshape(part.shape).astype(part.dtype)

    fill(array)
    back = aezip.array_round_trip(array)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_fields_of_structures_have_plain_names(aezip):
    np.save(aezip / "a.npy", np.zeros(3, STRUCTURES["nested"]))
    aezip("compress", "a.npy", "--exact", "--quiet")
    text = aezip("info", "a.npy.aez").stdout.decode()
    for name in ["p.x", "p.y", "v[0,0]", "v[1,1]", "ok"]:
        assert f"\n{name} " in text


def test_a_header_with_an_offsets_dictionary_is_read(aezip):
    descr = "{'names': ['a', 'b'], 'formats': ['<f4', '>i4'], 'offsets': [8, 0], 'itemsize': 16}"
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (4,), }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    dtype = np.dtype({"names": ["b", "a"], "formats": [">i4", "<f4"], "offsets": [0, 8], "itemsize": 16})
    array = np.zeros(4, dtype)
    array["a"], array["b"] = [1.5, 2, 3, 4], [5, 6, 7, 1 << 20]
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + array.tobytes()
    aezip.write("d.npy", data)
    aezip("compress", "d.npy", "--exact")
    aezip("verify", "d.npy.aez", "--against", "d.npy")
    aezip("decompress", "d.npy.aez", "-o", "e.npy")
    back = np.load(aezip / "e.npy")
    assert back["a"].tolist() == [1.5, 2, 3, 4] and back["b"].tolist() == [5, 6, 7, 1 << 20]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_header_version_is_read(aezip, version):
    array = some("<f4", (20, 2))
    with open(aezip / "a.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)
    aezip("compress", "a.npy", "--exact")
    aezip("decompress", "a.npy.aez", "-o", "b.npy")
    same(np.load(aezip / "b.npy"), array)


@pytest.mark.parametrize("rel", [1e-1, 1e-3, 1e-6])
@pytest.mark.parametrize("code", ["<f4", "<f8", ">f8", "<i4", "u1"])
def test_relative_bounds_hold_for_every_value(aezip, code, rel):
    generator = np.random.default_rng(3)
    array = (np.cumsum(generator.normal(size=(4000, 4)), axis=0) * [1, 10, 0.1, 0] + 100).astype(code)
    back = aezip.array_round_trip(array, "--rel", rel)
    wide = array.astype(np.longdouble)
    error = np.abs(back.astype(np.longdouble) - wide).max(axis=0)
    assert np.all(error <= rel * np.ptp(wide, axis=0))


def test_bounds_can_differ_by_field(aezip):
    array = np.zeros(5000, [("a", "<f8"), ("b", "<f8"), ("c", "<f8")])
    for name in "abc":
        array[name] = np.random.default_rng(ord(name)).normal(size=5000)
    back = aezip.array_round_trip(array, "--rel", "1e-2", "--field", "b=abs:0.5", "--field", "2=exact")
    error = {name: np.abs(back[name] - array[name]).max() for name in "abc"}
    assert 0 < error["a"] <= 1e-2 * np.ptp(array["a"])
    assert 0.1 < error["b"] <= 0.5
    assert error["c"] == 0


def test_special_values_are_kept(aezip):
    array = np.array([[np.nan, 1], [np.inf, -0.0], [-np.inf, 2], [5e-324, 3], [1e308, -1e308]])
    back = aezip.array_round_trip(array, "--abs", "0.1")
    finite = np.isfinite(array)
    assert np.all(np.abs(back - array)[finite] <= 0.1)
    assert np.array_equal(back[~finite], array[~finite], equal_nan=True)


def test_booleans_are_exact_whatever_the_bound(aezip):
    array = some("?", (500, 2))
    same(aezip.array_round_trip(array, "--abs", "5"), array)
    words = aezip.fails(64, "compress", "a.npy", "--exact", "--field", "0=abs:1", "-o", "x.aez")
    assert "always exact" in words


@pytest.mark.parametrize("dtype, part", [
    ("<f2", "'<f2'"), ("<c8", "'<c8'"), ("S4", "'|S4'"), ("<U3", "'<U3'"), ("O", "'|O'"),
    ([("ok", "<f4"), ("text", "S3")], "field text"), ([("p", [("z", "<c16")])], "field p.z"),
])
def test_other_types_are_refused_by_name(aezip, dtype, part):
    np.save(aezip / "a.npy", np.zeros(3, dtype))
    words = aezip.fails(65, "compress", "a.npy", "--exact")
    assert words.startswith("aezip: a.npy: ") and part in words


def test_chosen_records_and_fields_come_back_in_their_order(aezip):
    array = some("<f4", (1000, 6))
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--exact")
    aezip("decompress", "a.npy.aez", "-o", "b.npy", "--records", "10:700", "--fields", "4,0,2")
    same(np.load(aezip / "b.npy"), np.ascontiguousarray(array[10:700, [4, 0, 2]]))
    for text, part in [(":5", slice(5)), ("990:", slice(990, None)), ("3:3", slice(3, 3)), (":", slice(None))]:
        aezip("decompress", "a.npy.aez", "-o", "b.npy", "--force", "--records", text)
        same(np.load(aezip / "b.npy"), array[part])


def test_chosen_fields_of_structures_keep_their_types(aezip):
    array = np.zeros(20, [("t", "<M8[s]"), ("ok", "?"), ("x", ">f4")])
    array["t"], array["ok"], array["x"] = np.arange(20), np.arange(20) % 2, np.arange(20) / 2
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--exact")
    aezip("decompress", "a.npy.aez", "-o", "b.npy", "--fields", "x,t")
    back = np.load(aezip / "b.npy")
    assert back.dtype == np.dtype([("x", ">f4"), ("t", "<M8[s]")])
    assert np.array_equal(back["x"], array["x"]) and np.array_equal(back["t"], array["t"])


def test_arrays_become_tables_and_raw_values(aezip):
    array = np.array([(1, 0.5), (2, np.nan), (3, 2.25)], [("n", "<i4"), ("x", "<f4")])
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--exact")
    aezip("decompress", "a.npy.aez", "-o", "a.csv")
    assert (aezip / "a.csv").read_text() == "n,x\n1,0.5\n2,\n3,2.25\n"
    aezip("decompress", "a.npy.aez", "-o", "a.f64")
    raw = np.fromfile(aezip / "a.f64").reshape(3, 2)
    assert np.array_equal(raw, [[1, 0.5], [2, np.nan], [3, 2.25]], equal_nan=True)


@pytest.mark.parametrize("code", ["<f4", "<f8"])
def test_arrays_printed_as_text_keep_their_bound(aezip, code):
    array = np.random.default_rng(5).normal(size=(3000, 3)).astype(code)
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--abs", "0.01")
    aezip("decompress", "a.npy.aez", "-o", "a.csv")
    back = np.loadtxt(aezip / "a.csv", delimiter=",", skiprows=1)
    assert np.abs(back - array).max() <= 0.01
    assert (aezip / "a.csv").read_text().splitlines()[0] == "0,1,2"
