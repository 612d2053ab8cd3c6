"""Writes the golden containers of Tests/Fixtures: run once for each version of the format.

    AEZ_LIBRARY=... python Tests/Reference/make_fixtures.py

Each `v*_*.aez` has beside it, as `.npy`, the values that it must restore for good. Compressed bytes
are never compared: encoders may improve. Containers of older versions stay as they are; those of
the present version are not written anew without a reason either.

Stops if the containers together leave a part of the format unused.
"""

import io
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent / "Bindings" / "Python"), str(TESTS / "Python")]

import decode as reference  # noqa: E402
import numpy as np  # noqa: E402
import tables  # noqa: E402
from numpy.lib.recfunctions import repack_fields  # noqa: E402

import aezip  # noqa: E402

VERSION = 8
# What the version added; the other containers are those of the versions before.
ADDED = ("first_codes",)


def containers():
    """Names, records and what to ask for."""
    random = np.random.default_rng(20260101)
    walk = np.cumsum(random.normal(size=(1700, 4)), axis=0)
    waves = np.cumsum(walk, axis=0)
    whole = np.cumsum(random.integers(-3, 4, 800))
    yield "no_records", np.empty((0, 3), "f4"), {"abs": 0.01}
    yield "one_record", walk[:1], {"abs": 0.01}
    yield "47_records", walk[:47].astype("f4"), {"abs": 0.01}
    yield "several_chunks", walk[:400], {"rel": 1e-3, "chunk_records": 150, "metadata": "a text"}
    yield "regressors", waves[:, :1] * [1, -2, 0.5] + walk[:, :3], {"abs": 0.1}
    yield "binary64", waves[:500, :2], {"rel": 1e-9}
    yield "latents", latents(random), {"abs": 0.5, "latents": 2}
    yield "latents_binary64", latents(random)[:300], {"abs": 1e-7, "latents": 3}
    yield "contexts", contexts(random), {"abs": 0.5}
    yield "repeated_records", random.integers(0, 900, (9, 3))[random.integers(0, 9, 900)], {"abs": 0}
    yield "few_symbols", few_symbols(random), {"abs": 0}
    yield "large_codes", random.standard_cauchy((600, 2)) * 1e3, {"abs": 1e-3}
    yield "integers", integers(random, whole), {"abs": 2.5}
    yield "integers_exact", integers(random, whole), {"exact": True}
    yield "decimals", tables.structured([whole / 20, (whole / 20).astype("f4")]), {"abs": 0.004}
    yield "halves", tables.structured([whole * 1.0, whole.astype("f4")]), {"abs": 0.5}
    yield "byte_planes", byte_planes(random), {"exact": True}
    yield "exceptions", exceptions(random, walk[:500]), {"abs": 0.01}
    yield "constants", constants(), {"rel": 1e-3}
    yield "gaps_in_records", gaps(walk), {"abs": 0.1}
    yield "trees", trees(random), {"abs": 0.02}
    yield "trees_binary64", trees(random).astype("f8")[:900], {"abs": 1e-7}
    yield "short_columns", short_columns(random), {"rel": 1e-3, "chunk_records": 300}
    yield "short_statistics", short_columns(random)[:90], {"rel": 0.02}
    yield "short_statistics_exact", short_columns(random)[:40], {"exact": True}
    yield "rows", random.integers(0, 2**63, (30, 4))[random.integers(0, 30, 200)], {"exact": True}
    yield "repeats", repeats(random), {"abs": 0.02, "chunk_records": 700}
    yield "repeats_latents", repeats(random)[["x0", "x1", "x2"]], {"abs": 0.02, "latents": 1}
    yield "trees_latents", np.hstack([trees(random)[:900], latents(random)]), {"abs": 0.1, "latents": 2}
    yield "networks", networks(random)[:1200], {"abs": 0.05, "model": network(random), "latents": 3}
    yield "networks_binary64", networks(random)[:300], {
        "abs": {f"x{i}": 1e-7 for i in range(7)}, "model": network(random, hidden=[9]), "latents": 3,
    }  # fmt: skip
    yield "networks_by_digest", networks(random)[:500], {
        "abs": 0.05, "model": network(random, activation="relu", skip=False), "embed_model": False,
        "latents": 3,
    }  # fmt: skip
    yield "networks_chunks", networks(random)[:900], {
        "rel": 1e-2, "model": network(random, activation="sigmoid"), "chunk_records": 400,
        "latents": 3,
    }  # fmt: skip
    yield "networks_latents_alone", networks(random)[:400], {"latents": 4}
    yield "plan", plan(np.random.default_rng(7))[1500:2100], {
        "abs": 0.05, "model": planned(), "chunk_records": 300,
    }  # fmt: skip
    yield "ties", ties(random), {"rel": 1e-3}
    yield "ties_binary64", ties(random)[:600], {"rel": 1e-7}
    yield "byte_orders", byte_orders(random), {"abs": 0}
    yield "ascending_regressors", ascending_regressors(random), {"abs": 0.02}
    yield "latents_before_an_order", two_factors(random), {"rel": 0.1, "level": 7, "latents": 2}
    yield "rising_codes", byte_orders(random, 1500), {"abs": 0}
    yield "lanes", np.hstack([two_factors(random), trees(random)[:1500]]), {"rel": 0.01}
    yield "parts_of_statistics", parts(random), {"rel": 0.01}
    yield "terse_plan", plan(np.random.default_rng(7))[1500:2100], {"abs": 0.05, "model": planned()}
    yield "errors_without_a_bound", networks(random)[:1100], {"latents": 3}
    yield "long_runs", rare_events(random), {"abs": 0}
    yield "first_codes", frequent_numbers(random), {"abs": 0}


def rare_events(random, count=12000):
    """Fields that differ from 0 once in a few hundred records, and seldom by much."""
    events = random.random((count, 3)) < [0.002, 0.004, 0.001]
    return np.where(events, random.integers(1, 6, (count, 3)), 0).astype("i2")


def frequent_numbers(random, count=3000):
    """Small numbers, and two far ones that are frequent."""
    numbers = np.rint(random.laplace(size=(count, 2)) * 4)
    for number in (40, -40):
        numbers[random.random((count, 2)) < 0.1] = number
    return numbers.astype("i2")


def networks(random, count=2000):
    """Six curved fields of three hidden numbers, truth values, counts, and missing values."""
    hidden = random.uniform(-1, 1, (count, 3))
    fields = list((np.tanh(2 * hidden @ random.normal(size=(3, 8))) @ random.normal(size=(8, 6))).T)
    fields[4][random.random(count) < 0.02] = np.nan
    truth = (hidden[:, 0] > 0).astype("u1")
    return tables.structured(
        [*(f.astype("f4") for f in fields[:3]), *fields[3:], np.rint(hidden[:, 1] * 500).astype("i8"), truth]
    )


def network(random, hidden=(12, 8), **how):
    return aezip.train(
        networks(random), kind="deep", latents=3, hidden=list(hidden), epochs=12, seed=5, **how
    )


def plan(random, count=2400):
    """Four walks that know of each other, with gaps and far numbers from the 1600th on, and a name."""
    walks = np.cumsum(random.normal(size=(count, 2)), axis=0)
    fields = [walks[:, 0], walks[:, 1].astype("f4"), walks[:, 0] - 2 * walks[:, 1]]
    fields += [np.rint(walks[:, 0] * 30).astype("i4"), np.full(count, 7, "u1")]
    fields[2] = fields[2] + 0.2 * random.normal(size=count)
    fields[0][1600:][random.random(count - 1600) < 0.01] = np.nan
    fields[1][1700:1705] = [np.inf, -np.inf, 3e38, -1e30, 1e5]
    return tables.structured(fields)


def planned():
    return aezip.train(plan(np.random.default_rng(7))[:1500], kind="linear", latents=1, abs=0.05)


def latents(random):
    hidden = np.cumsum(random.normal(size=(900, 2)), axis=0) * 10
    return hidden @ random.normal(size=(2, 6)) + random.normal(size=(900, 6))


def contexts(random):
    unrest = np.exp(np.abs(np.cumsum(random.normal(size=2500)) / 10 % 8 - 4))
    return (random.normal(size=(2500, 2)) * unrest[:, None]).astype("f4")


def trees(random):
    kind = random.integers(0, 4, 2500)
    level = random.normal(size=2500)
    unrest = np.array([0.02, 0.3, 0.02, 2])[kind] * np.exp(random.normal(size=2500).cumsum() / 9 % 2)
    value = np.array([0, 5, -3, 40])[kind] + np.abs(level) + random.normal(size=2500) * unrest
    fields = [kind, level, value, value * level + kind, np.where(kind > 1, 0, level)]
    return np.stack(fields, axis=1).astype("f4")


def ties(random, count=1500):
    """An energy before its momenta and mass, and a power behind its factors, one of them decimals."""
    momenta = random.normal(size=(count, 3)) * [3, 4, 20]
    mass = random.choice([0, 0.5, 80.4], count)
    voltage, current = np.round(random.uniform(100, 240, count), 1), random.gamma(2, 3, count)
    energy = np.sqrt(np.sum(momenta**2, axis=1) + mass**2)
    fields = [energy, *momenta.T[:2], momenta[:, 2].astype("f4"), mass, voltage, current, voltage * current]
    return tables.structured(fields)


def short_columns(random):
    count = 400
    values = np.cumsum(random.normal(size=(count, 12)), axis=0)
    fields = [values[:, place] * 10.0 ** (place - 3) for place in range(6)]
    fields += [(values[:, 6] * 9 + 5e6).astype("f4"), np.rint(values[:, 7] * 1e9).astype("i8")]
    fields += [np.round(values[:, 8], 2), (values[:, 9] * 1e7).astype("i4"), np.rint(values[:, 10]) * 10 + 5]
    fields += [np.where(random.random(count) < 0.1, np.nan, values[:, 11])]
    return tables.structured(fields)


def repeats(random):
    values = random.normal(size=(900, 3)).cumsum(axis=0)
    fields = [*values.T, values[:, 0].astype("f4"), random.integers(0, 2**63, 900)]
    fields[1] = np.where(random.random(900) < 0.02, np.nan, fields[1])
    order = np.where(random.random(900) < 0.6, random.integers(0, 900, 900), np.arange(900))
    return tables.structured(fields)[order]


def few_symbols(random):
    count = 3000
    columns = [random.random(count) < share for share in (0.5, 0.2, 0.05, 0.004)]
    columns += [random.integers(0, most, count) for most in (3, 5, 14)]
    columns += [np.where(random.random(count) < 0.01, random.integers(0, 999, count), 0)]
    columns += [random.geometric(p, count) - 1 for p in (0.7, 0.5, 0.35)]
    columns += [random.random(count) < 0.6]
    columns += [np.rint(random.normal(size=count) * spread) for spread in (0.7, 0.9, 1.1)]
    return np.stack(columns, axis=1).astype("i2")


def byte_orders(random, count=4000):
    """Small numbers of whose bytes some are far likelier than others."""
    shares = [(0.99, 0.006, 0.004), (0.7, 0.2, 0.1), (0.4, 0.4, 0.1, 0.1), (0.3, 0.1, 0.4, 0.1, 0.1)]
    columns = [random.choice(len(share), count, p=share) for share in shares]
    columns += [np.minimum(random.geometric(p, count) - 1, 40) for p in (0.5, 0.25, 0.15)]
    columns[0][::97] = random.integers(3, 60, len(columns[0][::97]))
    return np.stack(columns, axis=1).astype("u1")


def ascending_regressors(random, count=900):
    """Fields that follow from up to four others, of the record and of the one before."""
    fields = list(np.cumsum(random.normal(size=(4, count)), axis=1))
    for size in (2, 3, 4):
        weights = random.normal(size=(size, 1))
        now, before = np.sum(weights * fields[:size], axis=0), np.roll(fields[size - 2], 1)
        fields.append(now - 0.7 * before + 0.05 * random.normal(size=count))
    return np.stack(fields, axis=1)


def two_factors(random, count=1500):
    """Fields that follow from two numbers, each also from its neighbours."""
    noise = random.normal(size=(count, 23))
    smooth = sum(noise[:, place : place + 20] for place in range(4))
    return (random.standard_t(3, size=(count, 2)) @ random.normal(size=(2, 20)) + 0.5 * smooth).astype("f4")


def parts(random, count=1100):
    """Ranges of whole numbers, decimals, and numbers of four and eight bytes; missing values."""
    noise = np.cumsum(random.normal(size=(count, 6)), axis=0)
    fields = [np.rint(noise[:, 0]), np.round(noise[:, 1], 3), np.round(noise[:, 2], 2).astype("f4")]
    fields += [noise[:, 3].astype("f4"), noise[:, 4], np.rint(noise[:, 5] * 40).astype("i2")]
    fields[4] = np.where(random.random(count) < 0.01, np.nan, fields[4])
    return tables.structured(fields + [random.integers(0, 2**63, count).view("u8")])


def integers(random, whole):
    fields = [(np.abs(whole) % 100).astype(kind) for kind in ("u1", "i1", "u2", "i2", "u4", "i4")]
    fields += [whole + 2**61, whole - 2**61, np.uint64(2**63 + 2**50) + whole.view("u8")]
    fields += [np.iinfo("u8").max - np.abs(whole).astype("u8")]
    fields += [random.integers(-(2**63), 2**63 - 1, whole.size)]
    return tables.structured(fields)


def byte_planes(random):
    steps = np.arange(700)
    return tables.structured(
        [
            random.integers(0, 2**63, 700).view("u8") * np.uint64(0x9E3779B97F4A7C15),
            steps.astype("u8") * np.uint64(2**53) + random.integers(0, 9, 700).view("u8"),
            np.cumsum(steps * 2**45 + random.integers(0, 5, 700)),
            np.sin(steps / 100),
            random.choice(random.normal(size=40), 700).astype("f4"),
            (np.arange(700) * 8 ^ random.integers(0, 2, 700)) * 1.0 + 2.0**40,
        ]
    )


def exceptions(random, walk):
    values = tables.structured([walk[:, 0], walk[:, 1].astype("f4"), walk[:, 2], walk[:, 3]])
    special = tables.field(random, "special", 500, "f8")
    values["x0"] = np.where(random.random(500) < 0.02, special, values["x0"])
    values["x1"][random.random(500) < 0.3] = np.nan
    values["x2"][[0, 499]] = np.inf, -0.0
    values["x3"] = special
    return values


def constants():
    records = np.empty(60, [("a", "f4"), ("b", "i8"), ("c", "f8"), ("d", "u1")])
    records["a"], records["b"], records["c"] = np.nan, -5, -0.0
    records["d"] = np.arange(60)
    return records


def gaps(walk):
    layout = {"names": ["b", "a"], "formats": ["f8", "u1"], "offsets": [9, 2], "itemsize": 24}
    records = np.zeros(300, np.dtype(layout))
    records["a"], records["b"] = np.arange(300) % 7, walk[:300, 0]
    return records


# ------------------------------------------------------------------ what a container makes use of


class Observed(reference.Chunk):
    """Notes the parts of the format that its bytes use."""

    seen = set()

    def read_column(self, f, number, column_count):
        column = super().read_column(f, number, column_count)
        self.note(f"snap {column.snap}")
        self.note("single" if column.single else "binary64 restoration")
        self.note("record order" if column.record_order else "block order")
        self.note("base" if column.base else "no base")
        self.note("scale" if column.scale != 1 else "no scale")
        self.note("multiple" if column.multiple > 1 else "no multiple")
        self.note("short columns" if self.short else "long columns")
        self.note("trimmed units" if self.trimmed else "whole units")
        if column.class_count > 1 and not self.tells_last_class:
            self.note("a last class by the others")
        if self.short:
            form = self.heads[number][1]
            self.note(f"unit of form {form & 3}")
            self.note(f"origin of form {form >> 2 & 3}")
        for regressor in column.regressors:
            self.note(f"regressor of lag {min(regressor.lag, 1)}")
        if self.ascending and len({regressor.lag for regressor in column.regressors}) > 1:
            self.note("ascending regressors of two lags")
        if column.tree:
            self.note("tree")
            self.note("groups" if column.tree.group_count > 1 else "one group")
            for _, source in column.tree.splits:
                self.note(f"split of lag {min(source.lag, 1)}")
        for source in column.sources:
            self.note(f"context of lag {min(source.lag, 1)}")
        return column

    def read_tie(self, reference, column_count, number):
        tie = super().read_tie(reference, column_count, number)
        self.note("root" if tie.is_root else "product")
        return tie

    def read_exact(self, f):
        lane = self.header.lanes[reference.GENERAL]
        self.note(f"transform {lane.data[lane.position]}")
        return super().read_exact(f)

    def read_rows(self, fields):
        self.note("rows")
        super().read_rows(fields)

    def decode(self):
        output = super().decode()
        self.note("binary64 prediction" if self.wide else "binary32 prediction")
        self.note("no plan" if self.plan is self.header else "the model's plan")
        if self.plan is not self.header and not self.tells_last_class:
            self.note("a plan without the last class")
        self.note("latents" if self.latents else "no latents")
        self.note("lanes" if self.header.lanes[0] is not self.header.lanes[1] else "no lanes")
        offsets = [column.field.offset for column in self.columns[self.latents :]]
        has_order = offsets != sorted(offsets)
        self.note("order" if has_order else "no order")
        self.note("latents before an order" if has_order and self.latents else "")
        if self.network and self.latents:
            self.note("network")
            self.note("skip" if len(self.network.edges) > len(self.network.biases) else "no skip")
            self.note("binary output" if self.network.binary.any() else "no binary output")
            for activation in self.network.activations:
                self.note(f"activation {activation}")
        self.note(f"{'few' if self.strands.count < 64 else '64'} strands")
        return output

    @classmethod
    def note(cls, what):
        cls.seen.add(what)


WANTED = {
    "snap 0", "snap 1", "snap 2", "single", "binary64 restoration", "record order", "block order",
    "base", "no base", "scale", "no scale", "multiple", "no multiple",
    "regressor of lag 0", "regressor of lag 1", "context of lag 0", "context of lag 1",
    "ascending regressors of two lags",
    "tree", "groups", "split of lag 0",
    "transform 0", "transform 1", "transform 2", "transform 3", "binary64 prediction",
    "binary32 prediction", "latents", "no latents", "few strands", "64 strands",
    "root", "product", "order", "latents before an order", "the model's plan",
    "network", "a network by its digest", "skip", "no skip", "binary output",
    *(f"activation {activation}" for activation in range(4)),
    *(f"grouping {grouping}" for grouping in (0, 1, 2, 3, 4, 6)), "short runs", "long runs",
    *(f"order of grouping {grouping}" for grouping in (1, 2, 3, 4, 6)), "escapes", "raw bits", "shifted codes",
    "rising code", "first codes", "lanes", "no lanes", "trimmed units",
    "a last class by the others", "a plan without the last class",
    *(f"values of form {form}" for form in (0, 16, 32)), "errors without a bound",
    "short columns", "rows", "repeats", "short statistics", "bounds that follow", "bounds that do not",
    *(f"unit of form {form}" for form in range(4)), "origin of form 2", "origin of form 3",
}  # fmt: skip


def observe():
    """Makes the reference decoder note what it meets."""
    ungroup, to_codes = reference.ungroup, reference.symbols_to_codes
    ungroup_runs = reference.ungroup_runs

    def noted_ungroup(given, grouping, weights, count, escapes):
        before = escapes.position
        symbols = ungroup(given, grouping, weights, count, escapes)
        Observed.note(f"grouping {grouping}")
        Observed.note(f"order of grouping {grouping}" if weights else "")
        if escapes.position > before:
            Observed.note("escapes")
        return symbols

    def noted_ungroup_runs(given, grouping, weights, count, escapes, run_bits, run_lows):
        Observed.note(f"grouping {grouping}")
        Observed.note(f"order of grouping {grouping}" if weights else "")
        Observed.note("long runs" if run_bits else "short runs")
        return ungroup_runs(given, grouping, weights, count, escapes, run_bits, run_lows)

    def noted_to_codes(symbols, shift, bits, position):
        codes, end = to_codes(symbols, shift, bits, position)
        if shift:
            Observed.note("shifted codes")
        if end > position + shift * len(symbols):
            Observed.note("raw bits")
        return codes, end

    rising = reference.inflate_rising

    def noted_rising(stream, size, counts, first):
        Observed.note("first codes" if first else "rising code")
        return rising(stream, size, counts, first)

    reference.inflate_rising = noted_rising
    by_parts = reference.read_parts

    def noted_parts(data, layout):
        result = by_parts(data, layout)
        for flag, statistics in zip(data[1:], result):
            Observed.note(f"values of form {flag & 48}" if flag & 1 else "")
            Observed.note("errors without a bound" if flag & 8 and statistics.absolute_bound == np.inf else "")
        return result

    reference.read_parts = noted_parts
    repeated = reference.read_repeats

    def noted_repeats(payload, count):
        sources, rest = repeated(payload, count)
        Observed.note("repeats" if sources is not None else "no repeats")
        return sources, rest

    reference.read_repeats = noted_repeats
    short = reference.read_short_statistics

    def noted_statistics(data, layout, records, bounds):
        Observed.note("short statistics")
        flags = data[1 : 1 + len(layout.fields)]
        Observed.note("bounds that do not" if any(flag & 1 for flag in flags) else "")
        Observed.note("bounds that follow" if any(bounds) else "")
        return short(data, layout, records, bounds)

    reference.read_short_statistics = noted_statistics
    reference.Chunk = Observed
    reference.ungroup, reference.symbols_to_codes = noted_ungroup, noted_to_codes
    reference.ungroup_runs = noted_ungroup_runs


def main():
    observe()
    folder = TESTS / "Fixtures"
    total = 0
    for name, records, how in containers():
        blob = bytes(aezip.compress(records, **how))
        model, model_file = None, io.BytesIO()
        if not how.get("embed_model", True):
            model = how["model"]
            model.save(model_file)
            Observed.note("a network by its digest")
        restored = aezip.decompress(blob, model=model)
        expected = reference.decode(blob, model_file.getvalue() or None).records
        for index, field in enumerate(expected.dtype.names):
            with aezip.open(blob, model=model) as opened:
                assert opened.read(fields=index).tobytes() == expected[field].tobytes(), name
        if not name.startswith(ADDED):
            continue
        path = folder / f"v{VERSION}_{name}.aez"
        path.write_bytes(blob)
        if model:
            path.with_suffix(".aezm").write_bytes(model_file.getvalue())
        if restored.dtype.names:  # .npy knows no fields out of order
            restored = repack_fields(restored)
        np.save(path.with_suffix(".npy"), restored)
        total += len(blob) + path.with_suffix(".npy").stat().st_size
        print(f"{path.name:32} {len(records):6} records {len(blob):8} bytes")
    print(f"{total} bytes in all")
    missing = sorted(WANTED - Observed.seen)
    if missing:
        sys.exit(f"make_fixtures: no container uses: {', '.join(missing)}")


if __name__ == "__main__":
    main()
