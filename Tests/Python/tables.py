"""Tables to compress, and the judge of what came back, which knows nothing of aezip."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

#: Every numeric type that aezip stores.
TYPES = ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]

#: Numbers of records around the edges of blocks (64) and strands.
COUNTS = [0, 1, 2, 3, 63, 64, 65, 127, 129, 500, 4097]

#: How the values of a field run.
KINDS = [
    "constant", "uniform", "walk", "lattice", "heavy tails", "whole range", "smallest",
    "rare values", "special", "follows", "steps",
]  # fmt: skip


def field(random: np.random.Generator, kind: str, count: int, dtype, before=None) -> np.ndarray:
    """``count`` values of one kind; ``before`` is the field to its left."""
    dtype = np.dtype(dtype)
    if kind == "special":
        return _special(random, count, dtype)
    if kind in ("whole range", "smallest"):
        return _extreme(random, kind, count, dtype)
    values = {
        "constant": lambda: np.full(count, random.normal() * 100),
        "uniform": lambda: random.uniform(-100, 100, count),
        "walk": lambda: np.cumsum(random.normal(size=count)),
        "lattice": lambda: np.round(np.cumsum(random.normal(size=count)), 2),
        "heavy tails": lambda: random.standard_cauchy(count) * 10,
        "rare values": lambda: np.where(
            random.random(count) < 0.02, 1e6, random.normal(size=count)
        ),
        "follows": lambda: (
            np.zeros(count) if before is None else np.tanh(before.astype("f8") / 50) * 90
        ),
        "steps": lambda: np.repeat(random.normal(size=count // 20 + 1) * 50, 20)[:count],
    }[kind]()
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    values = np.abs(values) if dtype.kind == "u" else values
    values = np.nan_to_num(values, nan=0.0)
    return np.clip(np.rint(values), max(limits.min, -(2**62)), min(limits.max, 2**62)).astype(dtype)


def _special(random: np.random.Generator, count: int, dtype: np.dtype) -> np.ndarray:
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        return random.choice(np.array([limits.min, limits.max, 0, 1], dtype), count)
    limits = np.finfo(dtype)
    values = random.normal(size=count).astype(dtype)
    odd = [np.nan, np.inf, -np.inf, -0.0, 0.0, _smallest(dtype), limits.max, limits.min]
    chosen = random.random(count) < 0.4
    values[chosen] = random.choice(np.array(odd, dtype), int(chosen.sum()))
    payload = np.flatnonzero(np.isnan(values))[::2]  # NaNs of other bits than numpy's own
    bits = values.view(f"u{dtype.itemsize}")
    bits[payload] ^= random.integers(1, 1000, len(payload)).astype(bits.dtype)
    return values


def _extreme(random: np.random.Generator, kind: str, count: int, dtype: np.dtype) -> np.ndarray:
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, count, dtype, endpoint=True)
    limits = np.finfo(dtype)
    if kind == "smallest":
        return (random.integers(-1000, 1000, count) * _smallest(dtype)).astype(dtype)
    return (random.uniform(-1, 1, count) * float(limits.max)).astype(dtype)


def _smallest(dtype: np.dtype) -> np.floating:
    """The smallest positive number."""
    return np.nextafter(dtype.type(0), dtype.type(1))


@st.composite
def columns(draw, types=tuple(TYPES), most_fields=6, counts=tuple(COUNTS)):
    """A list of arrays of one length, each a field."""
    count = draw(st.sampled_from(counts))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(
        st.lists(
            st.tuples(st.sampled_from(KINDS), st.sampled_from(types)),
            min_size=1,
            max_size=most_fields,
        )
    )
    made = []
    for kind, dtype in kinds:
        made.append(field(random, kind, count, dtype, made[-1] if made else None))
    return made


def structured(fields) -> np.ndarray:
    """The fields side by side, named x0, x1, x2, ..."""
    names = [f"x{index}" for index in range(len(fields))]
    records = np.empty(len(fields[0]), [(name, f.dtype) for name, f in zip(names, fields)])
    for name, values in zip(names, fields):
        records[name] = values
    return records


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether all values are equal to the bit, NaN and -0 included; padding does not count."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.names is not None:
        return all(same_bits(a[name], b[name]) for name in a.dtype.names)
    return a.tobytes() == b.tobytes()


def range_of(values: np.ndarray) -> Fraction:
    """The exact max - min of the finite values; 0 if there are none."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return Fraction(0)
    return Fraction(finite.max().item()) - Fraction(finite.min().item())


def relative(rel: float, values: np.ndarray) -> Fraction:
    """The bound that ``rel`` means, with a slack of 2^-50 for computing it in double precision."""
    return Fraction(rel) * range_of(values) * (1 + Fraction(1, 2**50))


def assert_within(values: np.ndarray, restored: np.ndarray, bound) -> None:
    """Asserts ``|value - restored| <= bound`` in exact arithmetic for every value, and that what is
    not finite, or is -0, is kept to the bit."""
    assert values.dtype == restored.dtype and values.shape == restored.shape
    if values.dtype.kind == "f":
        kept = ~np.isfinite(values) | ((values == 0) & np.signbit(values))
        assert same_bits(values[kept], restored[kept]), "a value that is not finite, or -0, changed"
        assert np.isfinite(restored[~kept]).all(), "a finite value came back as none"
        values, restored = values[~kept], restored[~kept]
    bound = min(Fraction(bound), Fraction(np.finfo("f8").max) * 2)
    with np.errstate(over="ignore"):
        rough = np.abs(values.astype("f8") - restored.astype("f8"))
        wide = values.dtype.kind in "iu" and values.dtype.itemsize == 8  # rounded in "f8"
        near = (values != restored) & (wide | (rough > float(bound / 4) * (4 - 1e-9)))
    for value, back in zip(values[near].tolist(), restored[near].tolist()):
        error = abs(Fraction(value) - Fraction(back))
        assert error <= bound, (
            f"{value!r} came back as {back!r}: error {float(error)} > {float(bound)}"
        )
