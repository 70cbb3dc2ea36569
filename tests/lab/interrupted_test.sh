#!/bin/bash
# A lab interrupted while it comes up removes itself; one that was killed outright is removed by `down`, or by
# the next `up`.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# With job control on, a background job reacts to SIGINT as it would on a terminal.
set -m

# begin_up: starts `up` and returns once it is at the OSDs: network, monitor and manager exist by then.
begin_up() {
  local tries
  "$CUTTLE_ROOT/lab/lab" up --name "$LAB_NAME" --plain --one-osd &
  up_pid=$!
  for tries in {1..300}; do
    [[ ! -e $STATE/osd0 ]] || return 0
    kill -0 "$up_pid" 2>/dev/null || fail "'up' ended too early"
    sleep 0.1
  done
  fail "'up' did not get to the OSDs after $tries tries"
}

begin_up
kill -INT "$up_pid"
status=0
wait "$up_pid" || status=$?
[[ $status == 130 ]] || fail "an interrupted 'up' ended with status $status, not 130"
expect_nothing_left "after an interrupt"
lab down

begin_up
kill -KILL "$up_pid"
wait "$up_pid" || true
[[ -n $(lab_processes) ]] || fail "the test killed 'up' too early: there is nothing to remove"
lab down
expect_nothing_left "after a kill and down"
