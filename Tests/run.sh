#!/usr/bin/env bash
# Sets up what is missing and runs every test. Works on a fresh Debian with only a Swift toolchain.
#
#     bash Tests/run.sh            everything
#     bash Tests/run.sh STAGE...   only these stages, of those listed below
#
# Stops at the first stage that fails. The last line counts the tests: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit

stages=(setup format build library swift c python cli reference install)
if [ $# -gt 0 ]; then wanted=("$@"); else wanted=("${stages[@]}"); fi
for name in "${wanted[@]}"; do
  [[ " ${stages[*]} " == *" $name "* ]] || {
    echo "run.sh: there is no stage $name; there are: ${stages[*]}" >&2
    exit 64
  }
done

logs=.build/run
mkdir -p "$logs"
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
passed=0
started_all=$SECONDS

sources=(Sources/AEZip Sources/AEZipABI Sources/AEZipCLI Sources/AEZipKernels Tests)
python=.build/venv/bin/python
# Tests of the library's callers run against this tree's build.
export AEZ_LIBRARY=$PWD/.build/release/libaez.so
export PYTHONPATH=$PWD/Bindings/Python

stage_setup() { bash Tests/Scripts/setup.sh --tests; }
stage_format() { swift format lint --strict --recursive --parallel "${sources[@]}" Package.swift; }
stage_build() { swift build -c release; }
stage_library() { bash Tests/Scripts/library_test.sh; }
stage_swift() { swift test; }
stage_c() { bash Tests/Scripts/c_test.sh; }
stage_python() { "$python" -m pytest -q Tests/Python; }
stage_cli() { "$python" -m pytest -q Tests/CLI; }
stage_reference() { "$python" -m pytest -q Tests/Reference; } # the decoder written from Format.md
stage_install() { bash Tests/Scripts/install_test.sh; }

# The number of tests that a stage's output tells of: `count passed LOG` or `count failed LOG`. What swift test,
# pytest and our own scripts say last.
count() {
  local number
  number=$(sed 's/\x1b\[[0-9;]*m//g' "$2" | grep -aoE "[0-9]+ $1\b" | tail -n 1 | grep -oE '^[0-9]+')
  if [ -z "$number" ] && [ "$1" = passed ]; then
    number=$(grep -aoE 'Test run with [0-9]+ tests?( in [0-9]+ suites?)? passed' "$2" | tail -n 1 | grep -oE '[0-9]+' | head -n 1)
  fi
  echo "${number:-0}"
}

for name in "${wanted[@]}"; do
  printf '\n==== %s\n' "$name"
  log=$logs/$name.log
  started=$SECONDS
  "stage_$name" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  tests=$(count passed "$log")
  if [ "$status" != 0 ]; then
    failures=$(count failed "$log")
    [ "$failures" != 0 ] || failures=$(grep -acE '✘ Test .*failed after' "$log")
    [ "$failures" != 0 ] || failures=1
    printf '\nrun.sh: the stage %s failed (exit code %d); repeat it with: bash Tests/run.sh %s\n\n' \
      "$name" "$status" "$name" >&2
    echo "$((passed + tests)) passed, $failures failed"
    exit 1
  fi
  case $name in
    setup) ;;
    format | build) passed=$((passed + 1)) ;;
    *)
      if [ "$tests" = 0 ]; then
        printf '\nrun.sh: the stage %s ran no test\n\n' "$name" >&2
        echo "$passed passed, 1 failed"
        exit 1
      fi
      passed=$((passed + tests))
      ;;
  esac
  echo "---- $name: $((SECONDS - started)) s"
done

echo
echo "all stages passed in $((SECONDS - started_all)) s"
echo "$passed passed, 0 failed"
