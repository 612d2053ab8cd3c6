"""The example that users see first works as it stands."""

import textwrap

import aezip


def test_the_example_of_the_package_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    paragraphs = aezip.__doc__.split("\n\n")
    example = textwrap.dedent(paragraphs[1])
    assert len(example.splitlines()) == 10
    exec(compile(example, "example", "exec"), {})
    printed = capsys.readouterr().out
    assert "'speed'" in printed and "'gear', 0.0" in printed
    assert (tmp_path / "ride.aez").stat().st_size < 100_000 * 17 / 4


def test_every_public_name_is_documented():
    for name in aezip.__all__:
        value = getattr(aezip, name)
        if callable(value) and value.__module__.startswith("aezip"):
            assert value.__doc__, name
