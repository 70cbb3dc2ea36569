#!/bin/bash
# The driver's coroutines: an exception in one of them ends the process, no allocation on the data path, no stall of a
# reactor over a millisecond. Each is also shown to be seen, by a program that has such faults in it.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
# shellcheck source=tests/seastar/metrics.sh
source "$(dirname "${BASH_SOURCE[0]}")/metrics.sh"
FAULTY="${CUTTLE_SEASTAR_PROGRAM}-faulty"
MEASURED_SECONDS=3

# both_up [FAULT]: node a with the program that has the fault, once $WORK/fault is there.
both_up() {
  network
  connect
  configure
  export CUTTLE_TEST_FAULT=${1:-none} CUTTLE_TEST_FAULT_FILE=$WORK/fault
  local program=$CUTTLE_SEASTAR_PROGRAM
  [[ -z ${1:-} ]] || program=$FAULTY
  CUTTLE_UP_OPTIONS="${CUTTLE_UP_OPTIONS/$CUTTLE_SEASTAR_PROGRAM/$program}" start_agent a \
    --metrics 127.0.0.1:9180 -- --blocked-reactor-notify-ms 1 --blocked-reactor-reports-per-minute 1000
  start_agent b
  wait_up
}

an_exception_ends_it() { # FAULT WHAT
  both_up "$1"
  local pid
  pid=$(<"$WORK/a.pid")
  touch "$WORK/fault"
  in_space a ping -q -c 3 -i 0.1 -W 1 "${V4[b]}" >/dev/null 2>&1 || true
  sed -i 's/^lanes = .*/lanes = 2/' "$WORK/a.toml"
  [[ $1 != add ]] || reload a || true
  eventually 10 process_ended "$pid" || fail "the agent goes on after an exception in $2"
  grep -q "broken invariant at .*: an exception ended $2: injected" "$WORK/a.log" ||
    fail "the log does not say what failed"
  [[ -n $(ip -n "$NET-a" route show table 4410 "${V4[b]}") ]] || fail "the way to the peer is open"
}

# measure: what the reactors of a allocate and how often they stall under load, without what asking for it costs.
measure() {
  local name=memory_malloc_operations first second last
  fetch_metrics a && STALLS=$(metric stall_detector_reported)
  fetch_metrics a && first=$(metric $name)
  fetch_metrics a && second=$(metric $name)
  CELLS=$(metric cuttle_cells_sent_total)
  transfer "${V4[b]}" --seconds "$MEASURED_SECONDS"
  fetch_metrics a && last=$(metric $name)
  CELLS=$(($(metric cuttle_cells_sent_total) - CELLS))
  PACKETS=$(metric cuttle_packets_sent_total)
  ALLOCATIONS=$((last - second - (second - first)))
  grep -q '^seastar_stall_detector_reported{' "$WORK/metrics" || fail "Seastar counts no stalls"
  STALLS=$(($(metric stall_detector_reported) - STALLS))
  echo "  $CELLS cells, $PACKETS packets: $ALLOCATIONS allocations, $STALLS stalls over 1 ms"
  expect "cells sent" "$CELLS" '>' 10000
  expect "packets sent" "$PACKETS" '>' 1000
}

no_allocation_and_no_stall() {
  local round
  both_up
  # A machine that does not run the reactor for a millisecond makes a stall, too; what stalls by itself does so always.
  for round in 1 2 3 4; do
    measure
    expect "allocations under load" "$ALLOCATIONS" '<' "$CELLS / 100"
    ((STALLS > 0)) || return 0
  done
  fail "a stall over 1 ms in each of $round measurements"
}

allocations_are_seen() {
  both_up allocate
  touch "$WORK/fault"
  measure
  expect "allocations, one a packet and one a train" "$ALLOCATIONS" '>' "$CELLS / 100"
}

stalls_are_seen() {
  both_up stall
  fetch_metrics a && STALLS=$(metric stall_detector_reported)
  touch "$WORK/fault"
  in_space a ping -q -c 5 -i 0.2 -W 1 "${V4[b]}" >/dev/null 2>&1 || true
  fetch_metrics a
  expect "stalls over 1 ms" "$(metric stall_detector_reported) - $STALLS" '>' 10
}

run_case an_exception_ends_it pack 'a packer'
run_case an_exception_ends_it receive 'a receiver'
run_case an_exception_ends_it add 'the coming of a lane'
run_case no_allocation_and_no_stall
run_case allocations_are_seen
run_case stalls_are_seen
finish
