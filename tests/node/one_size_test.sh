#!/bin/bash
# Every packet between the nodes is a cell: same size, same headers, from the handshake to the end, whatever the
# nodes do; and there are as many a second when idle as when busy.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
CELL_HANDSHAKE='udp[8:4] = 0'

ping_b() { # ADDRESS
  in_space a timeout 10 ping -q -c 20 -i 0.02 -W 2 "$1" >/dev/null || fail "no answer to a ping of $1"
}

# The packets that each node sent in whole seconds: "SECOND a_SENT b_SENT" lines.
per_second() { # CAPTURE FROM UNTIL
  captured "$1" udp | awk -v from="$2" -v until="$3" -v a="IP ${V4[a]}." '
    $1 >= from && $1 < until { if (index($0, a)) sent_a[int($1)]++; else sent_b[int($1)]++ }
    END { for (s = from; s < until; s++) print s, sent_a[s] + 0, sent_b[s] + 0 }'
}

# A span of seconds: how many a second each node sends on average, as "a_PPS b_PPS".
mean_pps() { # CAPTURE FROM UNTIL
  per_second "$@" | awk '{ a += $2; b += $3 } END { print a / NR, b / NR }'
}

whole_second() { # waits for the next one, and says which
  local second=${EPOCHREALTIME%.*}
  while [[ ${EPOCHREALTIME%.*} == "$second" ]]; do sleep 0.01; done
  echo "${EPOCHREALTIME%.*}"
}

# is_steady CAPTURE IDLE_FROM BUSY_FROM: spans of three seconds.
is_steady() {
  local idle busy
  read -ra idle <<<"$(mean_pps "$1" "$2" $(($2 + 3)))"
  read -ra busy <<<"$(mean_pps "$1" "$3" $(($3 + 3)))"
  echo "  packets a second idle and busy: a ${idle[0]} and ${busy[0]}, b ${idle[1]} and ${busy[1]}"
  awk "BEGIN { exit !(${busy[0]} / ${idle[0]} > 0.99 && ${busy[0]} / ${idle[0]} < 1.01 &&
                      ${busy[1]} / ${idle[1]} > 0.99 && ${busy[1]} / ${idle[1]} < 1.01) }"
}

life_of_two_agents() { # UNDERLAY CELL
  local cells both_up foreign node
  cells=$("cells_v$1" "$2" 4410)
  network
  connect
  RATE="60 Mb/s" UNDERLAY=$1 configure
  # As at boot: until its own start has closed a node, it would answer the other's first cells in the clear.
  for node in a b; do in_space "$node" "$CUTTLE" close --config "$WORK/$node.toml"; done
  start_capture all ma 128
  start_agent a
  start_agent b
  both_up=$EPOCHREALTIME
  wait_up
  ping_b "${V4[b]}"
  ping_b "${V6[b]}"
  transfer "${V4[b]}" --bytes 4000000
  stop_agent a
  ! in_space a timeout 10 ping -q -c 5 -i 0.1 -W 1 "${V6[b]}" >/dev/null || fail "b answers, a's agent stopped"
  start_agent a
  wait_up
  transfer "${V6[b]}" --bytes 4000000
  stop_agent b KILL
  ! in_space a timeout 10 ping -q -c 5 -i 0.1 -W 1 "${V4[b]}" >/dev/null || fail "b answers, its agent dead"
  start_agent b
  wait_up
  stop_agent a
  stop_agent b
  stop_capture all
  expect "cells captured" "$(count_captured all "$cells")" '>' 10000
  # Until b's agent is up, its kernel may say that nothing listens there yet.
  foreign=$(captured all "$BETWEEN and not $cells and not $NEIGHBOURS" |
    awk -v up="$both_up" '!($1 < up && /unreachable/)')
  expect_same "packets between the nodes that are no cells of $2 bytes" "" "$(head -n 5 <<<"$foreign")"
}

ipv4() {
  life_of_two_agents 4 1472
  # The handshakes were seen: three sessions, an initiation and an answer each, at least.
  expect "handshakes among the cells" "$(count_captured all "$CELL_HANDSHAKE")" '>=' 6
}
ipv6() { life_of_two_agents 6 1452; }

constant_rate() {
  local idle busy load try
  network
  connect
  RATE="60 Mb/s" configure
  start_agents
  # Slots that a machine busy with other things misses are never made up: hence three tries.
  for try in 1 2 3; do
    start_capture "rate$try" ma 64
    idle=$(whole_second)
    sleep 3
    ip netns exec "$NET-a" timeout 20 "$CUTTLE_TOOLS/sequence" send --to "${V4[b]}" --pps 20000 --seconds 5 \
      >/dev/null &
    load=$!
    busy=$(whole_second)
    sleep 3
    wait "$load"
    stop_capture "rate$try"
    ! is_steady "rate$try" "$idle" "$busy" || return 0
  done
  fail "idle and busy differ by more than 1 %"
}

run_case ipv4
run_case ipv6
run_case constant_rate
finish
