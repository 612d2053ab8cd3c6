"""A decoder of aezip containers in numpy and zlib, written from Format.md alone.

    python decode.py FILE.aez OUT.npy

It knows nothing of the library, and restores the same bits: numpy rounds every float32 and float64
operation once, as the format asks. Comments name the sections of Format.md.
"""

from __future__ import annotations

import hashlib
import struct
import sys
import zlib
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np


class Refused(Exception):
    """The bytes are not what Format.md says they must be."""


def refuse_unless(condition: object, what: str) -> None:
    if not condition:
        raise Refused(what)


# ------------------------------------------------------------------------ 1. Conventions


class Reader:
    """Reads numbers from bytes."""

    def __init__(self, data: bytes):
        self.data = memoryview(data)
        self.position = 0

    def take(self, size: int) -> bytes:
        refuse_unless(0 <= size <= len(self.data) - self.position, "bytes are missing")
        start = self.position
        self.position += size
        return bytes(self.data[start : self.position])

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.position)

    def number(self, form: str):
        return struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]

    def u8(self, below: int = 256) -> int:
        value = self.number("B")
        refuse_unless(value < below, f"{value} where at most {below - 1} is permitted")
        return value

    def u32(self) -> int:
        return self.number("I")

    def u64(self) -> int:
        return self.number("Q")

    def finite(self, form: str) -> float:
        value = self.number(form)
        refuse_unless(np.isfinite(value), "a number is not finite")
        return value

    def count(self, limit: int = 2**63 - 1) -> int:
        value = 0
        for place in range(9):
            byte = self.u8()
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                refuse_unless(value <= limit, f"{value} where at most {limit} is permitted")
                return value
        raise Refused("a count of more than nine bytes")

    def signed(self) -> int:
        value = self.count()
        return value // 2 if value % 2 == 0 else -(value + 1) // 2

    def end(self) -> None:
        refuse_unless(self.position == len(self.data), "bytes are left over")


class BitReader:
    """Reads numbers of a few bits from bytes, low bits first."""

    def __init__(self, data: bytes):
        self.bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        self.position = 0

    def take(self, width: int, count: int) -> np.ndarray:
        end = self.position + width * count
        refuse_unless(end <= len(self.bits), "bits are missing")
        rows = self.bits[self.position : end].reshape(count, width).astype(np.int64)
        self.position = end
        return (rows << np.arange(width)).sum(axis=1)

    def end(self) -> None:
        refuse_unless(-(-self.position // 8) * 8 == len(self.bits), "bits are left over")


# 6: kinds of numbers in a chunk's header, in the order of the file.
(
    GENERAL, HEADS, REGRESSORS, PIECES, PLACES, RANKS, REFERENCES, CLASSES, NUMBERS,
    COEFFICIENTS, STREAMS, ORIGINS, UNIT_LOWS, UNIT_MIDDLES, UNIT_HIGHS, CONTINUATIONS,
) = range(16)  # fmt: skip


class LaneReader(Reader):
    """Reads a chunk's header: numbers of each kind from a lane of their own, if it has lanes."""

    def __init__(self, data: bytes):
        super().__init__(data)
        self.lanes = [Reader(data)] * 16
        if data[:1] == b"\0":
            whole = Reader(data)
            whole.u8()
            sizes = [whole.count(len(data)) for _ in range(16)]
            self.lanes = [Reader(whole.take(size)) for size in sizes]
            whole.end()
        self.lane = GENERAL

    def take(self, size: int) -> bytes:
        return self.lanes[self.lane].take(size)

    def within(self, lane: int) -> "LaneReader":
        self.lane = lane
        return self

    def count(self, limit: int = 2**63 - 1) -> int:
        own, value = self.lane, 0
        for place in range(9):
            byte = self.u8()
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                self.lane = own
                refuse_unless(value <= limit, f"{value} where at most {limit} is permitted")
                return value
            if own in (PLACES, RANKS, REFERENCES, CLASSES):
                self.lane = CONTINUATIONS
        raise Refused("a count of more than nine bytes")

    def end(self) -> None:
        for lane in self.lanes:
            lane.end()


def inflate(stream: bytes, size: int) -> bytes:
    """What a zlib stream gives, which must be ``size`` bytes."""
    refuse_unless(size <= 1040 * len(stream), "more bytes than deflate can give")
    if size == 0:
        refuse_unless(not stream, "a stream of nothing")
        return b""
    inflater = zlib.decompressobj()
    try:
        result = inflater.decompress(stream, size + 1)
    except zlib.error as error:
        raise Refused(str(error)) from error
    whole = inflater.eof and not inflater.unused_data and len(result) == size
    refuse_unless(whole, "a stream gives another size")
    return result


def inflate_rising(stream: bytes, size: int, counts: List[int], first: List[int]) -> bytes:
    """6.6: what a stream gives of which the block's header is not there.

    ``counts``: how many codes have 1 bit, 2 bits, and so on; ``first``: the bytes with the first codes.
    """
    refuse_unless(size <= 1040 * len(stream), "more bytes than deflate can give")
    if size == 0:
        refuse_unless(not stream, "a stream of nothing")
        return b""
    lengths = [length for length, count in enumerate(counts, 1) for _ in range(count)]
    literals = [0] * 256 + lengths[-1:]
    order = first + [byte for byte in range(256) if byte not in first]
    for byte, length in zip(order, lengths[:-1]):
        literals[byte] = length
    bits = ""

    def put(value: int, width: int, is_code: bool = False) -> None:
        nonlocal bits
        digits = format(value, f"0{width}b")
        bits += digits if is_code else digits[::-1]

    for _ in range(3):  # empty blocks, so that the codes begin with a byte
        put(0, 1), put(1, 2), put(0, 7)
    put(1, 1), put(2, 2), put(0, 5), put(0, 5), put(15, 4)
    # A length is told in four bits; there are no repeats.
    for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15):
        put(4 if symbol < 16 else 0, 3)
    for length in literals + [0]:
        put(length, 4, is_code=True)
    refuse_unless(len(bits) == 8 * 142, "the size of the header")
    header = int(bits[::-1], 2).to_bytes(142, "little")
    inflater = zlib.decompressobj(wbits=-15)
    try:
        result = inflater.decompress(header + stream, size + 1)
    except zlib.error as error:
        raise Refused(str(error)) from error
    whole = inflater.eof and not inflater.unused_data and len(result) == size
    refuse_unless(whole, "a stream gives another size")
    return result


# -------------------------------------------------------------------------- 2. Container

LAYOUT, MODEL, METADATA, CHUNK, STATISTICS, INDEX, ENCODER = range(1, 8)


class Entry(NamedTuple):
    kind: int
    offset: int
    length: int
    records: int


def payload_of(data: bytes, entry: Entry) -> bytes:
    """2.2: the payload of a section."""
    reader = Reader(data)
    reader.take(entry.offset)
    kind, checksum, length = reader.u32(), reader.u32(), reader.u64()
    refuse_unless((kind, length) == (entry.kind, entry.length), "index and section disagree")
    payload = reader.take(length)
    computed = zlib.crc32(struct.pack("<IIQ", kind, 0, length) + payload)
    refuse_unless(computed == checksum, "the checksum of a section")
    return payload


def unpacked(payload: bytes) -> bytes:
    """2.2: the contents of a packed payload."""
    reader = Reader(payload)
    size = reader.count(limit=2**28)
    return inflate(reader.rest(), size)


def read_index(data: bytes) -> Tuple[int, List[Entry]]:
    """2.1, 2.3 and 2.4: the number of records, and where the sections lie."""
    magic = b"\x89AEZ\r\n\x1a\n"
    refuse_unless(data[:8] == magic[: len(data)] and data, "no container")
    header = Reader(data)
    header.take(8)
    version, checksum = header.u32(), header.u32()
    refuse_unless(checksum == zlib.crc32(data[:12]), "the checksum of the header")
    refuse_unless(version in (1, 2, 3, 4, 5, 6, 7, 8), f"format version {version}")
    refuse_unless(len(data) >= 16 + 16 + 16, "the end of the file is missing")
    trailer = Reader(data[-16:])
    offset, checksum, mark = trailer.u64(), trailer.u32(), trailer.take(4)
    right = checksum == zlib.crc32(data[-16:-8]) and mark == b"AEZE"
    refuse_unless(right and offset <= len(data) - 32, "the end of the file is missing")
    index = Reader(payload_of(data, Entry(INDEX, offset, len(data) - 32 - offset, 0)))
    records = index.count()
    entries = []
    for _ in range(index.count()):
        kind, place, length = index.count(2**32 - 1), index.count(), index.count()
        held = index.count(2**24) if kind == CHUNK else 0
        refuse_unless(place + 16 + length <= offset, "a section lies behind the index")
        entries.append(Entry(kind, place, length, held))
    index.end()
    refuse_unless(sum(entry.records for entry in entries) == records, "the number of records")
    return records, entries


@dataclass
class Container:
    records: np.ndarray
    layout: Layout
    metadata: bytes
    statistics: List[FieldStatistics]


def decode(data: bytes, model_file: Optional[bytes] = None) -> Container:
    """Everything that a container holds; `model_file` is that of the model that it may need."""
    record_count, entries = read_index(data)
    layout: Optional[Layout] = None
    statistics: Optional[List[FieldStatistics]] = None
    short: Optional[bytes] = None
    bounds: List[float] = []
    model: Optional[Union[Model, Network]] = None
    has_encoder = False
    metadata: Optional[bytes] = None
    chunks: List[np.ndarray] = []
    for entry in entries:
        payload = payload_of(data, entry)
        if entry.kind == LAYOUT:
            refuse_unless(layout is None and not chunks, "the order of sections")
            layout = read_layout(unpacked(payload))
        elif entry.kind == MODEL:
            early = layout is not None and model is None and not chunks
            refuse_unless(early, "the order of sections")
            model = read_model(unpacked(payload), len(layout.fields), model_file)
        elif entry.kind == ENCODER:
            early = model is not None and not has_encoder and not chunks
            refuse_unless(early, "the order of sections")
            has_encoder = True  # restores nothing
        elif entry.kind == METADATA:
            refuse_unless(metadata is None, "the order of sections")
            metadata = unpacked(payload)
            refuse_unless(len(metadata) <= 2**24, "the metadata")
        elif entry.kind == STATISTICS:
            refuse_unless(layout is not None and statistics is None, "the order of sections")
            statistics, content = [], unpacked(payload)
            if content[:1] == b"\x80":
                short = content
            else:
                statistics = read_statistics(content, layout)
        elif entry.kind == CHUNK:
            refuse_unless(layout is not None, "the order of sections")
            sources, payload = read_repeats(payload, entry.records)
            count = entry.records if sources is None else int(sources.max()) + 1
            chunk = Chunk(payload, count, layout, model)
            coded = chunk.decode()
            chunks.append(coded if sources is None else coded[sources])
            bounds = chunk.derived_bounds()
        else:
            refuse_unless(entry.kind >= 2**31, f"an unknown section of type {entry.kind}")
    refuse_unless(layout is not None and statistics is not None, "a section is missing")
    records = np.concatenate(chunks) if chunks else np.zeros((0, layout.record_size), np.uint8)
    records = records.reshape(-1).view(layout.dtype())[:record_count]
    if short is not None:
        few = record_count <= 1024 and records.nbytes <= 2**22
        refuse_unless(len(chunks) == 1 and few, "short statistics of many records")
        statistics = read_short_statistics(short, layout, records, bounds)
    return Container(
        records,
        layout,
        metadata or b"",
        statistics,
    )


# ----------------------------------------------------------------------------- 3. Layout

TYPES = [None, "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


class Field(NamedTuple):
    name: str
    type: np.dtype
    offset: int
    kind: int
    bound: float


class Layout(NamedTuple):
    record_size: int
    fields: List[Field]

    def dtype(self) -> np.dtype:
        """A structured type; fields without a name are called x0, x1, ..."""
        return np.dtype(
            {
                "names": [f.name or f"x{place}" for place, f in enumerate(self.fields)],
                "formats": [f.type for f in self.fields],
                "offsets": [f.offset for f in self.fields],
                "itemsize": self.record_size,
            }
        )


def read_layout(data: bytes) -> Layout:
    reader = Reader(data)
    record_size, field_count = reader.count(2**20), reader.count(65535)
    refuse_unless(record_size and field_count, "no fields")
    covered = np.zeros(record_size, bool)
    fields = []
    end, bound = 0, 0.0
    for _ in range(field_count):
        code = reader.u8(below=128)
        number, kind = code & 15, code >> 4 & 3
        refuse_unless(1 <= number <= 10, "an unknown type")
        dtype = np.dtype("<" + TYPES[number])
        offset = end + reader.signed()
        end = offset + dtype.itemsize
        if kind in (1, 2) and not code & 64:
            bound = reader.finite("d")
            refuse_unless(bound >= 0, "a negative bound")
        name = reader.take(reader.count(255))
        refuse_unless(0 <= offset and end <= record_size, "a field leaves the record")
        refuse_unless(not covered[offset:end].any(), "fields overlap")
        refuse_unless(0 not in name, "a name with a zero byte")
        covered[offset:end] = True
        try:
            held = bound if kind in (1, 2) else 0.0
            fields.append(Field(name.decode(), dtype, offset, kind, held))
        except UnicodeDecodeError as error:
            raise Refused("a name that is not UTF-8") from error
    reader.end()
    return Layout(record_size, fields)


# ------------------------------------------------------------------------------ 4. Model


class Model(NamedTuple):
    fields: List[int]
    means: List[float]
    scales: List[float]
    weights: np.ndarray  # latents, fields


class Network:
    """4.4: what a decoder consists of."""

    def __init__(self, data: bytes):
        self.digest = hashlib.sha256(data).digest()
        reader = Reader(data)
        refuse_unless(reader.u8() == 2, "an unknown kind of model")
        refuse_unless(1 <= reader.u8() <= 6, "the kind of the model")
        self.fields: List[int] = []
        self.count, self.latents = reader.count(65535), reader.count(65536)
        refuse_unless(self.latents > 0, "a model without latents")
        skip = reader.u8(below=2)
        widths, self.activations = [self.latents], []
        for _ in range(reader.count(16)):
            widths.append(reader.count(65536))
            refuse_unless(widths[-1] > 0, "a layer without values")
            self.activations.append(reader.u8(below=4))
        refuse_unless(not skip or len(widths) > 1, "nothing to skip")
        widths.append(self.count)
        self.activations.append(0)
        # 4.2
        low = np.frombuffer(reader.take(self.count), np.uint8).astype(np.uint64)
        high = np.frombuffer(reader.take(self.count), np.uint8).astype(np.uint64)
        self.scales = (low << np.uint64(47) | high << np.uint64(55)).view(np.float64)
        refuse_unless(np.all((self.scales >= 1e-290) & (self.scales <= 1e290)), "a scale")
        origins = [reader.signed() for _ in range(self.count)]
        refuse_unless(all(abs(origin) < 2**50 for origin in origins), "a mean")
        self.means = np.array(origins, np.float64) * self.scales / 16
        self.binary = np.array([reader.u8(below=2) for _ in range(self.count)], bool)
        # 4.3
        joins = [(layer - 1, layer) for layer in range(1, len(widths))]
        if skip:
            joins.append((0, len(widths) - 1))
        self.edges = []
        for source, target in joins:
            shape = widths[target], widths[source]
            if reader.u8(below=2) == 0:
                halves = [np.frombuffer(reader.take(shape[0] * shape[1]), np.uint8) for _ in "lh"]
                weights = np.stack(halves, axis=1).reshape(-1).view(np.float16).astype(np.float32)
            else:
                scales = np.frombuffer(reader.take(4 * shape[0]), np.float32)
                codes = np.frombuffer(reader.take(shape[0] * shape[1]), np.int8)
                with np.errstate(all="ignore"):
                    weights = codes.astype(np.float32) * np.repeat(scales, shape[1])
            refuse_unless(np.all(np.isfinite(weights)), "a weight")
            self.edges.append((source, target, weights.reshape(shape)))
        self.biases = []
        for width in widths[1:]:
            self.biases.append(np.frombuffer(reader.take(4 * width), np.float32))
            refuse_unless(np.all(np.isfinite(self.biases[-1])), "a bias")
        self.plan = reader.rest()  # 4.8

    def outputs(self, latents: np.ndarray) -> np.ndarray:
        """4.6: (latents, lanes) to (fields, lanes), all in binary32."""
        layers = [latents.astype(np.float32)]
        for target, bias in enumerate(self.biases, 1):
            sums = np.repeat(bias[:, None], latents.shape[1], axis=1)
            for source, to, weights in self.edges:
                if to != target:
                    continue
                for k in range(weights.shape[1]):
                    sums = sums + weights[:, k : k + 1] * layers[source][k]
            layers.append(activated(sums, self.activations[target - 1]))
        result = layers[-1]
        result[self.binary] = activated(result[self.binary], 3)
        return result


def activated(x: np.ndarray, activation: int) -> np.ndarray:
    """4.6: the functions of layers."""
    f = np.float32
    if activation == 1:
        return np.where(x > 0, x, f(0))
    if activation == 2:
        return f(2) * activated(f(2) * x, 3) - f(1)
    if activation == 3:
        return f(1) / (f(1) + exponential(-x))
    return x


def exponential(x: np.ndarray) -> np.ndarray:
    """4.6: 2^n * e^r."""
    f = np.float32
    x = np.where(x < f(-80), f(-80), x)
    x = np.where(x > f(80), f(80), x)
    shifted = x * f(1.442695041) + f(12582912)
    n = shifted - f(12582912)
    r = (x - n * f(0.693359375)) - n * f(-2.12194440e-4)
    e = np.full_like(x, f(1.9841270e-4))
    for c in (1.3888889e-3, 8.3333333e-3, 4.1666668e-2, 0.16666667, 0.5, 1, 1):
        e = e * r + f(c)
    power = ((shifted.view(np.uint32) + np.uint32(127)) << np.uint32(23)).view(np.float32)
    return e * power


def read_network(reader: Reader, field_count: int, model_file: Optional[bytes]) -> Network:
    """4.5: a network that the container holds, or one of which it knows the digest."""
    mark = reader.u8()
    if mark == 5:
        places = list(range(field_count))
    else:
        places = [reader.count(field_count - 1) for _ in range(reader.count(field_count))]
    refuse_unless(len(set(places)) == len(places), "a field of the model twice")
    if mark == 3:
        network = Network(reader.rest())
    else:
        refuse_unless(1 <= reader.u8() <= 6, "the kind of the model")
        latents, digest = reader.count(65536), reader.take(32)
        reader.end()
        refuse_unless(model_file is not None, f"the model {digest.hex()} is needed")
        _, entries = read_index(model_file)
        packed = next(payload_of(model_file, e) for e in entries if e.kind == MODEL)
        network = Network(unpacked(packed))
        refuse_unless(network.digest == digest, f"the model {digest.hex()} is needed")
        refuse_unless(network.latents == latents, "the latents of the model")
    refuse_unless(network.count == len(places), "the fields of the model")
    network.fields = places
    return network


def read_model(
    data: bytes, field_count: int, model_file: Optional[bytes] = None
) -> Union[Model, Network]:
    if data[:1] in (b"\3", b"\4", b"\5"):
        return read_network(Reader(data), field_count, model_file)
    reader = Reader(data)
    refuse_unless(reader.u8() == 1, "an unknown kind of model")
    count = reader.count(field_count)
    latents = reader.count(min(1024, count, 2**22 // max(count, 1)))
    fields, after = [], 0
    for _ in range(count):
        fields.append(after + reader.count(field_count))
        after = fields[-1] + 1
    refuse_unless(after <= field_count, "a field of the model that is not there")
    means = [reader.finite("d") for _ in range(count)]
    scales = [reader.finite("d") for _ in range(count)]
    refuse_unless(all(scale > 0 for scale in scales), "a scale of the model")
    low = np.frombuffer(reader.take(count * latents), np.uint8).astype(np.int64)
    high = np.frombuffer(reader.take(count * latents), np.int8).astype(np.int64)
    reader.end()
    return Model(fields, means, scales, ((high * 256 + low) / 32768).reshape(latents, count))


# ------------------------------------------------------------------------- 5. Statistics


class FieldStatistics(NamedTuple):
    minimum: float
    maximum: float
    missing: int
    absolute_bound: float
    largest_error: float
    rmse: float


def read_statistics(data: bytes, layout: Layout) -> List[FieldStatistics]:
    if data[:1] == b"\x81":
        return read_parts(data, layout)
    reader = Reader(data)
    result = []
    for f in layout.fields:
        flags = reader.u8(below=128)
        low = high = float("nan")
        if flags & 1:
            form = "f" if flags & 16 else "d"
            low, high = reader.number(form), reader.number(form)
        missing = reader.count() if flags & 2 else 0
        absolute = reader.number("d") if flags & 4 else absolute_bound(f, low, high)
        errors = [0.0, 0.0]
        if flags & 72 == 72:
            errors = [reader.number("d") for _ in range(2)]
        elif flags & 8:
            errors = [(reader.u8() | reader.u8() << 8) / 65535 * absolute for _ in range(2)]
        result.append(FieldStatistics(low, high, missing, absolute, *errors))
    reader.end()
    return result


def read_parts(data: bytes, layout: Layout) -> List[FieldStatistics]:
    """From version 6 on: one part after the other, each of all fields."""
    reader = Reader(data)
    reader.u8()
    flags = [reader.u8(below=48) for _ in layout.fields]
    lows = [float("nan")] * len(flags)
    highs = list(lows)
    decimals = [place for place, flag in enumerate(flags) if flag & 49 == 33]
    digits = [reader.u8(below=16) for _ in decimals]
    for place, power in zip(decimals, digits):
        pair = [float(reader.signed()) / float(10**power) for _ in range(2)]
        if layout.fields[place].type.str[1:] == "f4":
            pair = [float(np.float32(value)) for value in pair]
        lows[place], highs[place] = pair
    for kind, dtype in ((17, "<f4"), (1, "<f8")):
        places = [place for place, flag in enumerate(flags) if flag & 49 == kind]
        size = np.dtype(dtype).itemsize
        planes = np.frombuffer(reader.take(2 * len(places) * size), np.uint8)
        values = np.ascontiguousarray(planes.reshape(size, -1).T).view(dtype).reshape(-1)
        for number, place in enumerate(places):
            lows[place], highs[place] = float(values[2 * number]), float(values[2 * number + 1])
    missing, absolute, errors = [], [], [[0.0, 0.0] for _ in flags]
    for place, (f, flag) in enumerate(zip(layout.fields, flags)):
        missing.append(reader.count() if flag & 2 else 0)
        derived = absolute_bound(f, lows[place], highs[place])
        absolute.append(reader.number("d") if flag & 4 else derived)
        if flag & 8 and not np.isfinite(absolute[place]):
            errors[place] = [reader.number("d") for _ in range(2)]
    for kind in range(2):
        for place, flag in enumerate(flags):
            if flag & 8 and np.isfinite(absolute[place]):
                errors[place][kind] = reader.u8() / 255 * absolute[place]
    reader.end()
    return [
        FieldStatistics(*known, *both) for *known, both in zip(lows, highs, missing, absolute, errors)
    ]


def read_short_statistics(
    data: bytes, layout: Layout, records: np.ndarray, bounds: List[float]
) -> List[FieldStatistics]:
    """5.1: what the restored records tell is not stored."""
    reader = Reader(data)
    reader.u8()
    flags = [reader.u8(below=4) for _ in layout.fields]
    absolute = []
    for f, flag, derived in zip(layout.fields, flags, bounds):
        bound = {0: 0.0, 1: f.bound, 2: derived}[f.kind]
        if flag & 1:
            bound = two_bytes(reader)
            refuse_unless(np.isfinite(bound) and bound >= 0, "the bound of a field")
        absolute.append(bound)
    largest, rmse = (
        [reader.u8() / 32 * bound if flag & 2 else 0.0 for flag, bound in zip(flags, absolute)]
        for _ in range(2)
    )
    reader.end()
    result = []
    for name, *errors in zip(records.dtype.names, absolute, largest, rmse):
        values = records[name]
        known = values[np.isfinite(values)]
        low = high = float("nan")
        if known.size:
            low, high = float(known.min()) - errors[1], float(known.max()) + errors[1]
        missing = int(np.isnan(values).sum())
        result.append(FieldStatistics(low, high, missing, *errors))
    return result


def two_bytes(reader: Reader) -> float:
    """The high half of a binary32."""
    return struct.unpack("<f", b"\0\0" + reader.take(2))[0]


def absolute_bound(f: Field, low: float, high: float) -> float:
    if f.kind == 3:
        return float("inf")
    if f.kind != 2 or not low < high:
        return f.bound if f.kind == 1 else 0.0
    span = high - low
    product = f.bound * span if np.isfinite(span) else f.bound * high - f.bound * low
    return min(product, sys.float_info.max)


# ----------------------------------------------------------------------------- 6. Chunks

CONSTANT, EXACT, CODED = range(3)


def read_repeats(payload: bytes, count: int) -> Tuple[Optional[np.ndarray], bytes]:
    """6.9: for each record the coded one that it is restored from, and the coded ones' payload."""
    if payload[:1] != b"\0":
        return None, payload
    reader = Reader(payload)
    reader.u8()
    coded, planes = reader.count(count), reader.u8(below=5)
    refuse_unless(coded > 0 and planes > 0, "repeats of nothing")
    stream = reader.take(reader.count(2**28))
    rest = reader.rest()
    refuse_unless(rest[:1] != b"\0", "repeats of repeats")
    mask_size, repeats = -(-count // 8), count - coded
    data = np.frombuffer(inflate(stream, mask_size + planes * repeats), np.uint8)
    repeated = np.unpackbits(data[:mask_size], bitorder="little")[:count] == 1
    refuse_unless(repeated.sum() == repeats, "the number of repeats")
    latest = np.cumsum(~repeated) - 1
    distances = np.zeros(repeats, np.int64)
    for place, plane in enumerate(data[mask_size:].reshape(planes, repeats)):
        distances += plane.astype(np.int64) << (8 * place)
    sources = latest.copy()
    sources[repeated] -= distances
    refuse_unless((sources >= 0).all() and latest[0] == 0, "a repeat of no record")
    return sources, rest


@dataclass
class Strands:
    """6.1: which record lies in which lane of which block."""

    records: int
    count: int
    places: List[np.ndarray] = field(init=False)  # for each block its lanes' records

    def __post_init__(self) -> None:
        whole, rest = divmod(self.records, self.count)
        lanes = np.arange(self.count)
        first = lanes * whole + np.minimum(lanes, rest)
        self.places = [first + block for block in range(whole)]
        if rest:
            self.places.append(first[:rest] + whole)

    def by_block(self) -> np.ndarray:
        """The chunk's records in the order of blocks."""
        return np.concatenate(self.places)


class Reference(NamedTuple):
    column: int
    lag: int
    factor: float  # a regressor's coefficient, a source's weight


class Tree(NamedTuple):
    splits: List[Tuple[int, Reference]]  # leaf, source; its factor is the threshold
    offsets: np.ndarray
    groups: np.ndarray
    group_count: int


class Tie(NamedTuple):
    is_root: bool
    constant: float
    terms: List[Tuple[Reference, Optional[Reference], float]]  # a, b, weight


@dataclass
class Column:
    """6.3: how a field, or a latent, is coded."""

    field: Optional[Field]
    snap: int
    lattice: bool
    single: bool
    record_order: bool
    origin: float
    unit: float
    base: int
    scale: float
    multiple: int
    intercept: float
    regressors: List[Reference]
    sources: List[Reference]
    thresholds: List[List[int]]  # a list for each group
    tree: Optional[Tree] = None
    tie: Optional[Tie] = None
    model: Optional[List[float]] = None  # 6.4: a, b_0, b_1, ...

    @property
    def class_count(self) -> int:
        return len(self.thresholds) + sum(map(len, self.thresholds))


@dataclass
class Piece:
    stream: int
    shift: int
    count: int


class Chunk:
    def __init__(
        self, payload: bytes, record_count: int, layout: Layout,
        model: Optional[Union[Model, Network]] = None,
    ):  # fmt: skip
        limits = (record_count * len(layout.fields), record_count * layout.record_size)
        refuse_unless(limits[0] <= 2**25 and limits[1] <= 2**28, "a chunk beyond the limits")
        self.body = Reader(payload)
        header_size = self.body.count(2**28)
        self.header = LaneReader(inflate(self.body.take(self.body.count(2**28)), header_size))
        self.count = record_count
        self.layout = layout
        self.model = model
        self.network = model if isinstance(model, Network) else None
        self.output = np.zeros((record_count, layout.record_size), np.uint8)
        self.plan = self.header  # what treatments and columns are read from

    def open_plan(self) -> Tuple[int, List[Field]]:
        """4.8: the flags of the model's plan, and its fields."""
        refuse_unless(self.network is not None and self.network.plan, "no plan")
        fields = [self.layout.fields[place] for place in self.network.fields]
        refuse_unless(len(fields) == len(self.layout.fields), "a plan of fewer fields")
        self.plan = LaneReader(self.network.plan)
        for f in fields:
            refuse_unless(TYPES[self.plan.u8(11)] == f.type.str[1:], "a plan for other types")
        self.plan.take(8 * len(fields))  # bounds
        flags = self.plan.u8()
        refuse_unless(flags & ~213 == 0, "the flags of the model's plan")
        return flags, fields

    def put(self, f: Field, values: np.ndarray) -> None:
        """Fills in a field of all records."""
        raw = np.ascontiguousarray(values).view(np.uint8).reshape(self.count, f.type.itemsize)
        self.output[:, f.offset : f.offset + f.type.itemsize] = raw

    def decode(self) -> np.ndarray:
        header = self.header
        # 6.1
        refuse_unless(header.count(2**24) == self.count, "the records of a chunk")
        lanes = header.u8(below=65)
        refuse_unless(0 < lanes <= self.count, "the strands of a chunk")
        refuse_unless(lanes == 64 or self.count <= 64 * lanes, "strands of more than 64 blocks")
        self.strands = Strands(self.count, lanes)
        flags = header.u8()
        self.rows, self.tells_last_class = flags & 8 == 8, flags & 128 == 0
        fields = self.layout.fields
        if flags & 32:
            refuse_unless(flags & ~168 == 0, "the flags of a chunk with the model's plan")
            flags, fields = self.open_plan()
        self.short, self.ascending = flags & 4 == 4, flags & 64 == 64
        self.trimmed = flags & 128 == 128
        self.wide = flags & 1 == 1
        self.latents = header.count(65536) if flags & 2 else 0
        if flags & 2:
            refuse_unless(self.model is not None and self.latents > 0, "latents without a model")
            known = self.network.latents if self.network else len(self.model.weights)
            refuse_unless(self.latents <= known, "more latents than the model has")
            refuse_unless(not self.network or self.latents == known, "too few latents")
        # 6.2
        coded, exact = [], []
        plan = self.plan
        for f in fields:
            treatment = plan.u8(below=3)
            if treatment == CONSTANT:
                value = np.frombuffer(plan.take(f.type.itemsize), f.type)
                self.put(f, np.repeat(value, self.count))
            else:
                (exact if treatment == EXACT else coded).append(f)
        # 6.2.1
        if flags & 16:
            places, expected = [], 0
            for _ in coded:
                places.append(expected + plan.within(PLACES).signed())
                expected = places[-1] + 1
            refuse_unless(sorted(places) == list(range(len(coded))), "the order of columns")
            coded = [coded[place] for place in places]
        held = [None] * self.latents + coded
        # 6.3.2
        plan.within(HEADS)
        self.heads = [(plan.u8(), plan.u8()) for _ in held] if self.short else []
        plan.within(GENERAL)
        self.columns = [self.read_column(f, n, len(held)) for n, f in enumerate(held)]
        if plan is not header:
            plan.end()
            exact.sort(key=self.layout.fields.index)
        if self.latents:
            for column in self.columns[self.latents :]:
                column.model = self.model_terms(column)
        # 6.5 to 6.8
        self.restore(self.read_codes(self.read_pieces()))
        self.read_exceptions()
        if self.rows:
            self.read_rows(exact)
        else:
            for f in exact:
                self.put(f, self.read_exact(f))
        header.end()
        self.body.end()
        return self.output

    # 6.3

    def read_column(self, f: Optional[Field], number: int, column_count: int) -> Column:
        header = self.plan

        def reference(header: Reader = header) -> Tuple[int, int]:
            column, lag = divmod(header.count(column_count * 3 - 1), 3)
            refuse_unless(lag > 0 or column < number, "a column that is not known yet")
            return column, lag

        def source() -> Reference:
            column, lag = reference(header.within(REFERENCES))
            return Reference(column, lag, header.within(NUMBERS).count(4096))

        def read_sources() -> List[Reference]:
            return [source() for _ in range(header.count(6))]

        flags, form = self.heads[number] if self.short else (header.u8(), 112)
        refuse_unless(flags & 3 < 3, "an unknown snap")
        intercept = 0.0
        if self.short:
            unit = [
                lambda: header.finite("d"),
                lambda: self.read_unit(3 if self.trimmed else 4),
                lambda: self.read_unit(2),
                lambda: 1.0,
            ][form & 3]()
            header.within(ORIGINS)
            origin = [
                lambda: header.finite("d"),
                lambda: header.finite("f"),
                lambda: float(header.signed()) * (unit / 16),
                lambda: float(header.signed()) * unit,
            ][form >> 2 & 3]()
            refuse_unless(np.isfinite(unit) and np.isfinite(origin), "units that are not finite")
        else:
            origin, unit = header.finite("d"), header.finite("d")
        base = header.number("q") if flags & 32 else 0
        scale = 1.0
        if flags & 64:
            scale = float(header.count(2**53)) if self.short else header.finite("d")
        multiple = header.count(2**30) if form & 16 else 1
        if not self.short:
            intercept = header.finite("f")
        refuse_unless(unit > 0 and scale > 0 and multiple > 0, "units that are not positive")
        header.within(REGRESSORS)
        count = header.count(64) if form & 32 else 0
        exponent = header.u8(below=64) if count else 0
        regressors, next_rank = [], 0
        for _ in range(count):
            if self.short and self.ascending:
                rank = next_rank + header.within(RANKS).count(3 * column_count)
                next_rank = rank + 1
                lag, column = divmod(rank, column_count)
                refuse_unless(lag < 3 and (lag > 0 or column < number), "an unknown regressor")
            else:
                column, lag = reference()
            coefficient = header.within(COEFFICIENTS).signed() / 2**exponent
            regressors.append(Reference(column, lag, coefficient))
        sources = [] if self.short else read_sources()
        header.within(GENERAL)
        tie = self.read_tie(reference, column_count, number) if form & 128 else None
        header.within(NUMBERS)
        tree = self.read_tree(reference) if flags & 128 else None
        if self.short and form & 64:
            sources = read_sources()
        thresholds: List[List[int]] = []
        group_count = tree.group_count if tree else 1
        for _ in range(group_count):
            if not form & 64:
                thresholds.append([])
                continue
            left = 32 - group_count - sum(map(len, thresholds))
            thresholds.append([header.count(2**31 - 1) for _ in range(header.count(left))])
        header.within(GENERAL)
        single = flags & 8 != 0
        if single:
            with np.errstate(over="ignore"):
                finite = np.isfinite(np.float32(origin)) and np.isfinite(np.float32(unit))
            refuse_unless(finite, "a single column that cannot be one")
        if single and f is not None:
            narrow = f.type.kind == "f" and f.type.itemsize == 4 or f.type.itemsize <= 2
            right = narrow and scale == 1 and not self.wide
            refuse_unless(right, "a single column that cannot be one")
        return Column(
            f, flags & 3, flags & 4 == 4, single, flags & 16 != 0, origin, unit, base, scale, multiple, intercept,
            regressors, sources, thresholds, tree, tie,
        )  # fmt: skip

    def read_unit(self, size: int) -> float:
        """The highest bytes of a binary32."""
        plan, low = self.plan, b""
        if size == 4:
            low = plan.take(1)
        if size >= 3:
            low += plan.within(UNIT_LOWS).take(1)
        low += plan.within(UNIT_MIDDLES).take(1) + plan.within(UNIT_HIGHS).take(1)
        unit = struct.unpack("<f", low.rjust(4, b"\0"))[0]
        refuse_unless(np.isfinite(unit), "a number is not finite")
        return unit

    def read_tie(self, reference, column_count: int, number: int) -> Tie:
        """6.3.3"""
        header = self.plan
        refuse_unless(self.latents == 0, "a tie beside latents")
        is_root, constant = header.u8(below=2) == 1, header.finite("d")
        terms = []
        for _ in range(header.count(8)):
            a, b = Reference(*reference(), 1.0), None
            code = header.count(column_count * 3)
            if code:
                column, lag = divmod(code - 1, 3)
                refuse_unless(lag > 0 or column < number, "a column that is not known yet")
                b = Reference(column, lag, 1.0)
            terms.append((a, b, header.finite("d")))
        refuse_unless(terms, "a tie to nothing")
        return Tie(is_root, constant, terms)

    def read_tree(self, reference) -> Tree:
        header = self.plan

        def number() -> int:
            value = header.signed()
            refuse_unless(abs(value) < 2**30, "a number of a tree")
            return value

        splits = []
        for place in range(header.count(31)):
            leaf = header.count(place)
            where = reference(header.within(REFERENCES))
            header.within(NUMBERS)
            splits.append((leaf, Reference(*where, number() / 2)))
        offsets = [number() for _ in range(len(splits) + 1)]
        group_count = max(header.u8(below=17), 1)
        groups = [header.u8(below=group_count) for _ in offsets]
        return Tree(splits, np.array(offsets), np.array(groups), group_count)

    # 6.6

    def read_pieces(self) -> List[Piece]:
        header = self.header
        counts = []
        for column in self.columns:
            if column.class_count == 1:
                counts.append(self.count)
                continue
            header.within(CLASSES)
            told = column.class_count - (not self.tells_last_class)
            classes = [header.count(self.count) for _ in range(told)]
            if not self.tells_last_class:
                classes.append(self.count - sum(classes))
            right = sum(classes) == self.count and classes[-1] >= 0
            refuse_unless(right, "the classes of a column")
            counts += classes
        pieces = []
        header.within(PIECES)
        for count in counts:
            stream, shift = divmod(header.count(), 32)
            refuse_unless(shift <= 24, "too many raw bits")
            pieces.append(Piece(stream, shift, count))
        return pieces

    def read_codes(self, pieces: List[Piece]) -> List[np.ndarray]:
        """The codes of each piece."""
        header, body = self.header.within(STREAMS), self.body
        stream_count = header.count(len(pieces))
        refuse_unless(all(piece.stream < stream_count for piece in pieces), "an unknown stream")
        directory = []
        for _ in range(stream_count):
            form, grouping = divmod(header.u8(below=64), 8)
            refuse_unless(grouping < 7, "an unknown grouping")
            refuse_unless(form < 4 or form & 2, "first codes of a zlib stream")
            weights = counts = None
            first: List[int] = []
            if form & 1:
                refuse_unless(grouping > 0, "an order of single symbols")
                weights = [header.u8() for _ in range(4 if grouping >= 5 else ALPHABETS[grouping])]
            if form & 2:
                counts = read_code_lengths(header)
            if form & 4:
                first = [header.u8() for _ in range(header.u8(below=sum(counts)))]
                refuse_unless(len(set(first)) == len(first), "a byte that is named twice")
            run_bits = header.u8(below=17) if grouping == 6 else 0
            given = header.count(2**28) if grouping >= 5 else None
            code = None if counts is None else (counts, first)
            directory.append((grouping, weights, code, run_bits, given, header.count()))
        escape_count, escape_size = header.count(), header.count()
        raw_count, raw_size = header.count(), header.count()
        run_size = header.count() if any(run_bits for _, _, _, run_bits, *_ in directory) else 0
        header.within(GENERAL)
        packed = [body.take(size) for *_, size in directory]
        escapes = Reader(inflate(body.take(escape_size), escape_count))
        bits = np.unpackbits(
            np.frombuffer(inflate(body.take(raw_size), raw_count), np.uint8), bitorder="little"
        )

        run_lows = BitReader(body.take(run_size))

        symbols: List[Optional[np.ndarray]] = [None] * len(pieces)
        for stream, (grouping, weights, code, run_bits, given, _) in enumerate(directory):
            members = [place for place, piece in enumerate(pieces) if piece.stream == stream]
            total = sum(pieces[place].count for place in members)
            size = -(-total // SIZES[grouping]) if given is None else given
            if code is None:
                data = inflate(packed[stream], size)
            else:
                data = inflate_rising(packed[stream], size, *code)
            if grouping >= 5:
                joined = ungroup_runs(data, grouping, weights, total, escapes, run_bits, run_lows)
            else:
                joined = ungroup(data, grouping, weights, total, escapes)
            start = 0
            for place in members:
                symbols[place] = joined[start : start + pieces[place].count]
                start += pieces[place].count
        escapes.end()
        run_lows.end()

        codes, position = [], 0
        for piece, of_piece in zip(pieces, symbols):
            decoded, position = symbols_to_codes(of_piece, piece.shift, bits, position)
            codes.append(decoded)
        refuse_unless(-(-position // 8) == raw_count, "raw bits are left over")
        return codes

    # 6.4 and 6.5

    def model_terms(self, column: Column) -> List[float]:
        """What the model says of a column in its code units: a, b_0, b_1, ..."""
        number = self.layout.fields.index(column.field)
        if number not in self.model.fields:
            return [0.0, 0.0, 0] if self.network else [0.0] * (self.latents + 1)
        j = self.model.fields.index(number)
        with np.errstate(all="ignore"):
            scale, unit = np.float64(column.scale), np.float64(column.unit)
            if self.network:
                a = ((self.model.means[j] - float(column.base)) * scale - column.origin) / unit
                return [a, self.model.scales[j] * scale / unit, j]
            terms = [((self.model.means[j] - float(column.base)) * scale - column.origin) / unit]
            for k in range(self.latents):
                weight = self.model.weights[k, j] * self.columns[k].unit
                terms.append(weight * self.model.scales[j] * scale / unit)
        return terms

    def restore(self, pieces: List[np.ndarray]) -> None:
        """Codes to values, block after block."""
        real = np.float64 if self.wide else np.float32
        limit = real(2_000_000_000 if self.wide else 4_000_000)
        strands, lanes = self.strands, self.strands.count
        blocks = len(strands.places)
        order = strands.by_block()
        # By block and lane, with two blocks of zeros before the first: codes, and corrections.
        codes = [np.zeros((blocks + 2, lanes), np.int64) for _ in self.columns]
        r = [np.zeros((blocks + 2, lanes), real) for _ in self.columns]
        classes: Dict[int, List] = {}
        values = []
        pieces = list(pieces)
        for number, column in enumerate(self.columns):
            values.append(np.empty(self.count, column.field.type if column.field else real))
            if column.class_count > 1:
                some = [iter(pieces.pop(0).tolist()) for _ in range(column.class_count)]
                classes[number] = some
            else:
                piece = pieces.pop(0)
                in_blocks = piece[order] if column.record_order else piece
                codes[number].reshape(-1)[2 * lanes : 2 * lanes + self.count] = in_blocks

        def tied(column: Column, row: int) -> np.ndarray:
            """6.4: what a tie makes of restored values."""
            own = np.float64(column.unit) / np.float64(column.scale)
            power = own * own if column.tie.is_root else own
            v = np.full(lanes, real(np.float64(column.tie.constant) / power))
            for a, b, weight in column.tie.terms:
                weight, product = np.float64(weight), None
                for source in filter(None, (a, b)):
                    of = self.columns[source.column]
                    weight = weight * (np.float64(of.unit) / np.float64(of.scale))
                    shift = real(np.float64(of.origin) / np.float64(of.unit))
                    x = shift + r[source.column][row - source.lag]
                    product = x if product is None else product * x
                v = v + real(weight / power) * product
            if column.tie.is_root:
                v = np.sqrt(np.where(v > 0, v, real(0)))
            return v - real(np.float64(column.origin) / np.float64(column.unit))

        def limited(s: np.ndarray) -> np.ndarray:
            return np.where((s < limit) & (s > -limit), s, real(0))

        outputs = np.empty((0, lanes), np.float32)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for block, places in enumerate(strands.places):
                row = block + 2
                active = len(places)
                for number, column in enumerate(self.columns):
                    leaves = np.zeros(lanes, int)
                    if column.tree:
                        for new, (leaf, source) in enumerate(column.tree.splits, 1):
                            known = r[source.column][row - source.lag]
                            leaves[(leaves == leaf) & (known >= real(source.factor))] = new
                    if number in classes:
                        codes[number][row, :active] = self.next_codes(
                            column, classes[number], codes, row, active, leaves
                        )
                    # Prediction
                    m = None
                    if column.model:
                        m = np.full(lanes, real(column.model[0]))
                        if self.network:
                            _, b, j = column.model
                            m = m + real(b) * outputs[j].astype(real)
                        else:
                            for latent, b in enumerate(column.model[1:]):
                                m = m + real(b) * r[latent][row]
                        m = limited(m)
                    s = tied(column, row) if column.tie else m
                    if column.tree:
                        shift = (column.tree.offsets[leaves] * float(column.multiple) / 8).astype(real)
                        s = shift if s is None else s + shift
                    intercept = np.full(lanes, real(column.intercept))
                    s = intercept if s is None else s + intercept
                    for source in column.regressors:
                        s = s + real(source.factor) * r[source.column][row - source.lag]
                    p = limited(s)
                    if column.snap == 1:
                        p = np.rint(p)
                    elif column.snap == 2:
                        p = np.rint(p - real(0.5)) + real(0.5)
                    # Restoration
                    y = p + real(column.multiple) * codes[number][row].astype(real)
                    r[number][row] = y if m is None else y - m
                    if column.field:
                        values[number][places] = restored(column, y[:active])
                    if self.network and number + 1 == self.latents:
                        outputs = self.network.outputs(
                            np.stack([self.restored_latent(k, r[k][row]) for k in range(number + 1)])
                        )
        for column, of_column in zip(self.columns, values):
            if column.field:
                self.put(column.field, of_column)

    def restored_latent(self, number: int, y: np.ndarray) -> np.ndarray:
        """6.4: what the network takes."""
        column = self.columns[number]
        return (column.origin + column.unit * y.astype(np.float64)).astype(np.float32)

    def next_codes(self, column, classes, codes, row, active, leaves) -> List[int]:
        """6.5: the codes of one block of a column with classes."""
        activity = np.zeros(active, np.int64)
        for source in column.sources:
            known = np.abs(codes[source.column][row - source.lag, :active])
            activity += source.factor * np.minimum(known, 32767)
        groups = column.tree.groups[leaves[:active]] if column.tree else np.zeros(active, int)
        reached, first = np.zeros(active, int), 0
        for group, thresholds in enumerate(column.thresholds):
            own = first + sum(((activity >= t).astype(int) for t in thresholds), np.zeros(active, int))
            reached = np.where(groups == group, own, reached)
            first += len(thresholds) + 1
        try:
            return [next(classes[kind]) for kind in reached.tolist()]
        except StopIteration as error:
            raise Refused("a class has too few codes") from error

    # 6.7

    def read_exceptions(self) -> None:
        header, body = self.header, self.body
        columns = self.columns[self.latents :]
        counts = [header.count(self.count) for _ in columns]
        places_size = header.count(2**28)
        if not any(counts):
            refuse_unless(places_size == 0, "places without exceptions")
            return
        sizes = [column.field.type.itemsize for column in columns]
        places_stream, values_stream = header.count(2**28), header.count(2**28)
        places = Reader(inflate(body.take(places_stream), places_size))
        total = sum(count * size for count, size in zip(counts, sizes))
        values = Reader(inflate(body.take(values_stream), total))
        for column, count, size in zip(columns, counts, sizes):
            if count == 0:
                continue
            if count <= self.count // 16:
                gaps = [places.count(self.count) for _ in range(count)]
                records = np.cumsum(np.array(gaps) + 1) - 1
                refuse_unless(records[-1] < self.count, "an exception past the last record")
            else:
                mask = np.frombuffer(places.take(-(-self.count // 8)), np.uint8)
                records = np.flatnonzero(np.unpackbits(mask, bitorder="little")[: self.count])
                refuse_unless(len(records) == count, "the number of exceptions")
            planes = np.frombuffer(values.take(count * size), np.uint8).reshape(size, count)
            f = column.field
            self.output[records, f.offset : f.offset + size] = planes.T
        places.end()

    # 5.1

    def derived_bounds(self) -> List[float]:
        """The bounds that the units of a small container stand for."""
        bounds = dict.fromkeys(self.layout.fields, 0.0)
        for column in self.columns[self.latents :]:
            bounds[column.field] = column.unit * (0.5 + 2**-9)
            if column.lattice:
                bound = column.unit * (column.multiple - 1) / 2
                if column.multiple == 1 and column.unit >= 256:
                    bound = column.unit / 2
                bounds[column.field] = bound if column.field.type.kind in "iu" else 0.0
        return [bounds[f] for f in self.layout.fields]

    # 6.8

    def read_rows(self, fields: List[Field]) -> None:
        size = sum(f.type.itemsize for f in fields)
        stream = self.body.take(self.header.count(2**28))
        rows = np.frombuffer(inflate(stream, size * self.count), np.uint8)
        rows, start = rows.reshape(self.count, size), 0
        for f in fields:
            end = start + f.type.itemsize
            self.output[:, f.offset : f.offset + f.type.itemsize] = rows[:, start:end]
            start = end

    def read_exact(self, f: Field) -> np.ndarray:
        transform = self.header.u8(below=4)
        size = f.type.itemsize
        sizes = [self.header.count(2**28) for _ in range(size)]
        planes = [np.frombuffer(inflate(self.body.take(s), self.count), np.uint8) for s in sizes]
        bits = np.ascontiguousarray(np.stack(planes, axis=1)).view(f"<u{size}").reshape(-1)
        if transform == 1:
            bits = np.cumsum(bits, dtype=bits.dtype)
        elif transform == 2:
            bits = np.bitwise_xor.accumulate(bits)
        elif transform == 3:
            bits = np.cumsum(np.cumsum(bits, dtype=bits.dtype), dtype=bits.dtype)
        return bits


# 6.4


def restored(column: Column, y: np.ndarray) -> np.ndarray:
    """Code units to values of the field's type."""
    dtype = column.field.type
    if column.single:
        x = np.float32(column.origin) + np.float32(column.unit) * y
    else:
        x = column.origin + column.unit * y.astype(np.float64)
        if column.scale != 1:
            x = x / column.scale
    if dtype.kind == "f":
        return x.astype(dtype)
    limits = np.iinfo(dtype)
    base = column.base if dtype.itemsize == 8 else 0
    if dtype.kind == "u" and base < 0:
        base += 2**64
    low, high = limits.min - base, limits.max - base
    if dtype.itemsize == 8:
        low, high = max(low, -(2**53)), min(high, 2**53)
    x = np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))
    if dtype.itemsize <= 2:
        x = x.astype(np.float32)
    return (x.astype(np.int64).view(np.uint64) + np.uint64(base % 2**64)).astype(
        f"<u{dtype.itemsize}"
    ).view(dtype)


# 6.6

ALPHABETS = [256, 16, 6, 4, 3]
SIZES = [1, 2, 3, 4, 5]


def byte_order(grouping: int, weights: Optional[List[int]]) -> np.ndarray:
    """Of each number in a stream the byte."""
    if weights is None:
        return np.arange(256)
    if grouping >= 5:
        zero, *others = weights if grouping == 5 else [weights[0], *(16 * w for w in weights[1:])]
        sums = [b // 3 * zero + others[b % 3] for b in range(252)] + [84 * zero]
    else:
        alphabet, size = ALPHABETS[grouping], SIZES[grouping]
        sums = [
            sum(weights[b // alphabet**place % alphabet] for place in range(size))
            for b in range(alphabet**size)
        ]
    # Python's sort leaves what is equal in its order.
    return np.array(sorted(range(len(sums)), key=lambda b: sums[b]) + list(range(len(sums), 256)))


def read_code_lengths(header: Reader) -> List[int]:
    """How many codes have 1, 2, 3 ... bits."""
    counts, room = [], 1
    while room:
        refuse_unless(len(counts) < 15, "codes that are too long")
        counts.append(header.count(2 * room))
        room = 2 * room - counts[-1]
    refuse_unless(sum(counts) <= 257, "too many codes")
    return counts


def ungroup(
    given: bytes,
    grouping: int,
    weights: Optional[List[int]],
    count: int,
    escapes: Reader,
) -> np.ndarray:
    """The ``count`` symbols of the bytes that a stream gives."""
    order = byte_order(grouping, weights)
    alphabet, size = ALPHABETS[grouping], SIZES[grouping]
    data = np.frombuffer(given, np.uint8)
    if grouping == 0:
        return data
    digits = [order[data] // alphabet**place % alphabet for place in range(size)]
    symbols = np.stack(digits, axis=1).reshape(-1)[:count].astype(np.uint8)
    return with_escapes(symbols, np.flatnonzero(symbols == alphabet - 1), escapes)


def ungroup_runs(
    given: bytes,
    grouping: int,
    weights: Optional[List[int]],
    count: int,
    escapes: Reader,
    run_bits: int,
    run_lows: BitReader,
) -> np.ndarray:
    """The same where bytes stand for runs of zeros, which have ``run_bits`` raw bits each."""
    data = byte_order(grouping, weights)[np.frombuffer(given, np.uint8)]
    counted = data < 252
    # A byte moves by its zeros, and by the symbol that ends them.
    moves = np.where(counted, data // 3, 84) * 2**run_bits
    moves[counted] += run_lows.take(run_bits, int(counted.sum())) + 1
    places = (np.cumsum(moves) - 1)[counted]
    kinds = data[counted] % 3
    refuse_unless(not places.size or places[-1] < count, "a symbol past the last one")
    symbols = np.zeros(count, np.uint8)
    symbols[places] = kinds + 1
    return with_escapes(symbols, places[kinds == 2], escapes)


def with_escapes(symbols: np.ndarray, places: np.ndarray, escapes: Reader) -> np.ndarray:
    """The symbols with the next escapes at some places."""
    symbols[places] = np.frombuffer(escapes.take(len(places)), np.uint8)
    return symbols


def symbols_to_codes(
    symbols: np.ndarray, shift: int, bits: np.ndarray, position: int
) -> Tuple[np.ndarray, int]:
    """The codes of a piece whose raw bits begin at ``position``; also where they end."""
    refuse_unless(not len(symbols) or symbols.max() < 228, "an unknown symbol")
    h = symbols.astype(np.uint64)
    index = np.maximum(symbols.astype(np.int64) - 128, 0)
    direct = symbols < 128
    raw = np.where(direct, 0, index // 4 + 5).astype(np.uint64)
    base = np.where(direct, h, (4 + index % 4).astype(np.uint64) << raw)
    widths = raw.astype(np.int64) + shift
    starts = position + np.cumsum(widths) - widths
    end = position + int(widths.sum())
    refuse_unless(end <= len(bits), "raw bits are missing")
    taken = np.zeros(len(symbols), np.uint64)
    for place in range(int(widths.max(initial=0))):
        has = widths > place
        taken[has] |= bits[starts[has] + place].astype(np.uint64) << np.uint64(place)
    low = taken & np.uint64(2**shift - 1)
    u = ((base + (taken >> np.uint64(shift))) << np.uint64(shift)) + low & np.uint64(2**32 - 1)
    u = u.astype(np.int64)
    return np.where(u % 2 == 0, u // 2, -(u + 1) // 2), end


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        np.save(sys.argv[2], decode(file.read()).records)
