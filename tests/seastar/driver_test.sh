#!/bin/bash
# What is the Seastar driver's own: the status says who runs, Seastar's metrics are served,
# and a stop leaves no thread behind.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
# shellcheck source=tests/seastar/metrics.sh
source "$(dirname "${BASH_SOURCE[0]}")/metrics.sh"

status_and_metrics() {
  network
  connect
  configure
  CUTTLE_UP_OPTIONS="$CUTTLE_UP_OPTIONS --metrics 127.0.0.1:9180" start_agent a
  start_agent b
  wait_up
  expect_same "the driver in the status" seastar "$(status a .driver)"
  in_space a timeout 10 ping -q -c 5 -i 0.05 "${V4[b]}" >/dev/null || fail "b does not answer"
  fetch_metrics a || fail "a serves no metrics"
  expect "cells sent by Seastar's metrics" "$(metric cuttle_cells_sent_total)" '>' 1000
  expect "packets sent by Seastar's metrics" "$(metric cuttle_packets_sent_total)" '>=' 5
  expect "packets received by Seastar's metrics" "$(metric cuttle_packets_received_total)" '>=' 5
  # Its reactors, one line a shard.
  expect_same "reactors: runtime.shards" 2 "$(grep -c '^seastar_reactor_tasks_pending{' "$WORK/metrics")"
  stop_agent a
  expect_same "processes of a afterwards" "" "$(ip netns pids "$NET-a")"
}

# Sending sides by shard, as "SHARD:LANES ...".
lanes_by_shard() {
  fetch_metrics a
  sed -n 's/^seastar_cuttle_cells_sent_total{.*shard="\([0-9]*\)".*/\1/p' "$WORK/metrics" | sort | uniq -c |
    awk '{ print $2 ":" $1 }' | paste -sd' '
}

# A link that comes goes lane by lane to the shard with fewest.
lanes_are_spread() {
  local node
  network
  connect
  configure
  CUTTLE_UP_OPTIONS=${CUTTLE_UP_OPTIONS/--split/}
  start_agent a --metrics 127.0.0.1:9180
  start_agent b
  wait_up
  expect_same "lanes by shard" "0:1" "$(lanes_by_shard)"
  set_lanes 5
  expect_same "lanes by shard, of five" "0:3 1:2" "$(lanes_by_shard)"
}

# Of reactors that want a CPU at once none keeps it for good.
reactors_take_turns() {
  network
  connect
  configure
  start_agents
  expect_same "its real-time threads" "2 RR 50" \
    "$(ps -L -o cls=,rtprio= -p "$(<"$WORK/a.pid")" | awk '$1 != "TS"' | sort | uniq -c | xargs)"
}

run_case status_and_metrics
run_case lanes_are_spread
run_case reactors_take_turns
finish
