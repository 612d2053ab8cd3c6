"""The examples of the README, run as they stand there."""

import os
import re
import subprocess
import sys

from conftest import BINARY, ROOT

README = (ROOT / "README.md").read_text()


def example(section, language):
    """The first block of a language in a section."""
    text = README.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.search(rf"```{language}\n(.*?)```", text, re.S)[1]


def run(arguments, folder, **environment):
    done = subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, timeout=100,
        env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_shell(script, folder):
    """With the command in the path; stops at the first that fails."""
    path = f"{os.path.dirname(BINARY)}:{os.environ['PATH']}"
    return run(["bash", "-c", "set -e\n" + script], folder, PATH=path)


def run_python(script, folder):
    binding = str(ROOT / "Bindings" / "Python")
    return run([sys.executable, "-c", script], folder, PYTHONPATH=binding)


def test_the_shell_example_runs(tmp_path):
    (tmp_path / "Tests").symlink_to(ROOT / "Tests")
    shown = run_shell(example("Shell", "sh"), tmp_path)
    part = (tmp_path / "part.csv").read_text().splitlines()
    assert part[0] == "T2m,P2m" and len(part) == 101
    assert "T2m" in shown and len((tmp_path / "mast.csv").read_text().splitlines()) == 4001


def test_the_python_example_runs(tmp_path):
    assert "(100000, 3)" in run_python(example("Python", "python"), tmp_path)


def test_the_examples_of_models_run(tmp_path):
    (tmp_path / "Tests").symlink_to(ROOT / "Tests")
    assert len(run_shell(example("Models", "sh"), tmp_path).splitlines()) == 4
    assert run_python(example("Models", "python"), tmp_path).startswith("deep 1 True")


def test_the_c_example_runs(tmp_path):
    include, body = example("C", "c").split("\n", 1)
    program = f"""
{include}
#include <stdio.h>
#include <stdlib.h>
int main(void) {{
  struct {{ double time; float speed; float unused; }} records[1000];
  size_t count = 1000;
  for (size_t i = 0; i < count; i++) {{ records[i].time = 0.01 * i; records[i].speed = 3.0f * i; records[i].unused = 7; }}
{body}
  printf("%zu %llu %.6f %.1f\\n", size, (unsigned long long)restored, records[500].time, records[500].unused);
  return 0;
}}
"""
    (tmp_path / "example.c").write_text(program)
    library = os.environ.get("AEZ_LIBRARY", str(ROOT / ".build" / "release" / "libaez.so"))
    (tmp_path / "libaez.so.0").symlink_to(library)  # its SONAME
    run(["cc", "-std=c99", "-Wall", "-Werror", f"-I{ROOT / 'Include'}", "example.c", "-o", "example", library], tmp_path)
    size, restored, time, padding = run(["./example"], tmp_path, LD_LIBRARY_PATH=str(tmp_path)).split()
    assert 0 < int(size) < 16000 and restored == "1000"
    assert abs(float(time) - 5) < 1.5e-6 and padding == "0.0"
