"""What numpy can hold comes back as the same array."""

import aezip
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tables import TYPES, assert_within, same_bits

PARTICLE = np.dtype(
    [
        ("id", "u2"),
        ("p", [("x", "f4"), ("y", ">f8")]),
        ("v", "f4", (2, 3)),
        ("hits", [("t", "i8"), ("ok", "?")], (2,)),
        ("when", "M8[us]"),
    ],
    align=True,
)


def particles(count=300, dtype=PARTICLE):
    random = np.random.default_rng(1)
    records = np.zeros(count, dtype)
    records["id"] = np.arange(count) // 7
    records["p"]["x"] = np.cumsum(random.normal(size=count))
    records["p"]["y"] = records["p"]["x"] * 2 + random.normal(size=count) / 100
    records["v"] = random.normal(size=(count, 2, 3))
    records["hits"]["t"] = random.integers(-(2**62), 2**62, (count, 2))
    records["hits"]["ok"] = random.random((count, 2)) < 0.3
    records["when"] = np.datetime64("2024-01-01") + np.arange(count) * np.timedelta64(250, "ms")
    records["when"][5] = np.datetime64("NaT")
    return records


def exact(records, **options):
    return aezip.decompress(aezip.compress(records, exact=True, **options))


@pytest.mark.parametrize("dtype", [*TYPES, "?", "M8[ns]", "m8[s]"])
@pytest.mark.parametrize("order", "<>")
def test_every_type_in_either_byte_order_comes_back(dtype, order):
    random = np.random.default_rng(2)
    records = (
        random.integers(0, 2, (70, 3)).astype(dtype).astype(np.dtype(dtype).newbyteorder(order))
    )
    assert same_bits(exact(records), records)
    assert same_bits(exact(records[:, 1]), records[:, 1])


@given(
    hnp.arrays(
        hnp.nested_dtypes(
            st.one_of(
                hnp.floating_dtypes(sizes=(32, 64)), hnp.integer_dtypes(), hnp.boolean_dtypes()
            ),
            max_itemsize=200,
            # Names with a NUL are refused.
        ).filter(lambda dtype: dtype.itemsize > 0 and "\\x00" not in str(dtype)),
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=20),
    )
)
def test_any_nesting_of_types_comes_back_in_any_shape(records):
    assert same_bits(exact(records), records)


def test_one_two_and_more_axes_come_back():
    values = np.arange(360, dtype="f4")
    for shape in [(360,), (360, 1), (1, 360), (10, 36), (10, 6, 6), (5, 2, 3, 12), (0, 4), (0,)]:
        records = values[: np.prod(shape)].reshape(shape)
        assert same_bits(exact(records), records)


def test_strides_and_orders_do_not_matter():
    wide = np.random.default_rng(3).normal(size=(200, 12))
    for view in [
        wide[::2],
        wide[:, 3:7],
        wide[::-1],
        wide[:, ::-3],
        wide.T,
        wide[5:9, 2],
        wide[:0],
    ]:
        assert same_bits(exact(view), view)
        assert_within(view.copy(), aezip.decompress(aezip.compress(view, abs=0.01)), 0.01)
    blob = aezip.compress(wide[:, 3:7], rel=1e-3)
    assert blob == aezip.compress(wide[:, 3:7].copy(), rel=1e-3)


def test_columns_in_memory_come_back_as_columns_in_memory():
    records = np.asfortranarray(np.random.default_rng(4).normal(size=(50, 4)))
    restored = exact(records)
    assert restored.flags.f_contiguous and np.array_equal(restored, records)
    assert exact(records.copy("C")).flags.c_contiguous


def test_nested_padded_records_come_back_with_padding_zeroed():
    records = particles()
    restored = exact(records)
    assert restored.dtype == records.dtype and restored.dtype.itemsize == PARTICLE.itemsize
    assert same_bits(restored, records)


def test_strided_structured_records_and_chosen_fields_come_back():
    records = particles()
    assert same_bits(exact(records[::3]), records[::3])
    some = records[["when", "id"]]  # a view with gaps, its fields not in the order of memory
    restored = exact(some)
    assert restored.dtype == some.dtype and (restored["id"] == some["id"]).all()


def test_every_element_of_a_structured_array_of_several_axes_is_a_record():
    table = particles(300).reshape(100, 3)
    blob = aezip.compress(table, exact=True)
    assert same_bits(aezip.decompress(blob), table)
    out = np.zeros_like(table)
    assert aezip.decompress(blob, out=out) is out and same_bits(out, table)
    with aezip.open(blob) as f:
        assert (f.shape, f.original_shape) == ((300,), (100, 3))
        assert f[7] == table[2, 1]


def test_a_bound_on_a_nested_field_or_a_subarray_holds_for_all_its_numbers():
    records = particles()
    restored = aezip.decompress(aezip.compress(records, abs={"p": 0.01, "v": 0.2, "hits[1].t": 5}))
    assert_within(records["p"]["x"].copy(), restored["p"]["x"].copy(), 0.01)
    assert_within(records["p"]["y"].astype("f8"), restored["p"]["y"].astype("f8"), 0.01)
    assert_within(records["v"], restored["v"], 0.2)
    assert not np.array_equal(records["v"], restored["v"])
    assert_within(records["hits"]["t"][:, 1], restored["hits"]["t"][:, 1], 5)
    assert same_bits(restored["hits"]["t"][:, 0], records["hits"]["t"][:, 0])


def test_truth_values_and_times_are_exact_under_any_bound():
    records = particles()
    restored = aezip.decompress(aezip.compress(records, rel=0.5))
    assert same_bits(restored["when"], records["when"])
    assert same_bits(restored["hits"]["ok"], records["hits"]["ok"])


def test_lists_and_read_only_arrays_are_accepted():
    assert aezip.decompress(aezip.compress([[1, 2], [3, 4]], exact=True)).tolist() == [
        [1, 2],
        [3, 4],
    ]
    records = np.arange(12.0).reshape(4, 3)
    records.flags.writeable = False
    assert same_bits(exact(records), records)


def test_names_may_be_any_text():
    names = ["a", "a.b", "v[0]", "température", "x" * 255, " ", "速度", "f0"]
    records = np.zeros(5, [(name, "f4") for name in names])
    assert exact(records).dtype == records.dtype
    with aezip.open(aezip.compress(records, exact=True)) as f:
        assert [field.name for field in f.fields] == names
