#!/usr/bin/env bash
# Installs the library, the header, the command and what finds them, or removes them again.
#
#     Bindings/install.sh [--prefix DIR] [--uninstall]
#
# The prefix is /usr/local unless given. What was installed is listed in DIR/share/aezip/installed, and --uninstall
# removes exactly that. Only a Swift toolchain, zlib1g-dev and binutils are needed; the installed command and library
# do not need the toolchain.
set -euo pipefail

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

prefix=/usr/local
uninstall=false
while [ $# -gt 0 ]; do
  case $1 in
    --prefix)
      [ $# -ge 2 ] || fail "--prefix needs a directory"
      prefix=$2
      shift
      ;;
    --prefix=*) prefix=${1#--prefix=} ;;
    --uninstall) uninstall=true ;;
    -h | --help)
      sed -n 's/^# \{0,1\}//; 2,/^set/{/^set/!p}' "$0"
      exit 0
      ;;
    *) fail "unknown argument $1; see --help" ;;
  esac
  shift
done
[ -n "$prefix" ] || fail "--prefix needs a directory"
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
cd "$(dirname "$0")/.." || exit

list=$prefix/share/aezip/installed

# The loader's cache, where the system keeps one for this directory.
refresh_loader() {
  if [ "$(id -u)" = 0 ] && command -v ldconfig > /dev/null; then
    case $prefix in /usr | /usr/local) ldconfig ;; esac
  fi
}

# Removes the files listed, then the directories that the installation made and that are empty again.
remove_installed() {
  local line
  while IFS= read -r line; do
    case $line in */) ;; *) rm -f -- "$prefix/$line" ;; esac
  done < "$list"
  tac "$list" > "$list.reversed"
  rm -f -- "$list"
  exec 3< "$list.reversed"
  rm -f -- "$list.reversed"
  while IFS= read -r line <&3; do
    case $line in
      ./) rmdir --ignore-fail-on-non-empty -- "$prefix" ;;
      */) [ ! -d "$prefix/$line" ] || rmdir --ignore-fail-on-non-empty -- "$prefix/$line" ;;
    esac
  done
  exec 3<&-
}

if $uninstall; then
  [ -f "$list" ] || fail "nothing is installed in $prefix: there is no $list"
  [ -w "$prefix/share/aezip" ] || fail "$prefix cannot be written; run as its owner (sudo)"
  remove_installed
  refresh_loader
  echo "removed aezip from $prefix"
  exit 0
fi

# ------------------------------------------------------------------------------------------------------------- build

number() { sed -n "s/^#define AEZ_VERSION_$1 //p" Include/aez.h; }
major=$(number MAJOR)
minor=$(number MINOR)
version=$major.$minor.$(number PATCH)

for tool in swift strip; do
  command -v $tool > /dev/null || fail "$tool is missing; install a Swift toolchain and binutils"
done
echo "building aezip $version"
swift build -c release --product aez
# The command carries the Swift library in itself, so that it runs where there is no toolchain. Other flags than the
# library's would rebuild everything in turn, hence its own folder.
swift build -c release --product aezip --static-swift-stdlib --scratch-path .build/static

# ----------------------------------------------------------------------------------------------------------- install

existing=$prefix
while [ ! -d "$existing" ]; do existing=$(dirname "$existing"); done
[ -w "$existing" ] || fail "$existing cannot be written; use sudo or another --prefix"
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
mkdir -p "$staging"/{bin,include,lib/pkgconfig,lib/cmake/aez} \
  "$staging"/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,aezip}

strip --strip-unneeded -o "$staging/lib/libaez.so.$version" .build/release/libaez.so
ln -s "libaez.so.$version" "$staging/lib/libaez.so.$major"
ln -s "libaez.so.$major" "$staging/lib/libaez.so"
strip -o "$staging/bin/aezip" .build/static/release/aezip
cp Include/aez.h "$staging/include/aez.h"
fill() { sed "s/@VERSION@/$version/; s/@MAJOR@/$major/; s/@MINOR@/$minor/" "Bindings/C/$1.in" > "$staging/$2/$1"; }
fill aez.pc lib/pkgconfig
fill aezConfig.cmake lib/cmake/aez
fill aezConfigVersion.cmake lib/cmake/aez
completions() { "$staging/bin/aezip" --generate-completion-script "$1" > "$staging/share/$2"; }
completions bash bash-completion/completions/aezip
completions zsh zsh/site-functions/_aezip
completions fish fish/vendor_completions.d/aezip.fish
chmod -R u=rwX,go=rX "$staging"
chmod 755 "$staging/bin/aezip"
chmod 644 "$staging"/lib/libaez.so.*

# An older installation goes first, so that none of its files is left over.
[ ! -f "$list" ] || remove_installed

made=()
make_directory() { # relative to the prefix; remembers what it had to make, outermost first
  [ ! -d "$prefix/$1" ] || return 0
  case $1 in
    .) mkdir -p -- "$prefix" ;;
    *) make_directory "$(dirname "$1")" && mkdir -- "$prefix/$1" ;;
  esac
  made+=("$1/")
}
files=$(cd "$staging" && find . ! -type d | sed 's|^\./||' | sort)
while IFS= read -r file; do
  make_directory "$(dirname "$file")"
  rm -f -- "$prefix/$file" # a running program keeps the old file
  cp -P -- "$staging/$file" "$prefix/$file"
done <<< "$files"
make_directory share/aezip
{
  [ ${#made[@]} = 0 ] || printf '%s\n' "${made[@]}"
  printf '%s\n' "$files"
} > "$list"

refresh_loader
echo "installed aezip $version in $prefix:"
sed '/\/$/d; s/^/  /' "$list"
case ":$PATH:" in *":$prefix/bin:"*) ;; *) echo "add $prefix/bin to PATH" ;; esac
