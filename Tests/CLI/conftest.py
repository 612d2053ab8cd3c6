"""What the tests of the command share: the built binary, and a folder of their own to run it in."""

import os
import pathlib
import random
import signal
import subprocess

import numpy as np
import pytest

# Where the tests run in the background, signals may be ignored; the command would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("AEZIP", str(ROOT / ".build" / "release" / "aezip"))
FIXTURES = ROOT / "Tests" / "Fixtures"


class Command:
    """Runs `aezip` in a folder and keeps what a crash would look like out of it."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *arguments, exit=0, input=None, **options):
        done = subprocess.run(
            [BINARY, *map(str, arguments)], cwd=self.folder, input=input, capture_output=True,
            timeout=100, **options)
        errors = done.stderr.decode(errors="replace")
        assert done.returncode == exit, f"exit {done.returncode}: {errors}"
        if exit:
            assert errors.startswith("aezip: "), errors
            assert errors.count("\n") == 1, f"not one line: {errors}"
        done.error = errors
        return done

    def fails(self, exit, *arguments, **options):
        """Runs a command that must fail, leave no file behind, and say why; returns its words."""
        before = self.listing()
        words = self(*arguments, exit=exit, **options).error
        assert self.listing() == before, "a file was left behind or changed"
        return words

    def listing(self):
        return {p.name: p.stat().st_size for p in self.folder.iterdir()}

    def __truediv__(self, name):
        return self.folder / name

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def text_round_trip(self, text, *bound):
        """A CSV text through a container and back, as bytes; verify must agree."""
        self.write("t.csv", text)
        self("compress", "t.csv", *(bound or ["--exact"]), "--force", "--quiet")
        self("verify", "t.csv.aez", "--against", "t.csv", "--quiet")
        return self("decompress", "t.csv.aez", "-o", "-", "--quiet").stdout

    def array_round_trip(self, array, *bound):
        """An array through a container and back; verify must agree."""
        np.save(self / "a.npy", array)
        self("compress", "a.npy", *(bound or ["--exact"]), "--force", "--quiet")
        self("verify", "a.npy.aez", "--against", "a.npy", "--quiet")
        self("decompress", "a.npy.aez", "-o", "b.npy", "--force", "--quiet")
        return np.load(self / "b.npy")


@pytest.fixture
def aezip(tmp_path):
    return Command(tmp_path)


@pytest.fixture
def seed(request):
    """A seed for random tables: AEZIP_SEED, or a new one; a failure prints it."""
    value = int(os.environ.get("AEZIP_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"AEZIP_SEED={value}")
    return value
