#!/usr/bin/env bash
# What libaez.so may contain, export and need. Expects a release build.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. Tests/Scripts/checks.sh

library=.build/release/libaez.so
work=.build/library_test
rm -rf "$work" && mkdir -p "$work"
if [ ! -e "$library" ] || [ ! -e .build/release/aezip ]; then
  echo "library_test: there is no release build; run: swift build -c release" >&2
  exit 1
fi
strip -o "$work/libaez.so" "$library"

# Functions that the header declares; callback types are not followed by a parenthesis.
cc -E -P Include/aez.h | grep -oE '\baez_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u > "$work/declared"
nm -D --defined-only "$library" | awk '{print $3}' | sort > "$work/exported"

is_small() {
  local size
  size=$(stat -c %s "$work/libaez.so")
  echo "$size bytes stripped, the limit is 594000, the goal 150000"
  [ "$size" -le 594000 ]
}

needs_little() {
  local others
  others=$(readelf -d "$library" | grep -oP 'NEEDED.*\[\K[^]]+' | grep -vE '^(libc|libm|libz)\.so\.[0-9]+$')
  echo "also needs: $others"
  [ -z "$others" ]
}

# Every symbol is found in what it names as needed.
is_complete() {
  ! ldd -r "$library" 2>&1 | grep -E 'undefined symbol'
}

has_soname() {
  readelf -d "$library" | grep -q 'SONAME.*\[libaez\.so\.0\]'
}

exports_the_header() {
  diff "$work/declared" "$work/exported"
}

# It must neither print nor end the process.
leaves_the_host_alone() {
  ! nm -D --undefined-only "$library" \
    | grep -wE 'printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|fwrite|write|perror|exit|_exit|quick_exit|signal|sigaction|atexit'
}

# Every exported function is called by the contract tests in C.
is_exercised() {
  local name missing=0
  while read -r name; do
    grep -qE "\b$name\(" Tests/C/*.c || { echo "no test calls $name"; missing=1; }
  done < "$work/declared"
  return $missing
}

# Instructions that a baseline processor lacks, counted by function. Not tzcnt: compilers write "rep bsf" for it, which
# every processor runs.
vector_functions() {
  objdump -d --no-show-raw-insn "$1" | awk '/^[0-9a-f]+ </{f=$2}
    /\t(v[a-z0-9]+|shlx|sarx|shrx|rorx|mulx|andn|bls[ri]|bzhi|pdep|pext|movbe|lzcnt|bextr|k[a-z]+[wbdq])[ \t]/{c[f]++}
    END{for(k in c)print c[k],k}' | sort -rn
}

# Only the kernels for AVX2 and AVX-512 may hold them: anything else would crash on an older processor.
kernel='aezk[34]_|KernelsAVX2|KernelsAVX512'
avx_only_in_kernels() {
  vector_functions "$1" > "$work/vector"
  # Where no kernel shows, the scan proves nothing.
  grep -qE "$kernel" "$work/vector" || { echo "no AVX kernel was found"; return 1; }
  ! grep -vE "$kernel" "$work/vector"
}

check "libaez.so is no larger than it was" is_small
check "libaez.so needs only libc, libm and libz" needs_little
check "libaez.so lacks no symbol" is_complete
check "libaez.so has its SONAME" has_soname
check "libaez.so exports what aez.h declares" exports_the_header
check "libaez.so neither prints nor exits" leaves_the_host_alone
check "every function of aez.h is exercised from C" is_exercised
if [ "$(uname -m)" = x86_64 ]; then
  check "libaez.so uses AVX in its kernels only" avx_only_in_kernels "$library"
  check "aezip uses AVX in its kernels only" avx_only_in_kernels .build/release/aezip
fi
finish_checks
