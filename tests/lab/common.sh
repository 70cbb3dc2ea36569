# shellcheck shell=bash
# For the lab's tests: a lab of a name nobody else has, and what "nothing is left" means.
set -euo pipefail
CUTTLE_ROOT=${CUTTLE_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source=scripts/lib/tcpdump.sh
source "$CUTTLE_ROOT/scripts/lib/tcpdump.sh"
# shellcheck source=scripts/lib/lab_state.sh
source "$CUTTLE_ROOT/scripts/lib/lab_state.sh"
LAB_NAME=cuttle-test-$$
STATE=$(lab_state "$LAB_NAME")

lab() {
  local word=$1
  shift
  "$CUTTLE_ROOT/lab/lab" "$word" --name "$LAB_NAME" "$@"
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Living processes whose command line names the lab (every daemon's does, by its configuration file).
lab_processes() {
  local file line
  for file in /proc/[0-9]*/cmdline; do
    line=$({ tr '\0' ' ' <"$file"; } 2>/dev/null) || continue
    [[ $line != *"$LAB_NAME"* ]] || echo "$file: $line"
  done
}

expect_nothing_left() {
  local left
  [[ ! -e $STATE ]] || fail "$1: $STATE is still there"
  left=$(find /run/netns -name "$LAB_NAME-*")
  [[ -z $left ]] || fail "$1: these namespaces are still there: $left"
  left=$(lab_processes)
  [[ -z $left ]] || fail "$1: these processes still live: $left"
  left=$(grep -F "$LAB_NAME" /proc/mounts || true)
  [[ -z $left ]] || fail "$1: these mounts are still there: $left"
  echo "nothing is left $1"
}

expect_greeting() {
  local written read
  written=$(mktemp "$STATE/written.XXXXXX")
  read=$STATE/read
  printf 'Hello^' >"$written"
  lab sh mon -- timeout 60 rados -p bench put greeting "$written"
  lab sh mon -- timeout 60 rados -p bench get greeting "$read"
  [[ $(cat "$read") == 'Hello^' ]] || fail "read back: $(cat "$read")"
  echo "Hello^ came back"
}

trap 'lab down >/dev/null 2>&1 || true' EXIT
