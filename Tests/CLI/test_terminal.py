"""Files appear whole or not at all; signals, full disks, closed pipes and terminals."""

import os
import pathlib
import pty
import resource
import signal
import subprocess
import time

import numpy as np
import pytest

from conftest import BINARY


RECORDS = 300_000


@pytest.fixture
def large(aezip):
    """An array of several batches, as a file."""
    generator = np.random.default_rng(1)
    array = np.cumsum(generator.normal(size=(RECORDS, 24)), axis=0).astype("<f4")
    np.save(aezip / "large.npy", array)
    return array


def start(aezip, *arguments, **options):
    return subprocess.Popen([BINARY, *arguments], cwd=aezip.folder, stderr=subprocess.PIPE, **options)


class SlowInput:
    """A pipe with a name that hands out a file piece by piece, so that work lasts as long as wanted."""

    def __init__(self, aezip, file):
        self.data = (aezip / file).read_bytes()
        self.path = aezip / "pipe"
        os.mkfifo(self.path)
        self.descriptor = None

    def send(self, begin, end):
        if self.descriptor is None:
            self.descriptor = os.open(self.path, os.O_WRONLY)
        part = memoryview(self.data)[begin:end]
        while part:
            part = part[os.write(self.descriptor, part):]

    def close(self):
        os.close(self.descriptor)


SLOWLY = ["compress", "pipe", "--format", "npy", "--abs", "0.1", "-o", "out.aez"]


def is_temporary(name):
    return name.endswith(".aezip-tmp")


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("is_forced", [False, True])
def test_signals_leave_nothing_behind(aezip, large, number, status, is_forced):
    if is_forced:
        aezip.write("out.aez", "old")
    slow = SlowInput(aezip, "large.npy")
    before = aezip.listing()
    process = start(aezip, *SLOWLY, *(["--force"] if is_forced else []))
    slow.send(0, 20 << 20)
    assert any(map(is_temporary, aezip.listing()))
    process.send_signal(number)
    assert process.wait(20) == status
    assert process.stderr.read() == b""
    assert aezip.listing() == before
    slow.close()


def test_an_interrupt_on_the_terminal_leaves_nothing_behind(aezip, large):
    """Ctrl-C typed, not sent: the terminal turns it into a signal to the whole group."""
    slow = SlowInput(aezip, "large.npy")
    before = aezip.listing()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(aezip.folder)
        os.execv(BINARY, [BINARY, *SLOWLY])
    slow.send(0, 20 << 20)
    assert any(map(is_temporary, aezip.listing()))
    os.write(terminal, b"\x03")
    drain(terminal)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 130
    assert aezip.listing() == before
    slow.close()


def test_a_pipe_that_ends_early_leaves_nothing_behind(aezip, large):
    slow = SlowInput(aezip, "large.npy")
    before = aezip.listing()
    process = start(aezip, *SLOWLY)
    slow.send(0, 20 << 20)
    slow.close()
    assert process.wait(20) == 65
    assert process.stderr.read().startswith(b"aezip: pipe: truncated: 300000 records need ")
    assert aezip.listing() == before


def drain(terminal):
    data = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            return data
        if not more:
            return data
        data += more


def on_terminal(aezip, *arguments, meanwhile=lambda: None):
    """Runs with standard error on a terminal; returns the exit code and what it shows."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [BINARY, *arguments], cwd=aezip.folder, stderr=terminal, stdout=subprocess.DEVNULL)
    os.close(terminal)
    meanwhile()
    shown = drain(controller)
    os.close(controller)
    return process.wait(60), shown.decode()


def test_long_work_shows_a_bar_on_a_terminal_and_clears_it(aezip, large):
    slow = SlowInput(aezip, "large.npy")

    def feed():
        slow.send(0, 10 << 20)
        time.sleep(0.4)
        slow.send(10 << 20, 20 << 20)
        time.sleep(0.2)
        slow.send(20 << 20, len(slow.data))
        slow.close()

    code, shown = on_terminal(aezip, *SLOWLY, meanwhile=feed)
    assert code == 0
    assert "\rcompressing  [" in shown and " MB/s" in shown and "###" in shown and " %" in shown
    last = shown.rsplit("\r\x1b[K", 1)[1]
    assert last.startswith("aezip: pipe -> out.aez: 300000 records of 24 fields")


def test_short_or_quiet_work_shows_no_bar(aezip, large):
    np.save(aezip / "small.npy", large[:100])
    code, shown = on_terminal(aezip, "compress", "small.npy", "--rel", "1e-4")
    assert code == 0 and "\r\x1b" not in shown and "[" not in shown
    slow = SlowInput(aezip, "large.npy")

    def feed():
        slow.send(0, 10 << 20)
        time.sleep(0.4)
        slow.send(10 << 20, len(slow.data))
        slow.close()

    code, shown = on_terminal(aezip, *SLOWLY, "--quiet", meanwhile=feed)
    assert code == 0 and shown == ""


def test_there_is_no_bar_where_no_terminal_is(aezip, large):
    done = aezip("compress", "large.npy", "--rel", "1e-4", "--level", "9")
    assert done.error.count("\n") == 1 and "\r" not in done.error
    assert aezip("decompress", "large.npy.aez", "-o", "b.npy", "--quiet").error == ""


def test_a_full_device_is_told(aezip, large):
    for arguments in (["compress", "large.npy", "--rel", "0.1"],):
        words = aezip.fails(74, *arguments, "-o", "/dev/full")
        assert words.startswith("aezip: /dev/full: cannot be written: no space left")
    aezip("compress", "large.npy", "--rel", "0.1", "--level", "1")
    for format in ("npy", "csv", "f32"):
        words = aezip.fails(74, "decompress", "large.npy.aez", "-o", "/dev/full", "--format", format)
        assert words.startswith("aezip: /dev/full: ")
    with open("/dev/full", "wb") as full:
        for arguments in (["info", "large.npy.aez"], ["info", "--json", "large.npy.aez"],
                          ["verify", "large.npy.aez"], ["decompress", "large.npy.aez", "-o", "-"]):
            process = start(aezip, *arguments, stdout=full)
            words = process.stderr.read().decode()
            assert process.wait(20) == 74 and "standard output: cannot be written" in words


def test_a_full_disk_leaves_nothing_behind(aezip, large):
    """A limit on file sizes fails like a full disk, in the middle of the work."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    words = aezip.fails(74, "compress", "large.npy", "--rel", "1e-4", "--level", "1", preexec_fn=limit)
    assert words.startswith("aezip: large.npy.aez: cannot be written: file too large")
    aezip("compress", "large.npy", "--rel", "0.1", "--level", "1")
    for ending in ("npy", "csv", "f64"):
        words = aezip.fails(74, "decompress", "large.npy.aez", "-o", f"b.{ending}", preexec_fn=limit)
        assert words.startswith(f"aezip: b.{ending}: ")
    words = aezip.fails(
        74, "compress", "-", "--format", "npy", "--rel", "0.1", "-o", "x.aez", preexec_fn=limit,
        input=(aezip / "large.npy").read_bytes())
    assert "TMPDIR" in words


def test_a_really_full_disk_leaves_nothing_behind(aezip, large):
    folder = aezip / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        words = aezip.fails(74, "compress", "large.npy", "--rel", "1e-4", "--level", "1", "-o", "disk/a.aez")
        assert "no space left" in words
        assert list(folder.iterdir()) == []
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_reader_that_goes_away_is_no_error(aezip, large):
    aezip("compress", "large.npy", "--rel", "0.1", "--level", "1")
    process = start(
        aezip, "decompress", "large.npy.aez", "-o", "-", "--format", "csv", stdout=subprocess.PIPE)
    assert process.stdout.readline() == (",".join(map(str, range(24))) + "\n").encode()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(20) in (-signal.SIGPIPE, 128 + signal.SIGPIPE)


def test_an_existing_output_is_kept_unless_forced(aezip):
    aezip.write("t.csv", "a\n1\n")
    aezip("compress", "t.csv", "--exact")
    blob = (aezip / "t.csv.aez").read_bytes()
    words = aezip.fails(73, "compress", "t.csv", "--exact")
    assert words.startswith("aezip: t.csv.aez: exists already; give --force")
    words = aezip.fails(73, "decompress", "t.csv.aez")
    assert words.startswith("aezip: t.csv: exists already")
    aezip.write("t.csv.aez", "old")
    aezip("compress", "t.csv", "--exact", "--force")
    assert (aezip / "t.csv.aez").read_bytes() == blob


def test_overwriting_keeps_permissions_and_links(aezip):
    aezip.write("t.csv", "a\n1\n")
    aezip.write("real.aez", "old").chmod(0o640)
    os.symlink("real.aez", aezip / "link.aez")
    aezip("compress", "t.csv", "--exact", "-o", "link.aez", "--force")
    assert (aezip / "link.aez").is_symlink()
    assert (aezip / "real.aez").stat().st_mode & 0o777 == 0o640
    assert (aezip / "real.aez").read_bytes().startswith(b"\x89AEZ")


def test_new_files_obey_the_umask(aezip):
    aezip.write("t.csv", "a\n1\n")
    aezip("compress", "t.csv", "--exact", umask=0o027)
    assert (aezip / "t.csv.aez").stat().st_mode & 0o777 == 0o640


def test_an_output_that_cannot_be_created_is_told(aezip):
    aezip.write("t.csv", "a\n1\n")
    words = aezip.fails(73, "compress", "t.csv", "--exact", "-o", "no/such/folder.aez")
    assert words.startswith("aezip: no/such/folder.aez: cannot be created: no such file")
    (aezip / "folder").mkdir()
    words = aezip.fails(73, "compress", "t.csv", "--exact", "-o", "folder")
    assert words.startswith("aezip: folder: cannot be written: is a directory")


def test_output_names_follow_the_input(aezip):
    for given, container, restored in [
        (None, "t.csv.aez", "t.csv"), ("u.aez", "u.aez", "u.csv"), ("v.npy.aez", "v.npy.aez", "v.npy.csv")]:
        aezip.write("t.csv", "a\n1\n")
        aezip("compress", "t.csv", "--exact", *(["-o", given] if given else []))
        (aezip / "t.csv").unlink()
        aezip("decompress", container)
        assert (aezip / restored).read_text() == "a\n1\n"
    aezip.write("w.bin", (aezip / "u.aez").read_bytes())
    assert "-o" in aezip.fails(64, "decompress", "w.bin")


def test_a_pipe_is_spooled_only_if_it_must_be_and_says_so(aezip):
    np.save(aezip / "a.npy", np.arange(300.0).reshape(100, 3))
    blob = (aezip / "a.npy").read_bytes()
    quiet = aezip("compress", "-", "--format", "npy", "--abs", "0.1", "--verbose", input=blob)
    assert "spooled" not in quiet.error
    told = aezip("compress", "-", "--format", "npy", "--rel", "0.1", "--verbose", input=blob)
    assert "spooled to a temporary file" in told.error
    elsewhere = pathlib.Path(aezip / "spool")
    elsewhere.mkdir()
    told = aezip("compress", "-", "--format", "npy", "--rel", "0.1", "--verbose", input=blob,
                 env={**os.environ, "TMPDIR": str(elsewhere)})
    assert str(elsewhere) in told.error and list(elsewhere.iterdir()) == []
    assert aezip("verify", "-", "--against", "a.npy", input=told.stdout).stdout


def test_standard_input_may_be_a_file(aezip):
    np.save(aezip / "a.npy", np.arange(300.0).reshape(100, 3))
    with open(aezip / "a.npy", "rb") as file:
        done = aezip("compress", "-", "--format", "npy", "--rel", "0.1", "--verbose", stdin=file, input=None)
    assert "spooled" not in done.error
    aezip.write("a.aez", done.stdout)
    aezip("verify", "a.aez", "--against", "a.npy")


def test_a_terminal_gets_no_binary(aezip):
    aezip.write("t.csv", "a\n1\n")
    aezip("compress", "t.csv", "--exact")
    controller, terminal = pty.openpty()
    for arguments in (["compress", "t.csv", "--exact", "-o", "-"],
                      ["decompress", "t.csv.aez", "-o", "-", "--format", "npy"]):
        process = start(aezip, *arguments, stdout=terminal)
        assert b"is a terminal" in process.stderr.read()
        assert process.wait(20) == 64
    os.close(terminal)
    os.close(controller)


def test_memory_does_not_grow_with_the_file(aezip):
    """128 MiB of values in a process that may have 100 MiB beyond what a small file takes."""
    def peak(count):
        with open(aezip / "a.f32", "wb") as file:
            block = np.sin(np.arange(1 << 20, dtype="<f4")).tobytes()
            for _ in range(count):
                file.write(block)
        outcome = {}
        for arguments in (["compress", "a.f32", "--fields", "16", "--rel", "0.1", "--level", "1", "--force"],
                          ["decompress", "a.f32.aez", "-o", "b.f32", "--force"],
                          ["verify", "a.f32.aez", "--against", "a.f32"]):
            process = start(aezip, *arguments, "--quiet", "--threads", "1")
            assert process.stderr.read() == b""
            _, status, usage = os.wait4(process.pid, 0)
            assert status == 0
            outcome[arguments[0]] = usage.ru_maxrss
        return outcome

    small, large = peak(8), peak(32)
    print(small, large)
    for part in small:
        assert large[part] < small[part] + 100_000
