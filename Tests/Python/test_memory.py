"""Contiguous records are not copied, and other threads run while the library works."""

import io
import threading
import time
import tracemalloc

import aezip
import numpy as np
import pytest
from aezip import _library
from tables import same_bits
from test_arrays import particles

MATRIX = np.cumsum(np.random.default_rng(30).normal(size=(20000, 8)), axis=0)


@pytest.fixture
def pointers(monkeypatch):
    """Where the library is told to read records from and to restore them to."""
    seen = []
    for name, position in (("aez_compress", 1), ("aez_writer_append", 1), ("aez_reader_read", 6)):
        function = getattr(_library.library, name)

        def spy(*arguments, function=function, position=position):
            seen.append(arguments[position])
            return function(*arguments)

        monkeypatch.setattr(_library.library, name, spy)
    return seen


@pytest.mark.parametrize("records", [MATRIX, MATRIX[500:900], MATRIX.ravel(), particles().view()])
def test_contiguous_records_are_compressed_where_they_lie(records, pointers):
    if records.dtype.names:  # one field is big-endian, which has to be converted
        records = records.astype(records.dtype.newbyteorder("="))
    aezip.compress(records, exact=True)
    aezip.compress(records, exact=True, file=io.BytesIO())
    assert pointers == [records.ctypes.data] * 2


def test_records_are_restored_where_they_stay(pointers):
    blob = aezip.compress(MATRIX, rel=1e-2)
    pointers.clear()
    restored = aezip.decompress(blob)
    out = np.zeros_like(MATRIX)
    aezip.decompress(blob, out=out)
    with aezip.open(blob) as f:
        column = f[:, 2]
    assert pointers == [restored.ctypes.data, out.ctypes.data, column.ctypes.data]


def test_what_must_be_copied_for_a_file_is_copied_in_parts(tmp_path):
    columns = np.zeros((6_000_000, 8), "f4", order="F")  # 192 MB
    columns[:, 0] = np.arange(len(columns)) % 1000
    tracemalloc.start()
    aezip.compress(columns, abs=0.1, level=1, file=tmp_path / "a.aez")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6, f"{peak / 1e6:.0f} MB"


def busy_gaps(work) -> float:
    """The share of the time of ``work`` for which another Python thread could not run at most."""
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    start = time.perf_counter()
    work()
    end = time.perf_counter()
    done.set()
    ticker.join()
    times = [start, *(t for t in ticks if start < t < end), end]
    return max(np.diff(times)) / (end - start)


def test_other_threads_run_during_compression_and_decompression():
    records = np.cumsum(np.random.default_rng(31).normal(size=(300_000, 8)), axis=0)
    blobs = []
    assert busy_gaps(lambda: blobs.append(aezip.compress(records, rel=1e-4, threads=1))) < 0.5
    assert busy_gaps(lambda: aezip.decompress(blobs[0], threads=1)) < 0.5


def test_two_threads_compress_at_the_same_time():
    expected = aezip.compress(MATRIX, rel=1e-3, threads=1)
    results = [b""] * 2

    def work(index):
        for _ in range(3):
            results[index] = aezip.compress(MATRIX, rel=1e-3, threads=1 + index)

    workers = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert results == [expected] * 2


def test_closing_while_another_thread_reads_is_safe():
    blob = aezip.compress(MATRIX, rel=1e-3, chunk_records=1000)
    whole = aezip.decompress(blob)
    for _ in range(20):
        f = aezip.open(blob)
        results = []
        reader = threading.Thread(target=lambda f=f, results=results: results.append(f[:]))
        reader.start()
        time.sleep(0.0005)
        f.close()
        reader.join()
        assert not results or same_bits(results[0], whole)
