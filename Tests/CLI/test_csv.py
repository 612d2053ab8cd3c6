"""CSV tables come back as texts: names, order, integers, categories, gaps, decimals within bounds."""

import csv
import io
import json
import random
import time
from decimal import Decimal

import numpy as np
import pytest

from conftest import FIXTURES


def cells(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("text", [
    "a,b\n1,2\n3,4\n",
    "a,b\n1,x\n,y\n3,\n",
    "a,b\r\n1,2.50\r\n3,4.00\r\n",
    'name,"a,b","say ""hi"""\nx,1,2\n"y, z",3,4\n"line\nbreak",5,6\n"q""q",7,8\n',
    "x\n1\n\n3\n",
    "x\nred\n\nblue\n",
    "a,b\n",
    "only\n",
    "a,a,\n1,2,3\n",
    "\ufeffa,b\n1,2\n",
    "a;b;c\n1,5;2;x\n2,5;3;y\n",
    "a\tb\n1\t2\n",
    "größe,日\n1,ä\n2,ö\n",
    "zip,phone\n01234,+49123\n98765,+49456\n",
    "big,small\n18446744073709551615,-9223372036854775808\n0,9223372036854775807\n",
    "id\n123456789012345678901234567890\n123456789012345678901234567891\n",
    "mixed\n-1\n18446744073709551615\n",
    "late\n1\n2\n3.5\nno\n1\n",
    "late\n1\n2\nNA\nno\n1\n",
    "gaps\nNA\n1.5\n\nNaN\n2.5\nNA\nnull\n",
    "gaps\n\nNA\nx\n",
    "flag\ntrue\nfalse\ntrue\n",
    "d\n2013-01-31\n2012-02-29\n1899-12-31\n2400-02-29\n",
    "t\n2013-01-31 23:59:59\n\n1969-12-31 23:59:58\n",
    "t\n2013-01-31T23:59:59.123456Z\n1969-12-31T00:00:00.000001Z\n",
    "t\n2013/01/31 23:59\n2014/01/31 00:00\n",
    "t\n2013-02-30\n2013-02-28\n",
    "t\n2013-02-28\n2013-02-28 10:00\n",
    "empty,x\n,1\n,2\n",
    "x\ninf\n-inf\n1.5\n",
    "x\n-0.5\n0.5\n-0.0\n",
    "u\n255\n0\n", "u\n65536\n0\n", "i\n-129\n127\n", "i\n-32769\n5\n", "i\n-2147483649\n5\n",
    "f\n16777217\n\n1\n", "f\n9007199254740991\n\n1\n", "f\n9007199254740993\n\n1\n",
    "wide\n" + "x" * 3000 + "\n" + "y" * 70000 + "\n",
])
def test_exact_tables_come_back_byte_for_byte(aezip, text):
    assert aezip.text_round_trip(text) == text.encode()


@pytest.mark.parametrize("text, back", [
    ("a,b\n1,2\n3,4", "a,b\n1,2\n3,4\n"),
    ("a,b\n1,2\n\n3,4\n\n", "a,b\n1,2\n3,4\n"),
    ("a\n 1\n2 \n", "a\n1\n2\n"),
    ('a\n"1"\n"2"\n', "a\n1\n2\n"),
    ("a\n1.50\n1.5\n2\n", "a\n1.5\n1.5\n2\n"),
    ("a\n1e3\n2.5e-7\n", "a\n1000\n2.5e-07\n"),
    ("a\n0.1234567890123456\n1\n", "a\n0.1234567890123456\n1\n"),
])
def test_equal_spellings_of_a_table_come_back_as_one(aezip, text, back):
    assert aezip.text_round_trip(text) == back.encode()


def test_tables_that_are_not_utf_8_come_back(aezip):
    text = "stra\xdfe,n\nM\xfcnchen,1\n\"K\xf6ln, Rhein\",2\n".encode("latin-1")
    assert aezip.text_round_trip(text) == text


def random_table(generator, records):
    """Columns of every kind, as texts, with the places that their decimals have."""
    words = ["red", "green", "a,b", 'say "x"', "two\nlines", "", "ä", "NA", "12"]
    columns = []
    for _ in range(generator.randrange(1, 8)):
        kind = generator.choice(["integer", "fixed", "free", "text", "sparse", "time", "wild"])
        gaps = generator.random() < 0.3 and kind != "text"
        missing = generator.choice(["", "NA", "nan"])
        if kind == "wild":
            spread = 10 ** generator.uniform(-12, 12)
        else:
            spread = 10 ** generator.uniform(-1, 6)
        places = generator.randrange(1, 7)
        column = []
        for _ in range(records):
            if gaps and generator.random() < 0.2:
                column.append(missing)
            elif kind == "integer":
                column.append(str(int(generator.gauss(0, spread))))
            elif kind == "fixed":
                column.append(f"{generator.gauss(0, spread):.{places}f}")
            elif kind == "free":
                column.append(repr(round(generator.gauss(5, spread), places)))
            elif kind == "wild":
                column.append(repr(generator.gauss(0, spread)))
            elif kind == "sparse":
                column.append(generator.choice(["0", "0", "0", "7.5"]))
            elif kind == "time":
                column.append(time.strftime("%Y-%m-%d %H:%M", time.gmtime(generator.randrange(1 << 31))))
            else:
                column.append(generator.choice(words))
        columns.append((kind, column))
    return columns


def as_text(columns):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"c{index}" for index in range(len(columns))])
    for record in zip(*(column for _, column in columns)):
        if record == ("",):
            out.write("\n")  # the writer would quote it
        else:
            writer.writerow(record)
    return out.getvalue()


def number(text):
    try:
        value = Decimal(text)
    except ArithmeticError:
        return None
    return value if value.is_finite() else None


@pytest.mark.parametrize("part", range(20))
def test_random_tables_keep_exact_columns_and_bounds(aezip, seed, part):
    generator = random.Random(seed + part)
    columns = random_table(generator, generator.choice([1, 2, 30, 700]))
    text = as_text(columns)
    share = generator.choice([0, 1e-6, 1e-4, 1e-3, 0.01, 0.1])
    bound = generator.choice([["--exact"], ["--rel", str(share)], ["--abs", str(share * 100)]])
    print(bound)
    back = cells(aezip.text_round_trip(text, *bound))
    assert back[0] == [f"c{index}" for index in range(len(columns))]
    back = [record or [""] for record in back]
    assert len(back) - 1 == len(columns[0][1])
    for index, (kind, column) in enumerate(columns):
        restored = [record[index] for record in back[1:]]
        values = [number(cell) for cell in column]
        finite = [value for value in values if value is not None]
        is_text = kind in ("text", "time") or not finite
        permitted = Decimal(0)
        if bound[0] == "--rel" and finite:
            permitted = Decimal(float(share)) * (max(finite) - min(finite))
        elif bound[0] == "--abs":
            permitted = Decimal(share * 100)
        # 17 digits say what a Float64 is, not more.
        rounding = max([abs(value) for value in finite], default=Decimal(0)) * Decimal(2) ** -50
        for cell, value, now in zip(column, values, restored):
            if is_text or value is None:
                assert now == cell
            else:
                error = abs(Decimal(now) - value)
                limit = permitted + (rounding if kind == "wild" or permitted else 0)
                assert error <= limit, (cell, now, permitted)
        if kind == "integer":
            assert all("." not in cell for cell in restored)


@pytest.mark.parametrize("bound, most", [("0.5", 2), ("0.05", 3), ("0.004", 4), ("3", 1), ("100", 0)])
def test_decimals_have_no_more_digits_than_the_bound_justifies(aezip, bound, most):
    generator = random.Random(1)
    values = [f"{generator.gauss(0, 1000):.6f}" for _ in range(2000)]
    back = aezip.text_round_trip("x\n" + "\n".join(values) + "\n", "--abs", bound).decode().split()[1:]
    assert max(len(cell.partition(".")[2]) for cell in back) == most
    assert max(abs(Decimal(a) - Decimal(b)) for a, b in zip(values, back)) <= Decimal(bound)


def test_bounds_that_are_multiples_of_the_last_digit_are_used_in_full(aezip):
    generator = random.Random(2)
    values = [f"{generator.gauss(0, 10):.2f}" for _ in range(3000)]
    back = aezip.text_round_trip("x\n" + "\n".join(values) + "\n", "--abs", "0.03").decode().split()[1:]
    errors = [abs(Decimal(a) - Decimal(b)) for a, b in zip(values, back)]
    assert max(errors) == Decimal("0.03")


def test_integers_stay_integers_under_a_bound(aezip):
    generator = random.Random(3)
    values = [generator.randrange(-5000, 5000) for _ in range(3000)]
    gaps = [("" if generator.random() < 0.1 else str(value)) for value in values]
    text = "n,gaps\n" + "".join(f"{a},{b}\n" for a, b in zip(values, gaps))
    back = cells(aezip.text_round_trip(text, "--abs", "2.9"))[1:]
    assert max(abs(int(now[0]) - value) for now, value in zip(back, values)) == 2
    assert [now[1] == "" for now in back] == [gap == "" for gap in gaps]
    assert max(abs(int(now[1]) - int(gap)) for now, gap in zip(back, gaps) if gap) == 2


@pytest.mark.parametrize("start", [0, 1 << 60, (1 << 63) - 200, (1 << 64) - 200, -(1 << 63), -150])
@pytest.mark.parametrize("share", [0.5, 0.05, 0.005])
def test_the_range_of_large_integers_is_exact(aezip, start, share):
    generator = random.Random(7)
    values = [start, start + 160] + [start + generator.randrange(161) for _ in range(500)]
    text = "n\n" + "".join(f"{value}\n" for value in values)
    back = aezip.text_round_trip(text, "--rel", str(share)).decode().split()[1:]
    assert max(abs(int(now) - value) for now, value in zip(back, values)) <= 160 * share


def test_fields_can_have_their_own_bounds_by_name_or_number(aezip):
    generator = random.Random(4)
    text = "a,b,c,0\n" + "".join(
        ",".join(f"{generator.gauss(0, 10):.3f}" for _ in range(4)) + "\n" for _ in range(2000))
    back = aezip.text_round_trip(
        text, "--abs", "0.1", "--field", "b=exact", "--field", "2=abs:1", "--field", "0=rel:0.1")
    error = {}
    for index, name in enumerate("abc0"):
        error[name] = max(
            abs(float(new[index]) - float(old[index]))
            for new, old in zip(cells(back)[1:], cells(text.encode())[1:]))
    assert 0.05 < error["a"] <= 0.1001 and error["b"] == 0 and 0.5 < error["c"] <= 1 < error["0"] < 10


def test_a_name_that_is_no_field_is_told_with_those_that_are(aezip):
    aezip.write("t.csv", "speed,town\n1,x\n")
    words = aezip.fails(64, "compress", "t.csv", "--exact", "--field", "sped=abs:1")
    assert "no field 'sped'" in words and "'speed', 'town'" in words
    words = aezip.fails(64, "compress", "t.csv", "--exact", "--field", "town=abs:1")
    assert "'town'" in words and "always exact" in words
    aezip.write("t.csv", "a,a\n1,2\n")
    words = aezip.fails(64, "compress", "t.csv", "--exact", "--field", "a=abs:1")
    assert "2 fields are called 'a'" in words and "0 or 1" in words


@pytest.mark.parametrize("bound", ["--exact", "--rel=1e-3"])
def test_chosen_records_and_columns_come_back_in_their_order(aezip, bound):
    text = "n,town,x\n" + "".join(f"{i},{'ab'[i % 2]},{i / 4}\n" for i in range(1000))
    whole = cells(aezip.text_round_trip(text, bound))
    part = aezip(
        "decompress", "t.csv.aez", "-o", "-", "--records", "100:103", "--fields", "x,town").stdout
    assert cells(part) == [["x", "town"]] + [[r[2], r[1]] for r in whole[101:104]]


def test_tables_become_arrays_with_the_values_of_the_text(aezip):
    text = "n,gap,x,town\n" + "".join(f"{i},{'' if i % 7 == 0 else i},{i / 8:.3f},{'abc'[i % 3]}\n" for i in range(900))
    for bound in (["--exact"], ["--abs", "0.02"], ["--abs", "20"]):
        back = cells(aezip.text_round_trip(text, *bound))[1:]
        done = aezip("decompress", "t.csv.aez", "-o", "t.npy", "--force")
        assert "'town' holds texts" in done.error
        array = np.load(aezip / "t.npy")
        assert array.dtype.names == ("n", "gap", "x", "town")
        assert array["n"].tolist() == [int(record[0]) for record in back]
        assert array["x"].tolist() == [float(record[2]) for record in back]
        assert np.array_equal(
            array["gap"], [float(record[1] or "nan") for record in back], equal_nan=True)
        assert array["town"].tolist() == [i % 3 for i in range(900)]


def test_the_fixture_comes_back_exactly_and_within_its_bounds(aezip):
    text = (FIXTURES / "met_mast.csv").read_bytes()
    assert aezip.text_round_trip(text) == text
    exact = (aezip / "t.csv.aez").stat().st_size
    assert exact * 4 < len(text)
    aezip.text_round_trip(text, "--rel", "1e-3")
    assert (aezip / "t.csv.aez").stat().st_size * 2 < exact


def test_the_result_does_not_depend_on_threads_or_on_the_way_in(aezip):
    text = (FIXTURES / "met_mast.csv").read_bytes() * 1
    aezip.write("t.csv", text)
    results = {
        aezip("compress", "t.csv", "-o", "-", "--rel", "1e-3", "--threads", threads).stdout
        for threads in (1, 2, 7)}
    results.add(aezip("compress", "-", "--format", "csv", "--rel", "1e-3", input=text).stdout)
    assert len(results) == 1


def test_records_and_cells_may_lie_across_the_buffer(aezip):
    """The reader's buffer is 1 MiB; quotes, line ends and long cells must survive its borders."""
    generator = random.Random(5)
    pieces = ["x" * generator.randrange(200000), 'q"q', "a\nb", "", "c,d"]
    rows = [[generator.choice(pieces), str(index)] for index in range(60)]
    for shift in range(0, 40):
        rows.append(["s" * (26214 + shift % 3), str(shift)])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["text", "n"]] + rows)
    assert aezip.text_round_trip(out.getvalue()) == out.getvalue().encode()


def test_many_texts_are_kept_and_too_many_refused(aezip):
    def table(count):
        return "key,n\n" + "".join(f"k{index},1\n" for index in range(count))

    text = table(70000)
    assert aezip.text_round_trip(text) == text.encode()
    aezip.write("many.csv", table(1_000_001))
    words = aezip.fails(65, "compress", "many.csv", "--exact")
    assert "line 1000002: column 'key' has more than 1000000 different texts" in words


def test_text_is_converted_at_more_than_50_megabytes_a_second(aezip):
    """Reading types and values; the codec's own share is taken off by a table of constants."""
    line = ",".join(f"{value:.3f}" for value in (8.37, 7.911, 11.16, 114.2, 0.711, 935.4, 12.94, 0.767)) + "\n"
    text = "a,b,c,d,e,f,g,h\n" + line * 600_000
    aezip.write("t.csv", text)
    begin = time.perf_counter()
    aezip("compress", "t.csv", "--exact", "--level", "1", "--quiet")
    seconds = time.perf_counter() - begin
    print(f"{len(text) / seconds / 1e6:.0f} MB/s")
    assert len(text) / seconds > 25e6  # half, for a loaded machine


def test_what_is_kept_about_the_table_is_json(aezip):
    aezip.write("t.csv", "n,town\n1,x\n2,y\n")
    aezip("compress", "t.csv", "--exact")
    blob = (aezip / "t.csv.aez").read_bytes()
    begin = blob.index(b'{"aezip"')
    described, _ = json.JSONDecoder().raw_decode(blob[begin:].decode(errors="replace"))
    columns = described["aezip"]["columns"]
    assert columns == [{"kind": "integer"}, {"kind": "text", "texts": ["x", "y"]}]
