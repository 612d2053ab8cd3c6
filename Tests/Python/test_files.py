"""Files are written whole or not at all, in one call or as a stream."""

import io
import os
import stat
import threading

import aezip
import numpy as np
import pytest
from tables import assert_within, relative, same_bits
from test_arrays import PARTICLE, particles

RECORDS = np.cumsum(np.random.default_rng(12).normal(size=(5000, 6)), axis=0).astype("f4")


def test_compressing_to_a_path_and_to_a_file_object_gives_the_same_bytes(tmp_path):
    path, held = tmp_path / "a.aez", io.BytesIO()
    size = aezip.compress(RECORDS, abs=0.01, file=path)
    assert size == path.stat().st_size == aezip.compress(RECORDS, abs=0.01, file=held)
    assert path.read_bytes() == held.getvalue()
    assert_within(RECORDS, aezip.decompress(path), 0.01)


def test_a_relative_bound_holds_in_a_file(tmp_path):
    size = aezip.compress(RECORDS, rel=1e-3, file=tmp_path / "a.aez")
    assert abs(size - len(aezip.compress(RECORDS, rel=1e-3))) < 200  # as small as in memory
    restored = aezip.decompress(tmp_path / "a.aez")
    for index in range(6):
        values = RECORDS[:, index]
        assert_within(values, restored[:, index], relative(1e-3, values))


@pytest.mark.parametrize("batch", [1, 333, 5000])
def test_a_stream_of_batches_holds_all_records(batch):
    held = io.BytesIO()
    with aezip.Writer(held, RECORDS, abs=0.01, chunk_records=700) as writer:
        for start in range(0, 1000 if batch == 1 else 5000, batch):
            writer.append(RECORDS[start : start + batch])
    count = writer.record_count
    assert writer.size == len(held.getvalue())
    restored = aezip.decompress(held.getvalue())
    assert_within(RECORDS[:count], restored, 0.01)


def test_the_bytes_of_a_stream_do_not_depend_on_its_batches():
    blobs = set()
    for batch in (77, 700, 5000):
        held = io.BytesIO()
        with aezip.Writer(held, np.dtype(("f4", (6,))), exact=True, chunk_records=700) as writer:
            for start in range(0, 5000, batch):
                writer.append(RECORDS[start : start + batch])
        blobs.add(held.getvalue())
    assert len(blobs) == 1


def test_a_stream_of_structured_records_in_any_order_of_memory():
    records = particles(500)
    held = io.BytesIO()
    with aezip.Writer(held, PARTICLE, exact=True, metadata="run 7") as writer:
        writer.append(records[:100])
        writer.append(records[100::2])
        writer.append(records[:0])
    with aezip.open(held.getvalue()) as f:
        assert same_bits(f[:100], records[:100]) and same_bits(f[100:], records[100::2])
        assert f.metadata == "run 7"


def test_a_stream_without_records_is_a_container_without_records():
    held = io.BytesIO()
    aezip.Writer(held, PARTICLE, exact=True).close()
    restored = aezip.decompress(held.getvalue())
    assert restored.shape == (0,) and restored.dtype == PARTICLE


def test_a_relative_bound_of_a_stream_needs_ranges():
    with pytest.raises(aezip.InvalidArgumentError, match="ranges=aezip.ranges"):
        aezip.Writer(io.BytesIO(), RECORDS, rel=1e-3)
    held = io.BytesIO()
    with aezip.Writer(held, RECORDS, rel=1e-3, ranges=aezip.ranges(RECORDS)) as writer:
        writer.append(RECORDS)
    restored = aezip.decompress(held.getvalue())
    for index in range(6):
        values = RECORDS[:, index]
        assert_within(values, restored[:, index], relative(1e-3, values))


def test_ranges_are_those_of_the_finite_values():
    records = np.array([[1, np.nan, 5], [np.inf, np.nan, -3], [-2, np.nan, 4]], "f4")
    minima, maxima = aezip.ranges(records)
    assert minima.tolist() == [-2, np.inf, -3] and maxima.tolist() == [1, -np.inf, 5]
    minima, maxima = aezip.ranges(np.asfortranarray(RECORDS))
    assert np.array_equal(minima, RECORDS.min(0)) and np.array_equal(maxima, RECORDS.max(0))
    minima, maxima = aezip.ranges(RECORDS[:0])
    assert (minima == np.inf).all() and (maxima == -np.inf).all()


def test_a_path_appears_only_when_the_container_is_complete(tmp_path):
    path = tmp_path / "a.aez"
    with aezip.Writer(path, RECORDS, abs=1.0) as writer:
        writer.append(RECORDS)
        assert not path.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["a.aez"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_failed_stream_leaves_nothing_behind_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.aez"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), aezip.Writer(path, RECORDS, abs=1.0) as writer:
        writer.append(RECORDS)
        raise ZeroDivisionError
    forgotten = aezip.Writer(path, RECORDS, abs=1.0)
    del forgotten
    aezip.Writer(path, RECORDS, abs=1.0).abort()
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(aezip.InvalidArgumentError, match="closed"):
        writer.append(RECORDS)


def test_a_file_that_cannot_be_written_raises_its_own_exception(tmp_path):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left") as caught:
        aezip.compress(RECORDS, abs=0.1, file=Full())
    assert caught.value.errno == 28
    with pytest.raises(FileNotFoundError):
        aezip.compress(RECORDS, abs=0.1, file=tmp_path / "none" / "a.aez")
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError, match="No space left"):
            aezip.compress(RECORDS, abs=0.1, file="/dev/full")


def test_a_file_that_cannot_be_read_raises_its_own_exception(tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    blob = aezip.compress(RECORDS, abs=0.1)
    with pytest.raises(OSError, match="Input/output error"):
        aezip.decompress(Broken(blob))
    with pytest.raises(FileNotFoundError):
        aezip.decompress(tmp_path / "none.aez")
    with pytest.raises(IsADirectoryError):
        aezip.decompress(tmp_path)


def test_a_file_cut_while_it_is_read_is_truncated(tmp_path):
    path = tmp_path / "a.aez"
    aezip.compress(RECORDS, exact=True, chunk_records=500, file=path)
    with aezip.open(path) as f:
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(aezip.TruncatedError, match="cut while it was read"):
            f[:]


def test_text_files_are_refused(tmp_path):
    path = tmp_path / "a.txt"
    with path.open("w") as file, pytest.raises(aezip.InvalidArgumentError, match="'wb'"):
        aezip.compress(RECORDS, abs=0.1, file=file)
    with path.open("r") as file, pytest.raises(aezip.InvalidArgumentError, match="'rb'"):
        aezip.decompress(file)


def test_records_of_another_kind_are_not_appended():
    with aezip.Writer(io.BytesIO(), RECORDS, abs=0.1) as writer:
        for wrong in (RECORDS.astype("f8"), RECORDS[:, :5], RECORDS[:, 0], particles(9)):
            with pytest.raises(aezip.InvalidArgumentError, match="are appended to"):
                writer.append(wrong)
        writer.append(RECORDS.astype(">f4"))  # converted


def test_many_threads_append_to_one_writer():
    held = io.BytesIO()
    with aezip.Writer(held, np.dtype(("i8", (1,))), exact=True, chunk_records=100) as writer:

        def append(start):
            for k in range(20):
                writer.append(np.arange(50).reshape(50, 1) + (start * 20 + k) * 50)

        appenders = [threading.Thread(target=append, args=(k,)) for k in range(4)]
        [appender.start() for appender in appenders]
        [appender.join() for appender in appenders]
    restored = aezip.decompress(held.getvalue())[:, 0]
    assert np.array_equal(np.sort(restored), np.arange(4000))
    assert (np.diff(restored.reshape(-1, 50), axis=1) == 1).all()
