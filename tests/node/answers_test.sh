#!/bin/bash
# Where a peer's endpoint is none of its redirected addresses, nothing answers its cells in the clear while the agent is
# gone: no ICMP error says so, and how often.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

no_answer_to_cells() { # UNDERLAY
  local -A inside=([4]="${V6[a]} ${V6[b]}" [6]="${V4[a]} ${V4[b]}") own=([4]="${V4[a]}" [6]="${V6[a]}")
  local -A errors=([4]='icmp[icmptype] == icmp-unreach' [6]='icmp6 and ip6[40] == 1')
  local node
  network
  connect
  UNDERLAY=$1 CELL=1452 RATE="20 Mb/s" configure
  for node in a b; do
    # shellcheck disable=SC2086  # two words
    set -- "$1" ${inside[$1]}
    [[ $node == a ]] || set -- "$1" "$3" "$2"
    sed -i "s|^redirect = .*|redirect = [\"$3\"]|" "$WORK/$node.toml"
  done
  start_agents
  stop_agent a KILL
  start_capture answers ma
  sleep 1.5
  stop_agent b KILL
  sleep 1.2 # the kernel answers an address once a second
  # Another port's answer is none of our business.
  for _ in 1 2 3; do
    in_space b bash -c "echo x >/dev/udp/${own[$1]}/9" || true
    sleep 0.5
  done
  stop_capture answers
  expect "cells that came meanwhile" "$(count_captured answers "udp dst port 4410")" '>' 500
  expect "answers to another port" "$(count_captured answers "${errors[$1]}")" '>=' 1
  expect_same "ICMP errors about cells" "" \
    "$(captured answers "${errors[$1]}" | grep -E '4410|length (1[0-9]{3}|5[0-9]{2})' | head -n 3)"
}

run_case no_answer_to_cells 4
run_case no_answer_to_cells 6
finish
