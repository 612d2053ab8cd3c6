"""`verify` finds what is broken; `info` tells what is there."""

import json
import re

import numpy as np
import pytest


@pytest.fixture
def array(aezip):
    array = np.random.default_rng(1).normal(size=(2000, 3)).astype("<f4")
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--abs", "0.01", "--field", "2=exact")
    return array


def broken(aezip, changed, name="c.npy"):
    if isinstance(changed, str):
        aezip.write(name, changed)
    else:
        np.save(aezip / name, changed)
    done = aezip("verify", [p for p in aezip.listing() if p.endswith(".aez")][0], "--against", name, exit=65)
    return done.error


def test_the_largest_errors_are_told_per_field(aezip, array):
    text = aezip("verify", "a.npy.aez", "--against", "a.npy").stdout.decode()
    aezip("decompress", "a.npy.aez", "-o", "b.npy")
    error = np.abs(np.load(aezip / "b.npy").astype("f8") - array).max(axis=0)
    for index in range(2):
        row = re.search(rf"^{index} +0\.01 +(\S+) +(\S+) +0$", text, re.M)
        assert float(row[1]) == pytest.approx(error[index], rel=1e-4)
        assert float(row[2]) == pytest.approx(error[index] / 0.01, abs=1e-4)
    assert re.search(r"^2 +exact +0 +0$", text, re.M)
    assert "every value within its bound" in text


def test_a_changed_value_is_found_and_told(aezip, array):
    array[1234, 1] += 0.03
    words = broken(aezip, array)
    assert words.startswith("aezip: a.npy.aez: 1 values in 1 fields break their bound: field 1, record 1234: ")


def test_any_change_of_an_exact_value_is_found(aezip, array):
    array[7, 2] = np.nextafter(array[7, 2], np.float32(9))
    assert "field 2, record 7: " in broken(aezip, array)


def test_a_number_in_place_of_a_gap_is_found(aezip):
    array = np.array([[1.0], [np.nan], [np.inf], [4.0]])
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--abs", "5")
    for record, value in [(1, 1.0), (2, 4.0), (2, -np.inf), (0, np.nan)]:
        changed = array.copy()
        changed[record, 0] = value
        assert f"record {record}: " in broken(aezip, changed)


def test_large_integers_are_compared_exactly(aezip):
    array = np.array([(1 << 63) - 1, 5, -(1 << 63)], "<i8")
    np.save(aezip / "a.npy", array)
    aezip("compress", "a.npy", "--exact")
    array[0] -= 1
    assert "record 0: " in broken(aezip, array)
    unsigned = np.array([(1 << 64) - 1, 5], "<u8")
    np.save(aezip / "a.npy", unsigned)
    aezip("compress", "a.npy", "--exact", "--force")
    unsigned[0] -= 1
    assert "record 0: " in broken(aezip, unsigned)


def test_another_table_is_told(aezip, array):
    assert "2 fields" in broken(aezip, array[:, :2])
    assert "1999 records" in broken(aezip, array[:-1])
    assert "field 0 is f64" in broken(aezip, array.astype("f8"))


def test_a_relative_bound_that_the_range_does_not_permit_is_found(aezip):
    """Tens come back exactly under a bound of 1; the other table's range permits 0.999 only."""
    tens = np.arange(0, 1001, 10.0).reshape(-1, 1)
    np.save(aezip / "a.npy", tens)
    aezip("compress", "a.npy", "--rel", "1e-3")
    tens[0], tens[-1] = 0.5, 999.5
    assert "the bound of field 0 is 1.0, but 0.001 of its range is 0.999" in broken(aezip, tens)


TABLE = "n,x,town\n1,0.50,york\n2,1.25,bath\n,2.75,york\n"


@pytest.mark.parametrize("old, new, words", [
    ("1,0.50", "1,0.51", "column 'x', record 0: '0.51' came back as '0.50'"),
    ("bath", "Bath", "column 'town', record 1: 'Bath' came back as 'bath'"),
    ("2,1.25", "3,1.25", "column 'n', record 1"),
    ("\n,2.75", "\n5,2.75", "column 'n', record 2: '5' came back as ''"),
    ("1,0.50,york\n", "", "2 records"),
    ("bath\n", "bath\n2,1.25,bath\n", "more than 3 records"),
    ("n,x", "x", "2 columns"),
    ("bath", "bath,x", "line 3: 4 cells"),
])
def test_changes_of_a_text_table_are_found(aezip, old, new, words):
    aezip.write("t.csv", TABLE)
    aezip("compress", "t.csv", "--exact")
    assert words in broken(aezip, TABLE.replace(old, new, 1), "u.csv")


def test_text_is_judged_by_the_bound_that_was_asked_for(aezip):
    aezip.write("t.csv", "x\n" + "".join(f"{i / 7:.6f}\n" for i in range(2000)))
    aezip("compress", "t.csv", "--abs", "0.05")
    aezip("verify", "t.csv.aez", "--against", "t.csv")
    aezip("decompress", "t.csv.aez", "-o", "b.csv")
    aezip("verify", "t.csv.aez", "--against", "b.csv")
    lines = (aezip / "b.csv").read_text().split()
    lines[500] = str(float(lines[500]) + 0.051)
    assert "record 499: " in broken(aezip, "\n".join(lines) + "\n", "u.csv")


def test_info_tells_shape_sizes_bounds_and_errors(aezip, array):
    text = aezip("info", "a.npy.aez").stdout.decode()
    size = (aezip / "a.npy.aez").stat().st_size
    assert "a.npy.aez: 2000 records of 3 fields, from .npy" in text
    assert f"24000 bytes of values in {size} bytes: ratio {24000 / size:.2f}" in text
    assert re.search(r"^layout \d+, metadata \d+, chunks \d+, statistics \d+ bytes$", text, re.M)
    assert re.search(r"^0 +f32 +0\.01 +0\.0[01]\d* +0\.00\d+ +-\d\.\d+ +\d\.\d+ +0$", text, re.M)
    # How it is coded: bits a value, without prediction, plan bytes, in words.
    assert re.search(r"^0 +\d+\.\d\d +\d+\.\d\d .* \d+  step 0\.0\d+, ", text, re.M)
    assert re.search(r"^2 +\d+\.\d\d +0  byte planes$", text, re.M)
    assert re.search(r"^2 +f32 +exact +0 +0 ", text, re.M)


def test_info_as_json_is_json(aezip, array):
    told = json.loads(aezip("info", "a.npy.aez", "--json").stdout)
    assert told["records"] == 2000 and len(told["fields"]) == 3
    assert told["fields"][0]["absolute_bound"] == 0.01


def test_info_and_verify_read_pipes(aezip, array):
    blob = (aezip / "a.npy.aez").read_bytes()
    assert b"2000 records" in aezip("info", "-", input=blob).stdout
    assert b"all checksums agree" in aezip("verify", "-", input=blob).stdout
    assert aezip("verify", "-", "--quiet", input=blob).stdout == b""
