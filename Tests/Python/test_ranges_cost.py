"""Reading a range of records costs in proportion to the range: counted in bytes read, not in time."""

import io

import aezip
import numpy as np
import pytest

RECORDS, CHUNK = 40_000, 1000


class CountingFile(io.BytesIO):
    """Notes the bytes that are read, and how often."""

    def __init__(self, data: bytes):
        super().__init__(data)
        self.count = self.calls = 0

    def read(self, size=-1):
        data = super().read(size)
        self.count += len(data)
        self.calls += 1
        return data

    def readinto(self, buffer):
        count = super().readinto(buffer)
        self.count += count
        self.calls += 1
        return count


@pytest.fixture(scope="module")
def container():
    random = np.random.default_rng(1)
    records = np.cumsum(random.normal(size=(RECORDS, 6)), axis=0)
    return aezip.compress(records, abs=0.01, chunk_records=CHUNK), records


def test_bytes_read_grow_with_the_chunks_that_a_range_touches(container):
    blob, records = container
    file = CountingFile(blob)
    with aezip.open(file) as opened:
        opening, per_chunk = file.count, len(blob) / (RECORDS / CHUNK)
        assert opening < 0.1 * len(blob)
        for first, last, chunks in (
            (0, 1, 1), (999, 1001, 2), (5000, 6000, 1), (5500, 6500, 2), (10_001, 19_999, 10),
            (0, RECORDS, 40), (39_999, 40_000, 1), (7, 7, 0),
        ):  # fmt: skip
            file.count = file.calls = 0
            part = opened[first:last]
            assert np.abs(part - records[first:last]).max(initial=0) <= 0.01
            assert 0.8 * chunks * per_chunk <= file.count <= 1.2 * chunks * per_chunk
            # A section's header, and its payload.
            assert file.calls <= 2 * chunks


def test_fields_of_a_range_read_no_other_chunks(container):
    blob, records = container
    file = CountingFile(blob)
    with aezip.open(file) as opened:
        file.count = 0
        part = opened.read(fields=[2], start=3000, stop=3500)
        assert np.abs(part.reshape(-1) - records[3000:3500, 2]).max() <= 0.01
        assert file.count <= 1.2 * len(blob) / (RECORDS / CHUNK)


def test_a_stream_keeps_its_relative_bounds():
    random = np.random.default_rng(2)
    records = random.normal(size=(3000, 3)) * [1, 100, 0]
    whole = io.BytesIO()
    with aezip.Writer(whole, records, rel=1e-2, ranges=aezip.ranges(records)) as writer:
        writer.append(records[:1000])
        writer.append(records[1000:])
    with aezip.open(whole.getvalue()) as opened:
        for values, told in zip(records.T, opened.fields):
            assert (told.bound_kind, told.bound) == ("rel", 1e-2)
            assert told.absolute_bound == 1e-2 * np.ptp(values)
        errors = np.abs(opened[:] - records).max(axis=0)
    assert np.all(errors <= 1e-2 * np.ptp(records, axis=0))
