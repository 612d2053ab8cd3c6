#!/usr/bin/env bash
# Installs to a new prefix, builds the C sample against it, runs what was installed, and uninstalls.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. Tests/Scripts/checks.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# Of the build folder nothing may be found at run time; of the toolchain neither.
export LD_LIBRARY_PATH=$prefix/lib

install_it() { bash Bindings/install.sh --prefix "$prefix"; }

has_all_parts() {
  local part
  for part in bin/aezip include/aez.h lib/libaez.so lib/libaez.so.0 lib/pkgconfig/aez.pc \
    lib/cmake/aez/aezConfig.cmake lib/cmake/aez/aezConfigVersion.cmake \
    share/bash-completion/completions/aezip share/zsh/site-functions/_aezip \
    share/fish/vendor_completions.d/aezip.fish; do
    [ -s "$prefix/$part" ] || { echo "$part is missing or empty"; return 1; }
  done
}

version_agrees() {
  local said
  said=$("$prefix/bin/aezip" --version) || return 1
  echo "aezip says $said, pkg-config $(pkg-config --modversion aez)"
  [[ $said == *"$(pkg-config --modversion aez)"* ]]
}

# Neither the library nor the command may need the toolchain or this tree.
needs_no_toolchain() {
  local file
  for file in "$prefix/bin/aezip" "$prefix/lib/libaez.so"; do
    ldd "$file"
    ! ldd "$file" | grep -E "not found|swift|$PWD" || return 1
    ! readelf -d "$file" | grep -E 'RPATH|RUNPATH' | grep -E 'swift|/usr/lib/swift' || return 1
  done
}

sample_with_pkg_config() {
  # shellcheck disable=SC2046
  cc -std=c99 -Wall -Wextra -Wpedantic -Werror Bindings/C/sample.c $(pkg-config --cflags --libs aez) -lm \
    -o "$work/sample" && "$work/sample"
}

# A program needs libaez.so.0 at run time, not whatever libaez.so points to by then.
sample_needs_the_soname() { readelf -d "$1" | grep -q 'NEEDED.*\[libaez\.so\.0\]'; }

sample_with_cmake() {
  mkdir -p "$work/cmake"
  cat > "$work/cmake/CMakeLists.txt" << CMAKE
cmake_minimum_required(VERSION 3.10)
project(sample C)
find_package(aez $(pkg-config --modversion aez) EXACT REQUIRED)
add_executable(sample $PWD/Bindings/C/sample.c)
target_link_libraries(sample aez::aez m)
CMAKE
  cmake -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$prefix" \
    && cmake --build "$work/cmake/build" && "$work/cmake/build/sample"
}

refuses_cmake_version() { # that it is not
  sed "s/find_package(aez [^ ]*.*/find_package(aez $1 REQUIRED)/" "$work/cmake/CMakeLists.txt" > "$work/other.txt"
  mkdir -p "$work/other" && mv "$work/other.txt" "$work/other/CMakeLists.txt"
  ! cmake -S "$work/other" -B "$work/other/build" -DCMAKE_PREFIX_PATH="$prefix"
}

completions_parse() {
  bash -n "$prefix/share/bash-completion/completions/aezip"
}

installs_again() {
  find "$prefix" | sort > "$work/before"
  install_it && find "$prefix" | sort | diff "$work/before" -
}

# Something of another's beside our files stays, and so do the directories that hold it.
uninstalls_only_its_own() {
  touch "$prefix/lib/libother.so" && mkdir "$prefix/empty"
  bash Bindings/install.sh --prefix "$prefix" --uninstall || return 1
  (cd "$prefix" && find . | sort) | diff <(printf '%s\n' . ./empty ./lib ./lib/libother.so) -
}

uninstalls_everything() {
  rm -rf "$prefix"
  install_it && bash Bindings/install.sh --prefix "$prefix" --uninstall && [ ! -e "$prefix" ]
}

refuses_a_second_uninstall() {
  ! bash Bindings/install.sh --prefix "$prefix" --uninstall
}

check "install.sh installs" install_it
check "every part is there" has_all_parts
check "the versions agree" version_agrees
check "library and command need no toolchain" needs_no_toolchain
check "the sample builds with pkg-config and runs" sample_with_pkg_config
check "programs need the SONAME" sample_needs_the_soname "$work/sample"
check "the sample builds with CMake and runs" sample_with_cmake
check "CMake refuses a newer minor version" refuses_cmake_version 0.99
check "CMake refuses another major version" refuses_cmake_version 9
check "the bash completions parse" completions_parse
check "installing again changes nothing" installs_again
check "uninstalling leaves what is not ours" uninstalls_only_its_own
check "uninstalling leaves nothing of ours" uninstalls_everything
check "a second uninstall is refused" refuses_a_second_uninstall
finish_checks
