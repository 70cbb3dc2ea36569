#!/bin/bash
# A TCP transfer through a link arrives whole, whatever the network does, at a fair share of the link's rate.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
BAD_NETWORK=(--loss 2 --duplicate 2 --reorder 5)
LINK_MBPS=${LINK_MBPS:-200}
export RATE="$LINK_MBPS Mb/s"

# send_bytes TO BYTES LEAST_MBPS
send_bytes() {
  local mbps try began
  # The bytes must be right every time; the rate once in three times, on a machine that others use, too.
  for try in 1 2 3; do
    began=$EPOCHREALTIME
    transfer "$1" --bytes "$2" --seed "$try"
    expect_same "the checksum is the sender's" true "$(transferred match)"
    expect_same "bytes" "$2" "$(transferred bytes)"
    mbps=$(transferred '| .bytes * 8 / .seconds / 1e6 | round')
    # The rate counts from the first byte: what a connection takes to begin shows in the seconds alone.
    echo "  $2 bytes to $1: $mbps Mb/s, $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }") s in all"
    ((mbps < $3)) || return 0
  done
  fail "$mbps Mb/s of a link of $LINK_MBPS Mb/s; at least $3 expected"
}

expect_faults() {
  local counter
  stop_impairing
  for counter in lost duplicated reordered; do
    expect "$counter by the network" "$(impaired "$counter")" '>' "$(($(impaired frames) / 100))"
  done
}

bad_network() {
  network
  impair "${BAD_NETWORK[@]}" --seed 11
  configure
  start_agents
  send_bytes "${V4[b]}" 50000000 $((LINK_MBPS / 3 + 1))
  expect "cells missed by b" "$(drops b cell_lost_on_the_way)" '>' 0
  expect_faults
}

bad_network_two_lanes() {
  network
  impair "${BAD_NETWORK[@]}" --corrupt 0.2 --replay 1 --seed 12
  LANES=2 configure
  start_agents
  # One connection has one lane: half the rate.
  send_bytes "${V4[b]}" 12000000 $((LINK_MBPS / 6))
  expect "cells replayed" "$(drops b cell_replayed)" '>' 0
  expect "cells not authentic" "$(drops b cell_not_authentic)" '>' 0
  expect_faults
}

bad_network_eight_lanes() {
  network
  impair "${BAD_NETWORK[@]}" --seed 13
  LANES=8 SLOT=${SLOT_OF_EIGHT_LANES:-} configure
  start_agents
  expect_same "lanes in the status" 8 "$(status a '.links[0].shape.lanes')"
  # One connection has one lane: an eighth of the rate.
  send_bytes "${V4[b]}" 3000000 $((LINK_MBPS / 24))
  expect_faults
}

answers() { in_space a ping -q -c 1 -W 1 "${V4[b]}" >/dev/null 2>&1; }
# What waited for a network that stood still is lost, all but a moment's, and does not come seconds later: links send for
# ever, so a network that is hardly faster than they would be late from then on.
network_that_stood_still() {
  local cable
  network
  impair
  configure
  start_agents
  cable=$(pgrep -P "$(<"$WORK/impair.pid")")
  kill -STOP "$cable"
  sleep 2
  kill -CONT "$cable"
  eventually 10 answers || fail "b does not answer once the network works again"
  stop_impairing
  expect "frames that waited too long" "$(impaired dropped_unseen)" '>' "$((LINK_MBPS * 100))"
}

ipv6_inside() {
  network
  connect
  configure
  start_agents
  send_bytes "${V6[b]}" 20000000 $((LINK_MBPS / 2))
}

ipv6_outside() {
  network
  connect
  UNDERLAY=6 configure
  start_agents
  expect_same "the cell's default size on IPv6" 1452 "$(status a '.links[0].shape.cell_bytes')"
  send_bytes "${V4[b]}" 10000000 $((LINK_MBPS / 2))
  send_bytes "${V6[b]}" 10000000 $((LINK_MBPS / 2))
}

jumbo_cells() {
  MTU=9000 network
  connect
  CELL=8972 configure
  start_agents
  send_bytes "${V4[b]}" 20000000 $((LINK_MBPS / 2))
}

run_case bad_network
run_case bad_network_two_lanes
run_case bad_network_eight_lanes
run_case network_that_stood_still
run_case ipv6_inside
run_case ipv6_outside
run_case jumbo_cells
finish
