#!/bin/bash
# No packet is delivered twice or altered, though the network duplicates, reorders, corrupts and replays cells.
# UDP with sequence numbers inside: nothing above the link removes duplicates.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

PPS=4000

# Both directions at once. Numbers in $WORK/{a,b}.json.
exchange() { # ADDRESS_OF_A ADDRESS_OF_B
  local receivers=() node
  for node in a b; do
    ip netns exec "$NET-$node" timeout 30 "$CUTTLE_TOOLS/sequence" receive >"$WORK/$node.json" &
    receivers+=($!)
  done
  sleep 0.3
  ip netns exec "$NET-a" timeout 30 "$CUTTLE_TOOLS/sequence" send --to "$2" --pps "$PPS" --seconds 3 >/dev/null &
  ip netns exec "$NET-b" timeout 30 "$CUTTLE_TOOLS/sequence" send --to "$1" --pps "$PPS" --seconds 3 >/dev/null
  wait "${receivers[@]}"
}

expect_each_once() { # NODE
  local found=$WORK/$1.json
  echo "  $1 received: $(<"$found")"
  expect_same "duplicates that $1 received" 0 "$(jq .duplicates "$found")"
  expect_same "altered packets that $1 received" 0 "$(jq .altered "$found")"
  expect "packets that $1 received of $((PPS * 3))" "$(jq .distinct "$found")" '>' $((PPS * 3 * 85 / 100))
}

expect_attacks_seen() {
  local counter
  stop_impairing
  for counter in lost duplicated reordered corrupted replayed; do
    expect "$counter by the network" "$(impaired "$counter")" '>' 100
  done
  expect "cells replayed" "$(drops b cell_replayed)" '>' "$(jq .ma.duplicated "$WORK/impair.json") / 2"
  expect "cells not authentic" "$(drops b cell_not_authentic)" '>' "$(jq .ma.corrupted "$WORK/impair.json") / 2"
}

hostile_network() { # LANES ADDRESS_OF_A ADDRESS_OF_B
  network
  impair --loss 2 --duplicate 2 --reorder 5 --corrupt 0.5 --replay 3 --seed 21
  RATE="60 Mb/s" LANES=$1 configure
  start_agents
  exchange "$2" "$3"
  expect_each_once a
  expect_each_once b
  expect_attacks_seen
}
one_lane() { hostile_network 1 "${V4[a]}" "${V4[b]}"; }
two_lanes_ipv6() { UNDERLAY=6 hostile_network 2 "${V6[a]}" "${V6[b]}"; }
# A flow has one lane, and so an eighth of the rate.
eight_lanes() { PPS=800 SLOT=${SLOT_OF_EIGHT_LANES:-} hostile_network 8 "${V4[a]}" "${V4[b]}"; }

run_case one_lane
run_case two_lanes_ipv6
run_case eight_lanes
finish
