#!/usr/bin/env python3
"""Sizes that levels and tables take. A benchmark: it prints figures and tests nothing.

    python3 Tests/Benchmarks/sizes.py tables|levels FILE.npy [FILE.npy ...]

tables      at 1e-1 and 1e-2 of the range, level 6: what share of the container tells the codes of its streams: tables of
            deflate, counts of lengths, named bytes; in brackets with the weights of bytes' orders, as they are
            before the header is packed
levels      at 1e-1 to 1e-4, levels 1 to 6, of up to 40,000 values 1 to 9: of each table as it is, reversed, permuted, shuffled,
            its last part, and forty random parts (a hundredth to all of the records, 200 at least, a tenth to all of the
            columns, some shuffled), which take over 1 % more bytes at a level than at a lower one

The first 6 MB of each file count. Needs numpy, and the library as the tests do (AEZ_LIBRARY, PYTHONPATH=Bindings/Python).
"""

import sys
from pathlib import Path

import aezip
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Reference"))
import decode as reference  # noqa: E402

MOST = 6_000_000
FEW = 40_000
LITERAL_EXTRA = [max(0, index // 4 - 1) for index in range(28)] + [0]
PLACES = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def prefix_code(lengths):
    """RFC 1951, 3.2.2: what each code of so many bits stands for."""
    code, table = 0, {}
    for length in range(1, 16):
        for symbol, own in enumerate(lengths):
            if own == length:
                table[length, code] = symbol
                code += 1
        code *= 2
    return table


def table_bits(stream):
    """Bits of all block headers of a zlib stream."""
    position = 16

    def take(width):
        nonlocal position
        some = int.from_bytes(stream[position // 8 : position // 8 + 4], "little")
        value = some >> position % 8 & ((1 << width) - 1)
        position += width
        return value

    def symbol(table):
        code = length = 0
        while (length, code) not in table:
            code, length = 2 * code + take(1), length + 1
        return table[length, code]

    total, is_last = 0, False
    while not is_last:
        start = position
        is_last, kind = take(1), take(2)
        if kind == 0:
            position = -(-position // 8) * 8
            size = take(16)
            take(16)
            total += position - start
            position += 8 * size
            continue
        if kind == 1:
            lengths, distances = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8, [5] * 30
        else:
            counts = (take(5) + 257, take(5) + 1, take(4) + 4)
            own = [0] * 19
            for place in PLACES[: counts[2]]:
                own[place] = take(3)
            code, told = prefix_code(own), []
            while len(told) < counts[0] + counts[1]:
                item = symbol(code)
                if item == 16:
                    told += told[-1:] * (3 + take(2))
                else:
                    told += [item] if item < 16 else [0] * (3 + take(3) if item == 17 else 11 + take(7))
            lengths, distances = told[: counts[0]], told[counts[0] :]
        total += position - start
        literals, far = prefix_code(lengths), prefix_code(distances)
        while (item := symbol(literals)) != 256:
            if item > 256:
                take(LITERAL_EXTRA[item - 257])
                take(max(0, symbol(far) // 2 - 1))
    return total


def tables(path):
    records = head(path)
    told = {"tables": 0.0, "weights": 0.0, "inside": 0}
    inflate, rising, codes, order = (
        reference.inflate, reference.inflate_rising, reference.Chunk.read_codes, reference.byte_order
    )  # fmt: skip

    def noted_inflate(stream, size):
        result = inflate(stream, size)
        if size and told["inside"]:
            told["tables"] += table_bits(bytes(stream)) / 8
        return result

    def noted_rising(stream, size, counts, first):
        told["tables"] += sum(1 if count < 128 else 2 for count in counts) + len(first) + bool(first)
        return rising(stream, size, counts, first)

    def noted_codes(chunk, pieces):
        told["inside"] = 1
        try:
            return codes(chunk, pieces)
        finally:
            told["inside"] = 0

    def noted_order(grouping, weights):
        told["weights"] += len(weights or [])
        return order(grouping, weights)

    reference.inflate, reference.inflate_rising = noted_inflate, noted_rising
    reference.Chunk.read_codes, reference.byte_order = noted_codes, noted_order
    for rel in (1e-1, 1e-2):
        told["tables"] = told["weights"] = 0.0
        blob = bytes(aezip.compress(records, rel=rel, threads=1))
        reference.decode(blob)
        share, whole = told["tables"] / len(blob), (told["tables"] + told["weights"]) / len(blob)
        print(f"{Path(path).stem} {rel:g}: {len(blob)} bytes, {100 * share:.2f} % tables ({100 * whole:.2f} %)", flush=True)
    reference.inflate, reference.inflate_rising = inflate, rising
    reference.Chunk.read_codes, reference.byte_order = codes, order


def head(path, from_end=False):
    records = np.load(path)
    count = max(1, MOST // records[0].nbytes)
    return records[-count:] if from_end else records[:count]


def variants(path):
    """Names and tables; columns of plain arrays."""
    records, random = head(path), np.random.default_rng(5)
    yield "as it is", records
    yield "reversed", records[:, ::-1]
    yield "permuted", records[:, random.permutation(records.shape[1])]
    yield "shuffled", records[random.permutation(len(records))]
    yield "last part", head(path, from_end=True)
    whole = np.load(path, mmap_mode="r")
    for seed in range(40):
        random = np.random.default_rng(seed)
        count = max(min(200, len(whole)), int(len(records) * np.exp(random.uniform(np.log(0.01), 0))))
        start = random.integers(0, len(whole) - count + 1)
        columns = random.permutation(whole.shape[1])
        columns = columns[: max(1, int(len(columns) * random.uniform(0.1, 1)))]
        if random.random() < 0.5:
            columns.sort()
        part = np.asarray(whole[start : start + count])[:, columns]
        yield f"part {seed}", random.permutation(part) if random.random() < 0.3 else part


def levels(path):
    count = broken = 0
    worst = 0.0
    for name, records in variants(path):
        records = np.ascontiguousarray(records)
        for rel in (1e-1, 1e-2, 1e-3, 1e-4):
            last = 9 if records.size <= FEW else 6
            sizes = [len(aezip.compress(records, rel=rel, level=level, threads=1)) for level in range(1, last + 1)]
            more = max(size / min(sizes[: place + 1]) - 1 for place, size in enumerate(sizes))
            count, broken, worst = count + 1, broken + (more > 0.01), max(worst, more)
            if more > 0.01:
                print(f"{Path(path).stem}, {name}, {rel:g}: {sizes}, {100 * more:.1f} % more than at a lower level", flush=True)
    print(f"{Path(path).stem}: {broken} of {count} tables over 1 %, at most {100 * worst:.2f} %", flush=True)


def main():
    choices = {"tables": tables, "levels": levels}
    if len(sys.argv) < 3 or sys.argv[1] not in choices:
        sys.exit(__doc__)
    for path in sys.argv[2:]:
        choices[sys.argv[1]](path)


if __name__ == "__main__":
    main()
