#!/bin/bash
# What is the Seastar driver's own: the status says who runs, Seastar's metrics are served, bad options are refused
# before anything is changed, and a stop leaves no thread behind.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"

metric() { # NAME: the sum over shards and labels
  awk -v name="seastar_$1" 'index($1, name "{") == 1 { sum += $2 } END { print sum + 0 }' "$WORK/metrics"
}
fetch_metrics() { # NODE
  in_space "$1" timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9180
    printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' >"$WORK/metrics" 2>/dev/null
}

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

# refused PATTERN OPTIONS...
refused() {
  local status=0 before
  before=$(machine_state a)
  # shellcheck disable=SC2086  # words are meant
  in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" "${@:2}" >"$WORK/refused" 2>&1 || status=$?
  sed 's/^/  /' "$WORK/refused"
  expect_same "exit status" 2 "$status"
  expect_same "lines" 1 "$(wc -l <"$WORK/refused")"
  grep -qE -- "$1" "$WORK/refused" || fail "the line does not match: $1"
  expect_same "the machine afterwards" "$before" "$(machine_state a)"
}

bad_options() {
  local driver=(--driver seastar --driver-program "$CUTTLE_SEASTAR_PROGRAM")
  network
  connect
  RATE="20 Mb/s" configure
  refused '--metrics nowhere: write an address and a port' "${driver[@]}" --metrics nowhere
  refused 'driver seastar cannot be run: /nowhere: .*' --driver seastar --driver-program /nowhere
  refused '--split.*driver seastar' --driver native --split
  sed -i 's/^shards = .*//' "$WORK/a.toml"
  refused '--split needs two shards.*runtime.shards = 2' "${driver[@]}" --split
}

run_case status_and_metrics
run_case bad_options
finish
