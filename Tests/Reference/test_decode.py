"""The library against the decoder that was written from Format.md: the same bits, always.

`*.aez` in Tests/Fixtures are containers that releases wrote, with the values they must restore
beside them. Everything else is compressed here and now.
"""

import struct
import zlib
from pathlib import Path

import decode as reference
import numpy as np
import pytest
import tables

import aezip

FIXTURES = sorted((Path(__file__).resolve().parents[1] / "Fixtures").glob("v*_*.aez"))


def assert_same(records: np.ndarray, **how) -> reference.Container:
    """Compresses records, restores them both ways, and compares bits and statistics."""
    blob = bytes(aezip.compress(records, **how))
    container = reference.decode(blob)
    with aezip.open(blob) as opened:
        names = container.records.dtype.names
        assert opened.shape[0] == len(container.records)
        for index, (name, info, found) in enumerate(
            zip(names, opened.fields, container.statistics)
        ):
            restored = opened.read(fields=index)
            assert container.records[name].tobytes() == restored.tobytes(), name
            told = (
                info.minimum, info.maximum, info.missing,
                info.absolute_bound, info.largest_error, info.rmse,
            )  # fmt: skip
            np.testing.assert_equal(told, tuple(found))
    return container


def coded_columns(records: np.ndarray, **how):
    """The columns of the first chunk, as the reference reads them."""
    blob = bytes(aezip.compress(records, **how))
    _, entries = reference.read_index(blob)
    layout = reference.read_layout(
        reference.unpacked(
            reference.payload_of(blob, next(e for e in entries if e.kind == reference.LAYOUT))
        )
    )
    entry = next(e for e in entries if e.kind == reference.CHUNK)
    models = [e for e in entries if e.kind == reference.MODEL]
    model = None
    if models:
        packed = reference.payload_of(blob, models[0])
        model = reference.read_model(reference.unpacked(packed), len(layout.fields))
    sources, payload = reference.read_repeats(reference.payload_of(blob, entry), entry.records)
    count = entry.records if sources is None else int(sources.max()) + 1
    chunk = reference.Chunk(payload, count, layout, model)
    chunk.decode()
    return chunk


def columns(records: np.ndarray):
    """The types and bytes of all fields of a matrix or of structured records."""
    if records.dtype.names:
        fields = [records[name] for name in records.dtype.names]
    else:
        fields = list(records.T)
    return [(field.dtype.str, field.tobytes()) for field in fields]


# ------------------------------------------------------------------------------ fixtures


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_fixtures_restore_the_same_numbers(path):
    expected = np.load(path.with_suffix(".npy"))
    blob = path.read_bytes()
    file = path.with_suffix(".aezm")  # of a model that the container only names
    model = aezip.load(file) if file.exists() else None
    decoded = reference.decode(blob, file.read_bytes() if model else None)
    assert columns(decoded.records) == columns(expected)
    assert columns(aezip.decompress(blob, model=model)) == columns(expected)


# ------------------------------------------------------------------------ random tables


@pytest.mark.parametrize("seed", range(120))
def test_random_tables(seed):
    random = np.random.default_rng(seed)
    count = int(random.choice([1, 2, 3, 23, 47, 48, 63, 64, 65, 129, 500, 1535, 1537, 4097]))
    fields = []
    for _ in range(random.integers(1, 8)):
        kind, dtype = str(random.choice(tables.KINDS)), str(random.choice(tables.TYPES))
        fields.append(
            tables.field(random, kind, count, dtype, fields[-1] if fields else None)
        )
    how = [
        {"rel": float(random.choice([1e-1, 1e-3, 1e-5, 1e-9]))},
        {"abs": float(random.choice([1e-6, 0.01, 0.5, 2.55, 100]))},
        {"exact": True},
    ][random.integers(3)]
    assert_same(tables.structured(fields), level=int(random.integers(1, 10)), **how)


@pytest.mark.parametrize("dtype", tables.TYPES)
@pytest.mark.parametrize("kind", tables.KINDS)
def test_every_type_with_every_kind_of_values(dtype, kind):
    random = np.random.default_rng(7)
    values = tables.field(random, kind, 700, dtype)
    for how in ({"rel": 1e-3}, {"abs": 0.75}, {"exact": True}):
        assert_same(tables.structured([values, values[::-1].copy()]), **how)


@pytest.mark.parametrize("count", [*range(1, 70), 127, 128, 129, 1535, 1536, 1537])
def test_every_number_of_records_around_the_edges_of_strands(count):
    random = np.random.default_rng(count)
    walk = np.cumsum(random.normal(size=(count, 3)), axis=0).astype("f4")
    assert_same(walk, abs=0.01)


# ------------------------------------------------------------------------ models


def curved(random, count):
    """Fields on a curve, of several types, with values missing."""
    hidden = random.uniform(-1, 1, (count, 2))
    flat = np.tanh(2 * hidden @ random.normal(size=(2, 7))) @ random.normal(size=(7, 7)) * 100
    fields = [flat[:, 0].astype("f4"), flat[:, 1], flat[:, 2].astype("i2"), flat[:, 3].astype("i8") + 2**51]
    fields += [(flat[:, 4] > 0).astype("u1"), flat[:, 5].astype("f4"), flat[:, 6]]
    fields[5][random.random(count) < 0.03] = np.nan
    return tables.structured(fields)


@pytest.mark.filterwarnings("ignore:the model predicts")
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("how", [{"abs": 0.5}, {"rel": 1e-2}, {"rel": 1e-7}, {"latents": 3}])
def test_networks_predict_the_same_bits(how, activation):
    random = np.random.default_rng(len(activation))
    model = aezip.train(
        curved(random, 600), kind="deep", latents=3, hidden=[10, 6], activation=activation, epochs=5
    )
    for count in (1, 50, 1000, 3000):
        assert_same(curved(random, count), **{"model": model, "latents": 3, "level": 4, **how})


@pytest.mark.filterwarnings("ignore:the model predicts")
def test_networks_with_infinite_values_predict_the_same_bits():
    random = np.random.default_rng(5)
    records = random.normal(size=(400, 6)) * 10.0 ** random.integers(-200, 200, 6)
    records[7], records[9, 2] = np.inf, np.nan
    model = aezip.train(records, kind="deep", latents=2, hidden=[5], epochs=3)
    for bound in ({"rel": 1e-3}, {"latents": 2}):
        assert_same(records, **{"model": model, "latents": 2, **bound})


@pytest.mark.parametrize("how", [{"latents": 1}, {"latents": 4}, {"nrmse": 0.3}, {"nrmse": 0.01}])
def test_latents_alone_and_mean_errors(how):
    random = np.random.default_rng(11)
    for count in (3, 700, 2500):
        assert_same(curved(random, count), **how)


def test_the_reference_asks_for_the_model(tmp_path):
    random = np.random.default_rng(12)
    records = curved(random, 500)
    model, other = (aezip.train(records, kind="linear", latents=k) for k in (2, 3))
    blob = bytes(aezip.compress(records, abs=1, model=model, latents=2, embed_model=False))
    for file in (None, bytes(other)):
        with pytest.raises(reference.Refused, match=model.digest):
            reference.decode(blob, file)
    decoded = reference.decode(blob, bytes(model)).records
    assert columns(decoded) == columns(aezip.decompress(blob, model=model))


def test_no_records():
    assert len(assert_same(np.empty((0, 3), "f4"), abs=0.01).records) == 0


def test_several_chunks():
    random = np.random.default_rng(1)
    walk = np.cumsum(random.normal(size=(5000, 4)), axis=0)
    assert_same(walk, abs=0.01, chunk_records=777)


def test_fields_with_gaps_between_them():
    layout = np.dtype(
        {"names": ["b", "a"], "formats": ["f8", "u1"], "offsets": [9, 2], "itemsize": 24}
    )
    records = np.zeros(300, layout)
    records["a"], records["b"] = np.arange(300) % 7, np.sin(np.arange(300))
    assert_same(records, abs={"b": 1e-5})


# ------------------------------------ each part of the format, and that it is in use at all


def smooth(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.cumsum(np.cumsum(random.normal(size=(count, *shape)), axis=0), axis=0)


def test_regressors_on_earlier_columns_and_records():
    wave = smooth(3000, 1) @ np.array([[1.0, -2.0, 0.5, 3.0]])
    wave += np.random.default_rng(1).normal(size=wave.shape)
    columns = coded_columns(wave, abs=0.05).columns
    regressors = [regressor for column in columns for regressor in column.regressors]
    assert any(regressor.lag == 0 for regressor in regressors)
    assert any(regressor.lag > 0 for regressor in regressors)
    assert_same(wave, abs=0.05)


@pytest.mark.parametrize("rel", [1e-2, 1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_ties_to_roots_and_products_in_an_order_of_their_own(rel, dtype):
    random = np.random.default_rng(14)
    momenta, mass = random.normal(size=(4000, 3)) * [3, 4, 20], random.choice([0, 0.5, 80.4], 4000)
    energy = np.sqrt(np.sum(momenta**2, axis=1) + mass**2)
    voltage, current = random.uniform(100, 240, 4000), random.gamma(2, 3, 4000)
    records = np.column_stack([voltage * current, energy, momenta, mass, voltage, current])
    chunk = coded_columns(records.astype(dtype), rel=rel)
    kinds = {column.tie.is_root for column in chunk.columns if column.tie}
    assert True in kinds and (rel < 1e-5 or rel > 2e-3 or False in kinds)
    assert [column.field.offset for column in chunk.columns][0] > 0
    assert_same(records.astype(dtype), rel=rel)
    assert_same(records[:300].astype(dtype), rel=rel)


def test_columns_in_the_order_of_falling_bits():
    random = np.random.default_rng(15)
    value = random.normal(size=5000)
    records = tables.structured([np.floor(3 * value) % 4, random.integers(0, 3, 5000), value])
    records["x0"][[3, 400]] = np.nan, -0.0
    for how in ({"rel": 1e-2}, {"rel": 1e-8}, {"rel": 1e-2, "chunk_records": 2500}):
        offsets = [column.field.offset for column in coded_columns(records, level=7, **how).columns]
        if how == {"rel": 1e-2}:
            assert offsets[0] > 0
        assert sorted(offsets) == sorted(set(offsets))
        assert_same(records, level=7, **how)


def test_context_classes():
    random = np.random.default_rng(2)
    unrest = np.exp(np.abs(np.cumsum(random.normal(size=20000)) / 10 % 8 - 4))
    noise = random.normal(size=(20000, 2)) * unrest[:, None]
    assert any(column.thresholds for column in coded_columns(noise, abs=0.5).columns)
    assert_same(noise, abs=0.5)


def test_latents_of_a_model():
    random = np.random.default_rng(11)
    hidden = random.normal(size=(3000, 2)) * 20
    records = hidden @ random.normal(size=(2, 12)) + random.normal(size=(3000, 12))
    records[random.random(records.shape) < 0.001] = np.nan
    mixed = tables.structured(
        [column.astype(kind) for column, kind in zip(np.nan_to_num(records).T, "ffdiihhlfqbd")]
    )
    for table, bound in (
        (records, 0.5), (records, 1e-7), (records.astype("f4"), 0.02), (mixed, 0.5), (mixed, 1e-5),
    ):  # fmt: skip
        assert coded_columns(table, abs=bound, latents=2).latents == 2
        assert_same(table, abs=bound, latents=2)
    assert coded_columns(records, abs=1e-7, latents=2).wide


def test_predictions_in_binary64():
    fine = smooth(3000, 3)
    assert coded_columns(fine, rel=1e-8).wide
    assert not coded_columns(fine, rel=1e-3).wide
    assert_same(fine, rel=1e-8)
    mixed = tables.structured([fine[:, 0], fine[:, 1].astype("f4"), np.arange(3000, dtype="u2")])
    assert_same(mixed, rel=1e-8)


def test_lattices_of_decimals_integers_and_halves():
    random = np.random.default_rng(3)
    steps = np.cumsum(random.integers(-3, 4, 2000))
    decimals, integers = np.round(steps * 0.05, 2), steps.astype("i4")
    records = tables.structured([decimals, decimals.astype("f4"), integers, steps.astype("f8")])
    for bound in (0.004, 0.025, 0.5, 1.0, 2.55):
        assert_same(records, abs=bound)
    scales = {column.scale for column in coded_columns(records, abs=0.004).columns}
    assert len(scales) > 1
    snaps = {column.snap for column in coded_columns(steps.astype("f8")[:, None], abs=0.5).columns}
    snaps |= {column.snap for column in coded_columns(records, abs=0.5).columns}
    assert snaps >= {1, 2}


def test_integers_far_from_zero():
    random = np.random.default_rng(4)
    walk = np.cumsum(random.integers(-1000, 1000, 2000))
    fields = [
        (walk + 2**62).astype("i8"),
        (walk - 2**62).astype("i8"),
        walk.astype("i8").view("u8") + np.uint64(2**64 - 2**40),
        np.uint64(2**63) + walk.astype("i8").view("u8"),
        (np.iinfo("i8").max - np.abs(walk)).astype("i8"),
        (np.iinfo("i8").min + np.abs(walk)).astype("i8"),
        np.iinfo("u8").max - np.abs(walk).astype("u8"),
        np.abs(walk).astype("u8"),
    ]
    for how in ({"exact": True}, {"abs": 0}, {"abs": 7.3}, {"rel": 0.01}):
        assert_same(tables.structured(fields), **how)


def test_exceptions_as_gaps_and_as_a_mask():
    random = np.random.default_rng(5)
    values = np.cumsum(random.normal(size=(4000, 3)), axis=0).astype("f4")
    values[random.random(4000) < 0.01, 0] = np.nan
    values[random.random(4000) < 0.4, 1] = -0.0
    values[[0, 3999], 2] = np.inf, -np.inf
    assert_same(values, abs=0.01)


def test_byte_planes_with_every_transform():
    random = np.random.default_rng(6)
    count = 3000
    fields = [
        random.integers(0, 2**32, count).view("u8") * np.uint64(0x9E3779B97F4A7C15),
        (np.arange(count, dtype="u8") * np.uint64(2**53) + random.integers(0, 9, count).view("u8")),
        np.cumsum(np.arange(count) * 2**45 + random.integers(0, 5, count)).astype("i8"),
        np.repeat(random.normal(size=count // 10), 10),
        np.sin(np.arange(count) / 100),
    ]
    assert_same(tables.structured(fields), exact=True)


def test_constant_fields():
    records = np.empty(200, [("a", "f4"), ("b", "i8"), ("c", "f8")])
    records["a"], records["b"], records["c"] = np.nan, -5, -0.0
    assert_same(records, rel=1e-3)


def test_codes_of_every_size():
    random = np.random.default_rng(8)
    values = random.standard_cauchy((6000, 2)) * 10.0 ** random.integers(0, 6, (6000, 2))
    assert_same(values, abs=0.01)
    assert_same(np.clip(values, -1e7, 1e7).astype("i4"), abs=0)


def test_streams_of_few_symbols_and_of_zero_runs():
    random = np.random.default_rng(9)
    count = 30000
    columns = [random.random(count) < share for share in (0.5, 0.2, 0.05, 0.01, 0.001)]
    columns += [random.integers(0, most, count) for most in (3, 4, 6, 9, 16, 200)]
    columns += [np.where(random.random(count) < 0.01, random.integers(0, 1000, count), 0)]
    assert_same(np.stack(columns, axis=1).astype("i2"), abs=0)


def test_tables_with_repeated_records():
    random = np.random.default_rng(10)
    kinds = random.integers(0, 1000, (40, 5)).astype("i4")
    assert_same(kinds[random.integers(0, 40, 6000)], abs=0)


def test_repeated_records():
    random = np.random.default_rng(12)
    values = smooth(3000, 3)
    values[random.random(values.shape) < 0.01] = np.nan
    order = np.where(random.random(3000) < 0.5, random.integers(0, 3000, 3000), np.arange(3000))
    for how in ({"abs": 0.05}, {"exact": True}, {"abs": 0.05, "latents": 1}):
        assert_same(values[order], **how)
        blob = bytes(aezip.compress(values[order], **how))
        entry = next(e for e in reference.read_index(blob)[1] if e.kind == reference.CHUNK)
        assert reference.payload_of(blob, entry)[0] == 0


@pytest.mark.parametrize("seed", range(200))
def test_both_refuse_the_same_damaged_repeats(seed):
    random = np.random.default_rng(seed)
    values = random.integers(0, 2**60, (40, 2))[random.integers(0, 40, 90)]
    blob = bytes(aezip.compress(values, exact=True))

    def change(payload: bytes) -> bytes:
        assert payload[0] == 0
        reader = reference.Reader(payload)
        reader.u8()
        coded, planes = reader.count(), reader.u8()
        stream = reader.take(reader.count())
        data = bytearray(zlib.decompress(stream))
        action = random.integers(4)
        if action < 2:
            data[random.integers(len(data))] = random.integers(256)
        elif action == 2:
            coded += int(random.integers(-2, 3))
        else:
            planes = int(random.integers(0, 6))
        packed = zlib.compress(bytes(data))
        return b"\0" + leb(coded) + bytes([planes]) + leb(len(packed)) + packed + reader.rest()

    damaged = rewritten(blob, reference.CHUNK, change)
    try:
        expected = reference.decode(damaged).records
    except reference.Refused:
        expected = None
    try:
        found = aezip.decompress(damaged)
    except aezip.AezipError:
        found = None
    assert (expected is None) == (found is None)
    if expected is not None:
        assert columns(found) == columns(expected)


def test_metadata_is_kept_as_it_is():
    for metadata in ("a text", "long " * 10000):
        container = assert_same(smooth(100, 2), abs=0.1, metadata=metadata)
        assert metadata.encode() in container.metadata


# ------------------------------------------------------------------------- what it refuses


def rewritten(blob: bytes, kind: int, change) -> bytes:
    """The container with one section's payload changed, and all checksums right."""
    records, entries = reference.read_index(blob)
    out = bytearray(blob[:16])
    index = bytearray(leb(records) + leb(len(entries)))

    def section(number: int, payload: bytes) -> bytes:
        start = struct.pack("<IIQ", number, 0, len(payload))
        checksum = zlib.crc32(start + payload)
        return struct.pack("<IIQ", number, checksum, len(payload)) + payload

    for entry in entries:
        payload = reference.payload_of(blob, entry)
        if entry.kind == kind:
            payload = change(payload)
        index += leb(entry.kind) + leb(len(out)) + leb(len(payload))
        if entry.kind == reference.CHUNK:
            index += leb(entry.records)
        out += section(entry.kind, payload)
    place = struct.pack("<Q", len(out))
    out += section(reference.INDEX, bytes(index))
    return bytes(out) + place + struct.pack("<I", zlib.crc32(place)) + b"AEZE"


def leb(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def chunk_with(payload: bytes, change) -> bytes:
    """A chunk's payload with its unpacked header changed, behind repeats if there are."""
    start = b""
    if payload[0] == 0:
        reader = reference.Reader(payload)
        reader.take(1), reader.count(), reader.take(1)
        reader.take(reader.count())
        start, payload = payload[: reader.position], reader.rest()
    reader = reference.Reader(payload)
    size = reader.count()
    header = reference.inflate(reader.take(reader.count()), size)
    header = bytes(change(bytearray(header)))
    packed = zlib.compress(header)
    return start + leb(len(header)) + leb(len(packed)) + packed + reader.rest()


def test_a_rewritten_container_is_the_same():
    records = smooth(300, 2)
    blob = bytes(aezip.compress(records, abs=0.1))
    again = rewritten(blob, reference.CHUNK, lambda payload: chunk_with(payload, lambda h: h))
    assert again != blob
    assert tables.same_bits(aezip.decompress(again), aezip.decompress(blob))


@pytest.mark.parametrize("seed", range(400))
def test_both_refuse_the_same_damaged_chunk_headers(seed):
    """Valid checksums around headers with a random byte: what one restores, both restore."""
    random = np.random.default_rng(seed)
    count = int(random.choice([40, 300, 1700]))
    fields = [
        tables.field(random, str(random.choice(tables.KINDS)), count, dtype)
        for dtype in random.choice(["f4", "f8", "u1", "i2", "i4", "i8", "u8"], 3)
    ]
    latents = int(random.integers(3))
    blob = bytes(aezip.compress(tables.structured(fields), abs=0.3, latents=latents))

    def change(header: bytearray) -> bytearray:
        for _ in range(random.integers(1, 3)):
            header[random.integers(len(header))] = random.integers(256)
        return header

    damaged = rewritten(blob, reference.CHUNK, lambda payload: chunk_with(payload, change))
    try:
        expected = reference.decode(damaged).records
    except reference.Refused:
        expected = None
    try:
        found = aezip.decompress(damaged)
    except aezip.AezipError:
        found = None
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert tables.same_bits(found, expected)
