"""Containers with right checksums and wrong contents never crash the process that reads them.

The forger works in a process of its own: a trap there is a failed test here.
"""

import os
import resource
import struct
import subprocess
import sys
import zlib
from functools import lru_cache
from pathlib import Path

import aezip
import numpy as np
import pytest
from tables import KINDS, TYPES, field, structured
from test_ties import particles

LAYOUT, MODEL, CHUNK, STATISTICS, INDEX = 1, 2, 4, 5, 6


def counted(value: int) -> bytes:
    """A LEB128 number."""
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def count_at(data: bytes, position: int):
    """A LEB128 number, and the position after it."""
    value = shift = 0
    while True:
        digit = data[position]
        value |= (digit & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if digit < 0x80:
            return value, position


def sections_of(container: bytes):
    """The header, and every section as [type, payload]."""
    position, sections = 16, []
    while position < len(container) - 16:
        kind, _, size = struct.unpack_from("<IIQ", container, position)
        sections.append([kind, container[position + 16 : position + 16 + size]])
        position += 16 + size
    return container[:16], sections[:-1]


def rebuilt(header: bytes, sections, counts, total=None) -> bytes:
    """A container of these sections with checksums, index and trailer; ``counts`` are the records
    of its chunks."""
    container, index, counts = bytearray(header), b"", list(counts)
    total = sum(counts) if total is None else total
    for kind, payload in sections:
        index += counted(kind) + counted(len(container)) + counted(len(payload))
        if kind == CHUNK:
            index += counted(counts.pop(0) if counts else 1)
        container += section(kind, payload)
    place = struct.pack("<Q", len(container))
    container += section(INDEX, counted(total) + counted(len(sections)) + index)
    return bytes(container + place + struct.pack("<II", zlib.crc32(place), 0x455A4541))


def section(kind: int, payload: bytes) -> bytes:
    checksum = zlib.crc32(struct.pack("<IIQ", kind, 0, len(payload)) + payload)
    return struct.pack("<IIQ", kind, checksum, len(payload)) + payload


def scrambled(random, data: bytes) -> bytes:
    """Some bytes changed, dropped or added, more of them near the beginning."""
    data = bytearray(data or b"\0")
    for _ in range(random.integers(1, 4)):
        at = int(random.integers(0, min(len(data), 1 << random.integers(1, 16)) + 1))
        action = random.integers(0, 4)
        if action == 0 and at < len(data):
            data[at] ^= 1 << int(random.integers(0, 8))
        elif action == 1 and at < len(data):
            data[at] = random.choice([0, 1, 127, 128, 255])
        elif action == 2:
            del data[at : at + int(random.integers(1, 9))]
        else:
            data[at:at] = bytes(
                [random.choice([0, 255, random.integers(0, 256)])]
            ) * random.integers(1, 9)
    return bytes(data)


def forged_packed(random, payload: bytes) -> bytes:
    """A section that is packed after its length."""
    _, start = count_at(payload, 0)
    contents = scrambled(random, zlib.decompress(payload[start:]))
    size = len(contents) if random.random() < 0.8 else int(random.integers(0, 1 << 40))
    return counted(size) + zlib.compress(contents)


def forged_chunk(random, payload: bytes) -> bytes:
    """A chunk with other repeats, another header, or with other codes in one of its streams."""
    if payload[0] == 0:
        coded, start = count_at(payload, 1)
        size, start = count_at(payload, start + 1)
        rest = payload[start + size :]
        if random.random() < 0.3:
            repeats = scrambled(random, zlib.decompress(payload[start : start + size]))
            coded += int(random.integers(-1, 2)) if random.random() < 0.2 else 0
            packed = zlib.compress(repeats)
            planes = payload[start - len(counted(size)) - 1 :][:1]
            return b"\0" + counted(max(coded, 0)) + planes + counted(len(packed)) + packed + rest
        return payload[: start + size] + forged_chunk(random, rest)
    _, start = count_at(payload, 0)
    size, start = count_at(payload, start)
    header, body = zlib.decompress(payload[start : start + size]), payload[start + size :]
    if random.random() < 0.5:
        header = scrambled(random, header)
    else:
        streams = []
        while body:
            unpacker = zlib.decompressobj()
            try:
                contents = unpacker.decompress(body)
            except zlib.error:
                # Codes without the header of a block, and what follows them.
                streams.append((body, None))
                break
            rest = unpacker.unused_data
            streams.append((body[: len(body) - len(rest)], contents))
            body = rest
        if streams:
            chosen = int(random.integers(0, len(streams)))
            old, contents = streams[chosen]
            if contents is None:
                new = bytearray(old)
                new[random.integers(0, len(new))] ^= 1 << random.integers(0, 8)
            else:
                new = zlib.compress(scrambled(random, contents))
                header = counted(len(new)).join(header.rsplit(counted(len(old)), 1))
            body = b"".join(bytes(new) if i == chosen else s for i, (s, _) in enumerate(streams))
    packed = zlib.compress(header)
    return counted(len(header)) + counted(len(packed)) + packed + body


def forge(random, header, sections, counts) -> bytes:
    sections, counts, total = [list(each) for each in sections], list(counts), None
    chosen = sections[random.integers(0, len(sections))]
    action = random.random()
    if action < 0.7 and chosen[0] == CHUNK:
        chosen[1] = forged_chunk(random, chosen[1])
    elif action < 0.7 and chosen[0] in (LAYOUT, MODEL, STATISTICS):
        chosen[1] = forged_packed(random, chosen[1])
    elif action < 0.85:
        chosen[1] = scrambled(random, chosen[1])
    elif action < 0.9:
        counts[0] = int(random.integers(0, 1 << random.integers(1, 40)))
    elif action < 0.93:
        total = int(random.integers(0, 1 << random.integers(1, 62)))
    elif action < 0.96:
        random.shuffle(sections)
    else:
        chosen[0] = int(random.choice([1, 2, 3, 4, 5, 7, 99, 0x80000001]))
    return rebuilt(header, sections, counts, total)


@lru_cache(maxsize=None)
def planned():
    """A container that takes the plan of its model, which it holds."""
    random = np.random.default_rng(4)
    values = np.cumsum(random.normal(size=(2000, 3)), axis=0) @ random.normal(size=(3, 9))
    values += random.normal(size=values.shape)
    model = aezip.train(values[:1500], kind="linear", latents=2, abs=0.1)
    container = aezip.compress(values[1500:1800], abs=0.1, model=model)
    with aezip.open(container) as opened:
        assert "plan of the model" in opened.info["fields"][0]["coding"]
    return *sections_of(container), [300]


def original(random):
    """A container of random fields, taken apart."""
    if random.random() < 0.1:
        return planned()
    if random.random() < 0.2:
        # Columns with ties, and in an order of their own.
        records = particles(300, int(random.integers(0, 99)))
        container = aezip.compress(records, rel=float(random.choice([1e-3, 1e-7])))
        return *sections_of(container), [300]
    count = int(random.choice([3, 64, 300]))
    fields = []
    for _ in range(random.integers(1, 6)):
        before = fields[-1] if fields else None
        kind, dtype = str(random.choice(KINDS)), str(random.choice(TYPES))
        fields.append(field(random, kind, count, dtype, before))
    if random.random() < 0.3:
        order = random.integers(0, count, count)
        fields = [values[order] for values in fields]
    asked = [{"exact": True}, {"rel": 1e-3}, {"abs": 0.01}, {"rel": 0.05}][random.integers(0, 4)]
    latents = [None, 2][random.integers(0, 2)]
    container = aezip.compress(structured(fields), **asked, latents=latents, chunk_records=100)
    header, sections = sections_of(container)
    counts = [min(100, count - start) for start in range(0, count, 100)]
    assert rebuilt(header, sections, counts) == container
    return header, sections, counts


def read_forgeries(seed: int, rounds: int) -> None:
    """Reads forged containers whole and by parts; prints each exception's name."""
    limit = 2 << 30  # far above what any length in a small container may make the library take
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    random = np.random.default_rng(seed)
    for _ in range(rounds):
        parts = original(random)
        for _ in range(50):
            try:
                with aezip.open(forge(random, *parts), threads=1) as f:
                    f.info
                    for records in f.chunks(50_000) if len(f) < 1_000_000 else ():
                        records.tobytes()
                    f.verify()
                print("read")
            except aezip.AezipError as error:
                print(type(error).__name__)


@pytest.mark.parametrize("seed", range(4))
def test_forged_containers_are_refused_or_read_but_never_crash(seed):
    done = subprocess.run(
        [sys.executable, __file__, str(seed)],
        cwd=Path(__file__).parent,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"seed {seed}: {done.returncode}\n{done.stderr[-2000:]}"
    outcomes = done.stdout.split()
    assert len(outcomes) == 40 * 50
    assert {"CorruptedError", "TruncatedError", "LimitExceededError"} <= set(outcomes)
    assert "OutOfMemoryError" not in outcomes


if __name__ == "__main__":
    read_forgeries(int(sys.argv[1]), rounds=40)
