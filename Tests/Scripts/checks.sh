# shellcheck shell=bash
# Sourced by the test scripts: named checks and their count.

checks_passed=0
checks_failed=0

# check NAME COMMAND...: runs the command; prints what it said only if it failed.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok      $name"
    checks_passed=$((checks_passed + 1))
  else
    echo "FAILED  $name"
    printf '%s\n' "$output" | sed 's/^/        /'
    checks_failed=$((checks_failed + 1))
  fi
}

# The last line of a test script, and its exit code.
finish_checks() {
  echo "$checks_passed passed, $checks_failed failed"
  [ "$checks_failed" = 0 ] && [ "$checks_passed" -gt 0 ]
}
