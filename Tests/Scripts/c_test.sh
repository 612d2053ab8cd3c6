#!/usr/bin/env bash
# The C sample and the contract tests of aez.h against the release build.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. Tests/Scripts/checks.sh

work=.build/c_test
rm -rf "$work" && mkdir -p "$work"
if [ ! -e .build/release/libaez.so ]; then
  echo "c_test: there is no release build; run: swift build -c release" >&2
  exit 1
fi
# Under the name that programs look for.
ln -s ../release/libaez.so "$work/libaez.so.0"
ln -s libaez.so.0 "$work/libaez.so"
link=(-IInclude -L"$work" -laez -lm -lpthread "-Wl,-rpath,$PWD/$work")
c99=(cc -std=c99 -Wall -Wextra -Wpedantic -Werror -O1 -g)

contract_at() { # instruction set level
  AEZ_CPU=$1 "$work/contract" > "$work/contract.$1"
  local status=$?
  grep -v '^container: ' "$work/contract.$1"
  return $status
}
same_bytes_at() {
  grep -q '^container: [1-9]' "$work/contract.$1" \
    && diff <(grep '^container: ' "$work/contract.0") <(grep '^container: ' "$work/contract.$1")
}

check "aez.h alone compiles as C99" "${c99[@]}" -x c -fsyntax-only Include/aez.h
check "aez.h alone compiles as C++" c++ -x c++ -Wall -Wextra -Werror -fsyntax-only Include/aez.h
check "the sample builds as C99" "${c99[@]}" Bindings/C/sample.c "${link[@]}" -o "$work/sample"
check "the sample runs" "$work/sample"
check "the sample builds as C++" \
  c++ -x c++ -Wall -Wextra -Werror Bindings/C/sample.c -x none "${link[@]}" -o "$work/sample++"
check "the sample in C++ runs" "$work/sample++"
check "the contract tests build" "${c99[@]}" Tests/C/*.c "${link[@]}" -o "$work/contract"
check "the contract holds with the baseline kernels" contract_at 0
for level in 3 4; do
  check "the contract holds with kernels up to level $level" contract_at $level
  check "the bytes of level $level are the baseline's" same_bytes_at $level
done
check "the contract tests build with the address sanitizer" \
  "${c99[@]}" -fsanitize=address,undefined Tests/C/*.c "${link[@]}" -o "$work/contract-asan"
check "the contract holds without a leak" "$work/contract-asan"
finish_checks
