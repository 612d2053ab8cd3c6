"""Damaged, foreign and unreadable input: one line that names the file, the exit code, nothing left."""

import io
import os
import random
import struct
import subprocess
import zlib

import numpy as np
import pytest

from conftest import BINARY


@pytest.fixture
def container(aezip):
    """A small container with every section; returns its bytes and the table's."""
    text = "n,x,town\n" + "".join(f"{i},{i * 0.25},{'ab'[i % 2]}\n" for i in range(40))
    aezip.write("t.csv", text)
    aezip("compress", "t.csv", "--rel", "1e-2", "--quiet")
    restored = aezip("decompress", "t.csv.aez", "-o", "-", "--quiet").stdout
    return (aezip / "t.csv.aez").read_bytes(), restored


def test_every_truncation_is_refused(aezip, container):
    blob, _ = container
    for length in range(len(blob)):
        aezip.write("cut.aez", blob[:length])
        words = aezip.fails(65, "decompress", "cut.aez", "-o", "cut.csv")
        assert words.startswith("aezip: cut.aez: "), words
    aezip.write("cut.aez", blob[:100])
    for part in ("info", "verify"):
        assert aezip.fails(65, part, "cut.aez").startswith("aezip: cut.aez: ")


def test_a_flipped_bit_in_any_byte_is_found(aezip, container, seed):
    """The library's own tests flip every bit; here one of each byte goes through the command."""
    blob, restored = container
    generator = random.Random(seed)
    for place in range(len(blob)):
        flipped = bytearray(blob)
        flipped[place] ^= 1 << generator.randrange(8)
        aezip.write("bad.aez", bytes(flipped))
        words = aezip.fails(65, "verify", "bad.aez")
        assert words.startswith("aezip: bad.aez: "), (place, words)


def test_bytes_behind_the_end_are_refused(aezip, container):
    blob, _ = container
    aezip.write("long.aez", blob + b"\0")
    assert aezip.fails(65, "verify", "long.aez").startswith("aezip: long.aez: ")


def npz():
    file = io.BytesIO()
    np.savez(file, np.zeros(3))
    return file.getvalue()


FOREIGN = {
    "a text": b"Dear Sir or Madam,\nthis is no container.\n" * 20,
    "an empty file": b"",
    "zeros": bytes(5000),
    "gzip": b"\x1f\x8b\x08\0" + zlib.compress(bytes(1000)),
    "zip": npz(),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "the magic alone": b"\x89AEZ\r\n\x1a\n",
    "the magic and text": b"\x89AEZ\r\n\x1a\n" + b"text " * 100,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_that_are_no_containers_are_refused(aezip, kind):
    aezip.write("t.csv.aez", FOREIGN[kind])
    for part in ("decompress", "info", "verify"):
        words = aezip.fails(65, part, "t.csv.aez")
        assert words.startswith("aezip: t.csv.aez: ") and "; " in words


@pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind != "a text"])
@pytest.mark.parametrize("ending", ["npy", "csv"])
def test_files_that_are_no_tables_are_refused(aezip, kind, ending):
    aezip.write(f"t.{ending}", FOREIGN[kind])
    words = aezip.fails(65, "compress", f"t.{ending}", "--exact")
    assert words.startswith(f"aezip: t.{ending}: ") and "; " in words


@pytest.mark.parametrize("text, line", [
    ("a,b\n1,2\n3\n", 3),
    ("a,b\n1,2,3\n", 2),
    ('a,b\n"x\ny",1\n2\n', 4),
    ("a,b\n" + "1,2\n" * 5000 + "1\n", 5002),
    ('a,b\n1,"open\n2,3\n', 2),
    ('a,b\n1,"x"y\n', 2),
])
def test_ragged_and_broken_lines_are_named(aezip, text, line):
    aezip.write("t.csv", text)
    words = aezip.fails(65, "compress", "t.csv", "--rel", "0.1")
    assert words.startswith(f"aezip: t.csv: line {line}: ")


def test_arrays_that_are_cut_or_have_a_tail_are_refused(aezip):
    np.save(aezip / "a.npy", np.arange(600.0).reshape(200, 3))
    blob = (aezip / "a.npy").read_bytes()
    for length in [0, 3, 8, 9, 11, 60, 127, 128, 129, 1000, len(blob) - 1]:
        aezip.write("cut.npy", blob[:length])
        words = aezip.fails(65, "compress", "cut.npy", "--exact")
        assert words.startswith("aezip: cut.npy: ")
        assert aezip.fails(
            65, "compress", "-", "-o", "x.aez", "--format", "npy", "--exact", input=blob[:length]
        ).startswith("aezip: standard input: ")
    aezip.write("long.npy", blob + b"x")
    assert "1 bytes follow" in aezip.fails(65, "compress", "long.npy", "--exact")


def npy(text, data=b"", version=1):
    header = text.encode() + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


@pytest.mark.parametrize("blob", [
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999, 9999999), }"),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,), }"),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }"),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", bytes(4)),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 0), }"),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904), }"),
    npy("{'descr': '<f4', 'fortran_order': False, }"),
    npy("{'descr': [], 'fortran_order': False, 'shape': (1,), }"),
    npy("{'descr': [('a', '<f4', (99999999999,))], 'fortran_order': False, 'shape': (1,), }"),
    npy("{'descr': [('a', '<f4', (1000, 1000, 1000))], 'fortran_order': False, 'shape': (1,), }"),
    npy("{'descr': {'names': ['a', 'b'], 'formats': ['<f4', '<f4'], 'offsets': [0, 2]},"
        " 'fortran_order': False, 'shape': (0,), }"),
    npy("{'descr': {'names': ['a'], 'formats': ['<f4'], 'offsets': [-4]},"
        " 'fortran_order': False, 'shape': (0,), }"),
    npy("{'descr': {'names': ['a'], 'formats': ['<f4'], 'offsets': [0], 'itemsize': 2},"
        " 'fortran_order': False, 'shape': (0,), }"),
    npy("[" * 5000), npy("{'descr': " + "(" * 5000), npy("__import__('os')"), npy("'"), npy("{'a': '\\x"),
    b"\x93NUMPY\x01\x00\xff\xff", b"\x93NUMPY\x02\x00\xff\xff\xff\xff", b"\x93NUMPY\x09\x00\x10\x00" + b" " * 16,
])
def test_damaged_array_headers_are_refused(aezip, blob):
    aezip.write("a.npy", blob)
    assert aezip.fails(65, "compress", "a.npy", "--exact").startswith("aezip: a.npy: ")


def test_random_damage_to_an_array_header_never_crashes(aezip, seed):
    dtype = np.dtype([("a", "<f4"), ("p", [("x", ">i2", (2,)), ("y", "?")])], align=True)
    np.save(aezip / "a.npy", np.zeros(3, dtype))
    blob = (aezip / "a.npy").read_bytes()
    generator = random.Random(seed)
    for _ in range(300):
        bad = bytearray(blob)
        for _ in range(generator.randrange(1, 4)):
            bad[generator.randrange(10, 192)] = generator.choice(b" '()[]{},:<>0123456789fiubVM|x\\")
        aezip.write("b.npy", bytes(bad))
        done = subprocess.run(
            [BINARY, "compress", "b.npy", "--exact", "--force"], cwd=aezip.folder, capture_output=True)
        assert done.returncode in (0, 65), (bytes(bad[:192]), done)


def test_random_damage_to_a_table_never_crashes(aezip, seed):
    text = b'a,b,"c d"\n1,2.5,x\n"3","4",y\n,NA,"z ""q"""\n2013-01-01,5e3,\n' * 3
    generator = random.Random(seed)
    for _ in range(300):
        bad = bytearray(text)
        for _ in range(generator.randrange(1, 6)):
            bad[generator.randrange(len(bad))] = generator.choice(b'",\n\r x019.-+eE\0\xff;')
        aezip.write("b.csv", bytes(bad))
        done = subprocess.run(
            [BINARY, "compress", "b.csv", "--exact", "--force", "--quiet"], cwd=aezip.folder,
            capture_output=True)
        assert done.returncode in (0, 65), (bytes(bad), done)
        if done.returncode == 0:
            aezip("verify", "b.csv.aez", "--against", "b.csv", "--quiet")


def test_missing_input_is_told(aezip):
    for arguments in (["compress", "no.csv", "--exact"], ["decompress", "no.aez"], ["info", "no.aez"],
                      ["verify", "no.aez"]):
        words = aezip.fails(66, *arguments)
        assert words.startswith(f"aezip: {arguments[1]}: ")
    (aezip / "folder.csv").mkdir()
    assert "directory" in aezip.fails(66, "compress", "folder.csv", "--exact")
    assert "aezip: t.csv: " in aezip.fails(66, "verify", "no.aez", "--against", "t.csv").replace("no.aez", "t.csv")


def test_an_unreadable_file_is_told(aezip):
    path = aezip.write("t.csv", "a\n1\n")
    path.chmod(0)
    options = {}
    if os.geteuid() == 0:  # root reads everything; nobody does not
        for parent in [aezip.folder, *aezip.folder.parents][:3]:
            parent.chmod(0o755)
        options = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    try:
        words = aezip.fails(66, "compress", "t.csv", "--exact", **options)
    except PermissionError:
        pytest.skip("another user cannot run the binary here")
    assert "permission denied" in words
    assert "permission denied" in aezip.fails(
        73, "compress", "-", "--format", "csv", "--exact", "-o", "x.aez", input=b"a\n1\n", **options
    ) if options else True


def test_a_file_that_cannot_be_read_half_way_is_told(aezip):
    """Reading at address 0 of a process is an I/O error."""
    if not os.path.exists("/proc/self/mem"):
        pytest.skip("needs /proc")
    words = aezip.fails(74, "compress", "/proc/self/mem", "--format", "csv", "--exact", "-o", "x.aez")
    assert words.startswith("aezip: /proc/self/mem: ")


@pytest.mark.parametrize("wish", ["0:41", "41:41", "5:4", "1000000:", ":99999999999999999"])
def test_records_out_of_range_are_told_with_their_number(aezip, container, wish):
    words = aezip.fails(64, "decompress", "t.csv.aez", "-o", "x.csv", "--records", wish)
    assert words.startswith("aezip: t.csv.aez: ") and "there are 40 records" in words


@pytest.mark.parametrize("wish", ["1", "a:b", "1:2:3", "-1:5", "1.5:2", "", ":99999999999999999999"])
def test_records_that_are_no_range_are_told(aezip, container, wish):
    aezip.fails(64, "decompress", "t.csv.aez", "-o", "x.csv", f"--records={wish}")


@pytest.mark.parametrize("wish, word", [("n,m", "'m'"), ("n,n", "twice"), (",", "no field ''"), ("3", "no field '3'")])
def test_fields_that_are_not_there_are_told(aezip, container, wish, word):
    assert word in aezip.fails(64, "decompress", "t.csv.aez", "-o", "x.csv", f"--fields={wish}")


def test_metadata_of_others_do_not_confuse(aezip):
    """Whatever the metadata hold, a container is restored, or refused with one line."""
    aezip.write("t.csv", f"n,town\n1,{'x' * 100}\n2,y\n")
    aezip("compress", "t.csv", "--exact")
    blob = (aezip / "t.csv.aez").read_bytes()
    begin = blob.index(b'{"aezip"')
    length = blob.index(b"]}}", begin) + 3 - begin
    for text in [b"{}", b'{"user":"me"}', b'{"aezip":{}}', b'{"aezip":{"format":"csv"}}', b"\xff\x00 bytes",
                 b'{"aezip":{"format":"csv","columns":[{"kind":"text","texts":[]},{"kind":"integer"}]}}',
                 b'{"aezip":{"format":"npy","descr":"<f4","fortran":false,"shape":[2,2]}}',
                 b"[" * 100]:
        assert len(text) <= length
        changed = blob[:begin] + text.ljust(length) + blob[begin + length:]
        # Before it: the section's type, the checksum with 0 in its own place, the length.
        start = struct.pack("<IIQ", 3, 0, length)
        sum = struct.pack("<I", zlib.crc32(start + changed[begin:begin + length]))
        aezip.write("u.aez", changed[:begin - 12] + sum + changed[begin - 8:])
        aezip("decompress", "u.aez", "-o", "u.npy", "--force")
        array = np.load(aezip / "u.npy")
        assert array["n"].tolist() == [1, 2] and array["town"].tolist() == [0, 1]
