#!/usr/bin/env bash
# Installs what a fresh Debian lacks for building, or, with --tests, for every test as well. Does nothing where it is
# all there. A Swift toolchain must be on the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.." || exit

if ! command -v swift > /dev/null; then
  echo "setup: no swift on the PATH; install a Swift 6.1 toolchain or newer (https://swift.org/install)" >&2
  exit 1
fi

# package, and a command that succeeds where it is not needed
wanted=(
  "gcc:command -v cc"
  "g++:command -v c++"
  "libc6-dev:test -e /usr/include/stdlib.h"
  "zlib1g-dev:test -e /usr/include/zlib.h"
  "binutils:command -v objdump"
  "pkg-config:command -v pkg-config"
  "git:command -v git"
)
if [ "${1:-}" = --tests ]; then
  wanted+=(
    "cmake:command -v cmake"
    "make:command -v make"
    "python3:command -v python3"
    "python3-venv:python3 -c 'import ensurepip, venv'"
  )
fi

missing=()
for entry in "${wanted[@]}"; do
  bash -c "${entry#*:}" > /dev/null 2>&1 || missing+=("${entry%%:*}")
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get > /dev/null; then
    echo "setup: install the equivalents of these Debian packages: ${missing[*]}" >&2
    exit 1
  fi
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "setup: installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" > /dev/null
fi

if [ "${1:-}" = --tests ]; then
  # The tests' Python, inside the build folder so that the system's stays as it is.
  packages=(numpy pytest hypothesis scikit-learn)
  if ! .build/venv/bin/python -c 'import numpy, pytest, hypothesis, sklearn' 2> /dev/null; then
    echo "setup: installing ${packages[*]} in .build/venv"
    mkdir -p .build
    python3 -m venv --clear .build/venv
    .build/venv/bin/python -m pip install --quiet --disable-pip-version-check "${packages[@]}"
  fi
fi
