#!/usr/bin/env bash
# Builds aezip and shows its main job on a real table: 4,000 records of a meteorological mast, compressed within a
# thousandth of every field's range, restored, and verified against the original.
set -euo pipefail
cd "$(dirname "$0")/.." || exit

bash Tests/Scripts/setup.sh
swift build -c release --product aezip

table=Tests/Fixtures/met_mast.csv
aezip=.build/release/aezip
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
TIMEFORMAT='    %R s'

size() { stat -c %s "$1"; }
ratio() { awk -v whole="$1" -v part="$2" 'BEGIN { printf "%.2f", whole / part }'; }
run() { # shows a command, then runs and times it
  printf '\n$ aezip'
  printf ' %s' "${@//$work\//}"
  echo
  time "$aezip" "$@"
}

run compress "$table" -o "$work/met_mast.aez" --rel 1e-3
run decompress "$work/met_mast.aez" -o "$work/restored.csv"
run verify "$work/met_mast.aez" --against "$table"

gzip -9 -c "$table" > "$work/met_mast.csv.gz"
echo
echo "the table as CSV        $(size "$table") bytes, $(($(wc -l < "$table") - 1)) records, $(head -n 1 "$table" | tr ',' '\n' | wc -l) fields"
echo "gzip -9 (lossless)      $(size "$work/met_mast.csv.gz") bytes, ratio $(ratio "$(size "$table")" "$(size "$work/met_mast.csv.gz")")"
echo "aezip --rel 1e-3        $(size "$work/met_mast.aez") bytes, ratio $(ratio "$(size "$table")" "$(size "$work/met_mast.aez")")"
echo
echo "the first records, and as restored:"
head -n 3 "$table" | cut -d, -f1-8 | tail -n 2
head -n 3 "$work/restored.csv" | cut -d, -f1-8 | tail -n 2
