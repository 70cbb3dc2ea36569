#!/bin/bash
# A link that carries certain ports only (`ports`): what comes from or goes to these goes through the link or nowhere,
# in both directions; everything else goes on as if there were no link.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
CELLS=$(cells_v4 1472 4410)
CARRIED="(port 7008 or portrange 7100-7200)"

set_ports() { # NODE LIST
  sed -i '/^ports = /d' "$WORK/$1.toml"
  [[ -z $2 ]] || sed -i "s/^lanes = /ports = $2\n&/" "$WORK/$1.toml"
}
both_up() {
  local node
  network
  connect
  RATE="20 Mb/s" configure
  for node in a b; do
    machine_state "$node" >"$WORK/$node.before"
    set_ports "$node" '["7008", "tcp 7100-7200", "udp 7100-7200"]'
  done
  start_agents
}
ping_b() { in_space a timeout 10 ping -q -c 3 -i 0.1 -W 1 "$1" >/dev/null; }

# tcp_answers NODE ADDRESS PORT [SOURCE_PORT]: whether somebody there takes or refuses the connection; both are
# packets that came back.
tcp_answers() {
  in_space "$1" timeout 5 "$CUTTLE_TOOLS/knock" --to "$2" --port "$3" --from-port "${4:-0}" --wait-ms 700
}

# No TCP or UDP of the carried ports between the nodes outside the cells.
expect_none_in_the_clear() { # CAPTURE
  expect_same "packets of carried ports in the clear" "" \
    "$(captured "$1" "$BETWEEN and not $CELLS and $CARRIED" | head -n 5)"
}

carried_and_not() {
  both_up
  start_capture wire ma
  transfer "${V4[b]}" --bytes 1000000
  transfer "${V6[b]}" --bytes 1000000
  tcp_answers a "${V4[b]}" 7150 || fail "nobody answers at a carried port"
  tcp_answers a "${V4[b]}" 9000 7150 || fail "nobody answers a carried source port"
  tcp_answers b "${V4[a]}" 7150 || fail "nobody answers at a carried port of a"
  ping_b "${V4[b]}" || fail "ping does not pass by the link"
  ping_b "${V6[b]}" || fail "ping of IPv6 does not pass by the link"
  tcp_answers a "${V4[b]}" 9000 || fail "another port does not answer"
  stop_capture wire
  expect_none_in_the_clear wire
  expect "pings in the clear" "$(count_captured wire "$BETWEEN and (icmp or icmp6)")" '>=' 12
  expect "packets of port 9000 in the clear" "$(count_captured wire "$BETWEEN and tcp port 9000")" '>=' 2
  expect "packets through the link" "$(status a '.links[0].packets.sent')" '>' 20
}

# What would be carried stops with the agent, even when somebody goes past the routes; the rest goes on.
killed() {
  both_up
  stop_agent a KILL
  start_capture wire ma
  ! tcp_answers a "${V4[b]}" 7008 || fail "b answers"
  ! tcp_answers a "${V6[b]}" 7150 || fail "b answers over IPv6"
  ! tcp_answers a "${V4[b]}" 9000 7150 || fail "b answers a carried source port"
  ip -n "$NET-a" link del dev ct-b
  ! tcp_answers a "${V4[b]}" 7008 || fail "b answers without the interface"
  in_space a timeout 5 "$CUTTLE_TOOLS/sequence" send --to "${V4[b]}" --port 7170 --pps 20 --seconds 1 >/dev/null 2>&1 || true
  for family in -4 -6; do
    while ip -n "$NET-a" "$family" rule del pref 101 2>/dev/null; do :; done
  done
  ! tcp_answers a "${V4[b]}" 7008 || fail "b answers without the rules"
  ! tcp_answers a "${V6[b]}" 7150 || fail "b answers without the rules over IPv6"
  ping_b "${V4[b]}" || fail "ping stops with the agent"
  tcp_answers a "${V4[b]}" 9000 || fail "another port stops with the agent"
  stop_capture wire
  expect_none_in_the_clear wire
}

# b has no Cuttle any more: what it sends from or to carried ports in the clear, a does not take, nor answer.
unshaped_from_the_peer() {
  both_up
  stop_agent b
  take_down b
  expect_same "the machine of b after down" "$(<"$WORK/b.before")" "$(machine_state b)"
  ! tcp_answers b "${V4[a]}" 7150 || fail "a answers at a carried port"
  ! tcp_answers b "${V4[a]}" 9000 7150 || fail "a answers a carried source port"
  expect "packets that the guard kept out" "$(status a .guard.unshaped_dropped_in)" '>=' 2
  tcp_answers b "${V4[a]}" 9000 || fail "a does not answer at another port"
}

# The list changes with a restart, without a gap for what was carried and still is.
list_changed() {
  both_up
  stop_agent a
  stop_agent b
  set_ports a '["7008"]'
  set_ports b '["7008"]'
  start_agents
  start_capture wire ma
  tcp_answers a "${V4[b]}" 7150 || fail "a port that is carried no more does not answer"
  transfer "${V4[b]}" --bytes 100000
  stop_capture wire
  expect_same "carried packets in the clear" "" "$(captured wire "$BETWEEN and port 7008 and not $CELLS" | head -n 3)"
  stop_agent a
  stop_agent b
  set_ports a ''
  set_ports b ''
  start_agents
  ping_b "${V4[b]}" || fail "b does not answer through the link"
  stop_agent a
  ! ping_b "${V4[b]}" || fail "ping passes by a link that carries everything"
  take_down a
  expect_same "the machine of a after down" "$(<"$WORK/a.before")" "$(machine_state a)"
}

for case in carried_and_not killed unshaped_from_the_peer list_changed; do run_case "$case"; done
finish
