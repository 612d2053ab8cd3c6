"""Any part of a container can be read, from any source, by name and by number."""

import io
import mmap
import threading

import aezip
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import same_bits
from test_arrays import particles

RECORDS = np.cumsum(np.random.default_rng(8).normal(size=(1000, 5)), axis=0)
BLOB = aezip.compress(RECORDS, rel=1e-3, chunk_records=130, metadata={"site": "north"})
WHOLE = aezip.decompress(BLOB)
TABLE = particles(400)
TABLE_BLOB = aezip.compress(TABLE, exact=True, chunk_records=64)

slices = st.builds(
    slice,
    st.none() | st.integers(-1200, 1200),
    st.none() | st.integers(-1200, 1200),
    st.none() | st.sampled_from([1, 2, 7, 300, -1, -3]),
)


@given(slices)
def test_any_slice_equals_that_of_the_whole(chosen):
    with aezip.open(BLOB) as f:
        assert same_bits(f[chosen], WHOLE[chosen])


@given(slices, st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True))
def test_any_columns_of_any_slice_equal_those_of_the_whole(chosen, chosen_columns):
    with aezip.open(BLOB) as f:
        assert same_bits(f[chosen, chosen_columns], WHOLE[chosen][:, chosen_columns])
        one = chosen_columns[0]
        assert same_bits(f[chosen, one], WHOLE[chosen, one])


@given(st.integers(-1000, 999))
def test_any_single_record_equals_that_of_the_whole(index):
    with aezip.open(BLOB) as f:
        assert same_bits(f[index], WHOLE[index])


def test_fields_of_structured_records_are_chosen_by_name():
    with aezip.open(TABLE_BLOB) as f:
        assert f.dtype == TABLE.dtype and f.shape == TABLE.shape and len(f) == 400
        assert same_bits(f["v"], TABLE["v"])
        assert same_bits(f["v[1,2]"], TABLE["v"][:, 1, 2])
        assert same_bits(f["p.y"], TABLE["p"]["y"])
        assert same_bits(f["hits"]["t"], TABLE["hits"]["t"])
        assert same_bits(f[70:300:3, "when"], TABLE["when"][70:300:3])
        some = f[10:20, ["when", "p", "id"]]
        assert some.dtype.names == ("when", "p", "id")
        for name in some.dtype.names:
            assert np.array_equal(some[name], TABLE[name][10:20], equal_nan=name == "when")
        assert f[7] == TABLE[7]
        assert f[7, "id"] == TABLE["id"][7]


def test_what_a_container_says_of_itself():
    with aezip.open(BLOB) as f:
        assert f.shape == (1000, 5) and f.dtype == np.float64 and f.metadata == {"site": "north"}
        assert repr(f) == "<aezip.Container of (1000, 5) float64>"
        assert isinstance(f.info, dict)
        for index, field in enumerate(f.fields):
            values, restored = RECORDS[:, index], WHOLE[:, index]
            assert (field.name, field.dtype, field.missing) == ("", np.float64, 0)
            assert (field.bound_kind, field.bound) == ("rel", 1e-3)
            assert (field.minimum, field.maximum) == (values.min(), values.max())
            assert np.isclose(field.absolute_bound, 1e-3 * np.ptp(values), rtol=1e-14, atol=0)
            errors = np.abs(values - restored)
            unit = field.absolute_bound / 255  # errors are kept in fractions of the bound
            assert errors.max() <= field.largest_error <= errors.max() + unit
            assert field.largest_error <= field.absolute_bound
            assert abs(field.rmse - np.sqrt(np.mean(errors**2))) <= unit


def test_missing_values_are_counted():
    values = np.where(np.arange(500) % 9 == 0, np.nan, np.arange(500.0))
    with aezip.open(aezip.compress(values, abs=0.1)) as f:
        (field,) = f.fields
        assert (field.missing, field.minimum, field.maximum) == (56, 1.0, 499.0)


def test_chunks_and_iteration_give_all_records_in_order():
    with aezip.open(BLOB) as f:
        for step in (None, 1000, 333, 64):
            assert same_bits(np.concatenate(list(f.chunks(step))), WHOLE)
        assert same_bits(np.array(list(f)), WHOLE)
        assert same_bits(np.asarray(f), WHOLE)
        assert np.asarray(f, "f4").dtype == np.float32


def test_reading_into_an_array_of_the_caller():
    out = np.full((1000, 5), 9.0)
    assert aezip.decompress(BLOB, out=out) is out and same_bits(out, WHOLE)
    wide = np.zeros((1000, 10))
    aezip.decompress(BLOB, out=wide[:, ::2])
    assert same_bits(wide[:, ::2], WHOLE) and not wide[:, 1::2].any()
    with aezip.open(BLOB) as f:
        column = np.zeros(100)
        f.read(200, 300, 3, out=column)
        assert same_bits(column, WHOLE[200:300, 3])
        read_only = np.zeros(100)
        read_only.flags.writeable = False
        for wrong in (np.zeros(99), np.zeros(100, "f4"), read_only):
            with pytest.raises(aezip.InvalidArgumentError, match="out"):
                f.read(200, 300, 3, out=wrong)


def test_every_kind_of_source(tmp_path):
    path = tmp_path / "r.aez"
    path.write_bytes(BLOB)
    for source in (path, str(path), bytearray(BLOB), memoryview(BLOB), np.frombuffer(BLOB, "u1")):
        assert same_bits(aezip.decompress(source), WHOLE)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert same_bits(aezip.decompress(file), WHOLE)
        assert same_bits(aezip.decompress(mapped), WHOLE)
    held = io.BytesIO(b"before" + BLOB)
    held.seek(6)
    with aezip.open(held) as f:
        assert same_bits(f[500:510], WHOLE[500:510])


def test_a_pipe_is_read_to_its_end():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    assert same_bits(aezip.decompress(Pipe(BLOB)), WHOLE)


def test_only_the_chunks_wanted_are_read():
    class Counted(io.BytesIO):
        count = 0

        def read(self, size=-1):
            data = super().read(size)
            self.count += len(data)
            return data

    file = Counted(BLOB)
    with aezip.open(file) as f:
        opened = file.count
        assert same_bits(f[131], WHOLE[131])
    assert opened < len(BLOB) / 2
    assert file.count - opened < len(BLOB) / 4


def test_threads_share_a_container():
    with aezip.open(BLOB) as f:
        wrong = []

        def read(start):
            for offset in range(0, 900, 37):
                if not same_bits(f[start + offset : 1000], WHOLE[start + offset : 1000]):
                    wrong.append(start)

        readers = [threading.Thread(target=read, args=(k,)) for k in range(4)]
        [reader.start() for reader in readers]
        [reader.join() for reader in readers]
        assert not wrong


def test_unknown_fields_and_records_are_refused_by_name():
    with aezip.open(TABLE_BLOB) as f:
        with pytest.raises(KeyError, match="no field is called 'mass'"):
            f["mass"]
        with pytest.raises(IndexError, match="there is no record 400"):
            f[400]
        with pytest.raises(IndexError, match="there is no field 99"):
            f[:, 99]
        with pytest.raises(TypeError, match="records are chosen by an integer or a slice"):
            f[[1, 2]]
        with pytest.raises(aezip.InvalidArgumentError, match="chosen twice"):
            f[["id", "id"]]
        with pytest.raises(aezip.InvalidArgumentError, match="stop is 401"):
            f.read(0, 401)
    with pytest.raises(aezip.InvalidArgumentError, match="closed"):
        f[0]


@pytest.mark.parametrize(
    "metadata",
    [None, b"", b"raw \0 bytes", b'{"aezip":{}}', "text", {"a": [1, None, "é"]}, {}],
)
@pytest.mark.parametrize(
    "records", [RECORDS[:9], RECORDS[:9] > 0, TABLE[:9]], ids=["f8", "?", "struct"]
)
def test_metadata_comes_back_as_it_was_given(metadata, records):
    with aezip.open(aezip.compress(records, exact=True, metadata=metadata)) as f:
        assert f.metadata == (metadata if metadata != b"" else f.metadata)
        assert same_bits(f[:], records)
