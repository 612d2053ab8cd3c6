"""Bytes and restored bits are the same for any number of threads and on any instruction set."""

import hashlib

import aezip
import numpy as np
import pytest
from processes import printed_by_instruction_set
from tables import KINDS, TYPES, field, structured


def everything(count: int) -> np.ndarray:
    """A field of every kind and type."""
    random = np.random.default_rng(20)
    fields = []
    for kind in KINDS:
        for dtype in TYPES:
            before = fields[-1].astype("f8") if fields else None
            with np.errstate(all="ignore"):
                fields.append(field(random, kind, count, dtype, before))
    return structured(fields)


def correlated(count: int, width: int, dtype: str) -> np.ndarray:
    random = np.random.default_rng(21)
    hidden = np.cumsum(random.normal(size=(count, 3)), axis=0)
    noise = random.normal(size=(count, width)) / 30
    return (hidden @ random.normal(size=(3, width)) + noise).astype(dtype)


def digests() -> str:
    """One line for each container: of its bytes, and of what it restores."""
    lines = []
    for records in (everything(700), correlated(3000, 20, "f4"), correlated(300, 7, "f8")):
        for options in ({"rel": 1e-1}, {"rel": 1e-3}, {"rel": 1e-6}, {"exact": True}):
            for level, latents in ((1, None), (6, None), (6, 2)):
                blob = aezip.compress(records, **options, level=level, latents=latents, threads=1)
                restored = aezip.decompress(blob)
                lines.append(" ".join(hashlib.sha256(b).hexdigest() for b in (blob, restored.data)))
    return "\n".join(lines)


@pytest.mark.parametrize("level", [1, 6, 9])
def test_bytes_do_not_depend_on_threads(level):
    for records in (everything(500), correlated(9000, 16, "f4")):
        blobs, restored = set(), set()
        for threads in (1, 2, 7):
            blob = aezip.compress(
                records, rel=1e-3, level=level, threads=threads, chunk_records=400
            )
            blobs.add(blob)
            restored.add(aezip.decompress(blob, threads=threads).tobytes())
        assert len(blobs) == len(restored) == 1


def test_bytes_and_restored_bits_do_not_depend_on_the_instruction_set():
    seen = {}
    for printed in printed_by_instruction_set(__file__):
        name, _, lines = printed.partition("\n")
        seen[name] = lines
    assert "baseline" in seen and len(set(seen.values())) == 1
    assert len(next(iter(seen.values())).split("\n")) == 37  # 36 containers
    print("equal on", ", ".join(seen))


def test_the_same_call_gives_the_same_bytes():
    records = structured([np.arange(1000.0), np.random.default_rng(22).normal(size=1000)])
    assert aezip.compress(records, rel=1e-3) == aezip.compress(records.copy(), rel=1e-3)


if __name__ == "__main__":
    print(aezip.instruction_set())
    print(digests())
