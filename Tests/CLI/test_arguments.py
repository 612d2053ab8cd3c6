"""Help, versions and wrong arguments."""

import re

import pytest

PARTS = ["compress", "decompress", "info", "verify"]


@pytest.mark.parametrize("part", [None, *PARTS])
def test_help_has_examples_that_fit_a_terminal(aezip, part):
    text = aezip(*filter(None, [part]), "--help").stdout.decode()
    assert "Examples:" in text and f"  aezip {part or 'compress'} " in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("USAGE:")) <= 80


@pytest.mark.parametrize("part", PARTS)
def test_the_examples_of_the_help_are_understood(aezip, part):
    """Every example parses: it fails, if at all, because its files are not there."""
    text = aezip(part, "--help").stdout.decode()
    examples = re.findall(r"^  (?:zcat \S+ \| )?aezip (.*?)(?: \| .*| [<>] .*)?$", text, re.M)
    assert examples
    for example in examples:
        if " - " not in f" {example} ":
            assert "no such file" in aezip(*example.split(), exit=66).error


def test_the_version_is_told(aezip):
    assert re.fullmatch(rb"aezip \d+\.\d+\.\d+\n", aezip("--version").stdout)


@pytest.mark.parametrize("arguments, word", [
    (["compress"], "<INPUT>"),
    (["compress", "t.csv"], "--rel"),
    (["compress", "t.csv", "--rel", "0.1", "--exact"], "--rel"),
    (["compress", "t.csv", "--rel", "0.1", "--abs", "1"], "--rel"),
    (["compress", "t.csv", "--rel", "x"], "'x'"),
    (["compress", "t.csv", "--rel=-1"], "-1"),
    (["compress", "t.csv", "--rel", "nan"], "nan"),
    (["compress", "t.csv", "--abs", "inf"], "inf"),
    (["compress", "t.csv", "--exact", "--level", "0"], "1 to 9"),
    (["compress", "t.csv", "--exact", "--level", "10"], "1 to 9"),
    (["compress", "t.csv", "--exact", "--threads=-1"], "--threads"),
    (["compress", "t.csv", "--exact", "--latents=-1"], "--latents"),
    (["compress", "t.csv", "--exact", "--field", "a"], "--field"),
    (["compress", "t.csv", "--exact", "--field", "a=rel"], "--field"),
    (["compress", "t.csv", "--exact", "--field", "a=abs:-1"], "--field"),
    (["compress", "t.csv", "--exact", "--field", "a=within:1"], "--field"),
    (["compress", "t.csv", "--exact", "--format", "xls"], "--format"),
    (["compress", "t.xls", "--exact"], "--format"),
    (["compress", "-", "--exact"], "--format"),
    (["compress", "t.csv", "--exact", "--frobnicate"], "--frobnicate"),
    (["compress", "t.csv", "u.csv", "--exact"], "u.csv"),
    (["decompress"], "<IN.aez>"),
    (["frobnicate"], "frobnicate"),
    (["verify", "t.aez", "--against"], "--against"),
])
def test_wrong_arguments_are_told(aezip, arguments, word):
    aezip.write("t.csv", "a\n1\n")
    words = aezip.fails(64, *arguments)
    assert word in words


def test_a_field_whose_name_has_marks_can_be_named(aezip):
    aezip.write("t.csv", '"a=b","c,d"\n1.5,2.5\n2.5,7\n')
    aezip("compress", "t.csv", "--abs", "1", "--field", "a=b=exact", "--field", "c,d=rel:0.5")
    text = aezip("info", "t.csv.aez").stdout.decode()
    assert re.search(r"^a=b +f64 +exact", text, re.M) and re.search(r"^c,d +f64 +2.25", text, re.M)
    back = aezip("decompress", "t.csv.aez", "-o", "-", "--fields", "c,d").stdout.decode()
    assert back.startswith('"c,d"\n')
