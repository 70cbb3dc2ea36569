# shellcheck shell=bash
# For the end-to-end tests: two real agents, a and b, in network namespaces of their own, and between them a
# third, m, that is the network: a bridge, or a cable that misbehaves. Everything has names nobody else has, is
# bounded in time, and is gone afterwards, however the test ends.
#
# Where a test wants it, c is a host behind b (forward_test.sh).
#
#   a: u0 10.99.0.1 fd99::1  --  ma [m] mb  --  u0 10.99.0.2 fd99::2 :b
#
# From outside: CUTTLE (the program), CUTTLE_TOOLS (the folder of the programs of tests/tools),
# CUTTLE_TEST_DRIVER (runtime.driver of every configuration), RUNTIME (more lines of [runtime]), CUTTLE_UP_OPTIONS
# (more options of `cuttle up`), CUTTLE_UP_OPTIONS_a and CUTTLE_UP_OPTIONS_b (of that node's), CUTTLE_TEST_PREFIX (of
# the names under which results are counted), CUTTLE_TEST_CASES (run only these).
set -euo pipefail
: "${CUTTLE:?the program to test}" "${CUTTLE_TOOLS:?the folder of the helper programs}"
if ((EUID != 0)); then
  echo "SKIPPED: needs root" >&2
  exit 77
fi
NET=ctt-$$
WORK=$(mktemp -d "/tmp/$NET-XXXXXX")
umask 077
# shellcheck disable=SC2034  # used by the others
declare -A V4=([a]=10.99.0.1 [b]=10.99.0.2) V6=([a]=fd99::1 [b]=fd99::2) OTHER=([a]=b [b]=a)
TEST=$(basename "$0" .sh)

# shellcheck source=tests/processes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../processes.sh"
# shellcheck source=tests/node/network.sh
source "$(dirname "${BASH_SOURCE[0]}")/network.sh"
# shellcheck source=tests/node/agents.sh
source "$(dirname "${BASH_SOURCE[0]}")/agents.sh"

clean_up() {
  remove_network
  rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP PIPE

# --- saying what is wrong

fail() {
  local node
  echo "FAILED: $*" >&2
  for node in a b; do
    [[ ! -s $WORK/$node.log ]] || { echo "--- log of agent $node:" && tail -n 15 "$WORK/$node.log"; } >&2
  done
  exit 1
}

# expect WHAT NUMBER RELATION NUMBER: as awk compares them, so fractions and sums are welcome.
expect() {
  awk "BEGIN { exit !(($2) $3 ($4)) }" || fail "$1: $2; expected $3 $4"
}

# expect_same WHAT EXPECTED ACTUAL
expect_same() {
  [[ $2 == "$3" ]] || fail "$1: expected"$'\n'"$2"$'\n'"but it is"$'\n'"$3"
}

# --- cases: functions, each in a subshell of its own, reported as GoogleTest would

CASES=0
CASES_FAILED=0
run_case() {
  local name=$1 status=0 began=$EPOCHREALTIME
  [[ -z ${CUTTLE_TEST_CASES:-} || " $CUTTLE_TEST_CASES " == *" $name "* ]] || return 0
  CASES=$((CASES + 1))
  echo "[ RUN      ] $name"
  # In the background, because `set -e` does not hold where a status is asked for.
  (
    set -e
    "$@"
  ) &
  wait $! || status=$?
  local took
  took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }')
  if ((status == 0)); then
    echo "[       OK ] $name ($took)"
  else
    CASES_FAILED=$((CASES_FAILED + 1))
    echo "[  FAILED  ] $name ($took)"
  fi
}

# The last command of a test: its status is the test's. The numbers of cases also go where GoogleTest would
# write them.
finish() {
  if [[ ${GTEST_OUTPUT:-} == xml:*/ ]]; then
    mkdir -p "${GTEST_OUTPUT#xml:}"
    local name=${CUTTLE_TEST_PREFIX:-node}_${TEST%_test}
    [[ -z ${CUTTLE_TEST_CASES:-} ]] || name+=_${CUTTLE_TEST_CASES// /_}
    printf '<testsuites tests="%d" failures="%d" disabled="0" name="%s"></testsuites>\n' \
      "$CASES" "$CASES_FAILED" "$TEST" >"${GTEST_OUTPUT#xml:}${name}_test.xml"
  fi
  echo "$TEST: $((CASES - CASES_FAILED)) of $CASES passed"
  ((CASES_FAILED == 0))
}
