#!/bin/bash
# Asked for far more than the host has: the link comes up and stays up, and whoever has to work for it gets their share.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

gives_way() {
  local answered
  network
  connect
  RATE="40 Gb/s" SLOT="200 us" configure
  start_agent a
  start_agent b
  wait_up
  answered=$(in_space a timeout 60 ping -q -c 200 -i 0.02 -W 2 "${V4[b]}" | awk '/received/ { print $4 }')
  expect "answers to 200 pings, one at a time" "$answered" '>=' 190
  ip netns exec "$NET-b" timeout 120 "$CUTTLE_TOOLS/stream" serve >/dev/null 2>"$WORK/serve.log" &
  eventually 5 listens_on_tcp b 7008 || fail "stream serve does not listen: $(<"$WORK/serve.log")"
  in_space a timeout 100 "$CUTTLE_TOOLS/stream" send --to "${V4[b]}" --bytes 50000000 >"$WORK/transfer.json" 2>&1 ||
    fail "the transfer: $(<"$WORK/transfer.json")"
  expect "cells that b left out" "$(status b '.links[0].deadlines_missed')" '>' 0
  expect_same "state of a's link" up "$(status a '.links[0].state')"
  expect "handshakes of a" "$(status a '.links[0].handshakes')" '<=' 3
}

run_case gives_way
finish
