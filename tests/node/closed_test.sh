#!/bin/bash
# Traffic to a peer goes through the link or nowhere: when the agent is killed, when its interface goes, even when
# its routing is lost. `cuttle down`, and nothing else, opens the way again, and leaves nothing behind.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=tests/node/silence.sh
source "$(dirname "${BASH_SOURCE[0]}")/silence.sh"
CELLS=$(cells_v4 1472 4410)

both_up() {
  local node
  network
  connect
  RATE="20 Mb/s" configure
  for node in a b; do machine_state "$node" >"$WORK/$node.before"; done
  start_agents
}

# One capture through all that can happen to an agent, while both nodes do nothing but talk to each other.
keep_talking() { # NODE, until the file $WORK/quiet is there
  local node=$1 address
  local addresses=("${V4[${OTHER[$1]}]}" "${V6[${OTHER[$1]}]}")
  for address in "${addresses[@]}"; do
    while [[ ! -e $WORK/quiet ]]; do
      in_space "$node" timeout 2 "$CUTTLE_TOOLS/sequence" send --to "$address" --pps 500 --seconds 1 || true
    done &
    while [[ ! -e $WORK/quiet ]]; do in_space "$node" ping -q -c 20 -i 0.05 -W 1 "$address" || true; done &
    while [[ ! -e $WORK/quiet ]]; do
      in_space "$node" timeout -k 1 1 "$CUTTLE_TOOLS/stream" send --to "$address" --seconds 1 || true
      sleep 0.05
    done &
    # Somebody without any privilege, past the routes; and, where there is one, a guest that the node routes for, in fragments too.
    while [[ ! -e $WORK/quiet ]]; do in_space "$node" "$CUTTLE_TOOLS/past" --interface u0 --to "$address" || true; done &
    [[ ! -e /run/netns/$NET-g$node ]] || while [[ ! -e $WORK/quiet ]]; do
      ip netns exec "$NET-g$node" timeout 2 "$CUTTLE_TOOLS/sequence" send --to "$address" --pps 100 --seconds 1 || true
      ip netns exec "$NET-g$node" "$CUTTLE_TOOLS/past" --interface eth0 --to "$address" || true
    done &
  done >/dev/null 2>&1
  wait
}
# Every packet from one node to the other that is no cell.
expect_only_cells() { # CAPTURE
  expect_same "packets to the nodes that are no cells" "" \
    "$(captured "$1" "($BETWEEN or $OF_GUESTS) and not $NEIGHBOURS and not $CELLS" | head -n 5)"
}
OF_GUESTS="((src net 10.98.0.0/16 or src net fd98::/16) and (host ${V4[a]} or host ${V4[b]} or host ${V6[a]} or host ${V6[b]}))"
# keep_opening NODE: takes away everything that others than us can, over and over, and more than they would.
keep_opening() {
  local family
  while [[ ! -e $WORK/quiet ]]; do
    in_space "$1" nft flush ruleset
    for family in -4 -6; do ip -n "$NET-$1" "$family" rule del pref 100 || true; done
    sleep 0.05
  done 2>/dev/null
}
# A guest that a node routes for, as for a container.
add_guest() { # NODE
  local guest=$NET-g$1 subnet=1
  [[ $1 == a ]] || subnet=2
  ip netns add "$guest"
  in_space "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  ip link add guest netns "$NET-$1" type veth peer name eth0 netns "$guest"
  ip -n "$NET-$1" addr add "10.98.$subnet.1/24" dev guest
  ip -n "$NET-$1" addr add "fd98:$subnet::1/64" dev guest nodad
  ip -n "$NET-$1" link set dev guest up
  ip -n "$guest" link set dev lo up
  ip -n "$guest" addr add "10.98.$subnet.2/24" dev eth0
  ip -n "$guest" addr add "fd98:$subnet::2/64" dev eth0 nodad
  ip -n "$guest" link set dev eth0 up
  ip -n "$guest" route add default via "10.98.$subnet.1"
  ip -n "$guest" -6 route add default via "fd98:$subnet::1"
}
with_the_lock_alone() {
  both_up
  for node in a b; do add_guest "$node"; done
  OPENED=yes everything_happens
}
through_everything() {
  both_up
  everything_happens
}
everything_happens() {
  local node talkers=() servers=() signal
  stop_agent a
  stop_agent b
  start_capture life ma 128
  for node in a b; do
    ip netns exec "$NET-$node" timeout 100 bash -c \
      "until [[ -e $WORK/quiet ]]; do timeout 30 $CUTTLE_TOOLS/stream serve || sleep 0.05; done" >/dev/null 2>&1 &
    servers+=($!)
    keep_talking "$node" &
    talkers+=($!)
    [[ -n ${OPENED:-} ]] || continue
    keep_opening "$node" &
    talkers+=($!)
  done
  sleep 1
  start_agents
  sleep 2
  # Killed, crashed, stopped: and each time back.
  for signal in KILL ABRT TERM; do
    stop_agent a "$signal"
    sleep 0.5
    start_agent a
    wait_up
    sleep 0.5
  done
  # The peer is lost, and comes back.
  stop_agent b KILL
  sleep 2
  start_agent b
  wait_up
  # Both are gone.
  stop_agent a KILL
  stop_agent b KILL
  sleep 1
  touch "$WORK/quiet"
  kill "${servers[@]}" || true
  wait "${talkers[@]}" || true
  stop_capture life
  expect "cells captured" "$(count_captured life "$CELLS")" '>' 5000
  expect_only_cells life
}

killed() {
  both_up
  stop_agent a KILL
  expect_silence "after SIGKILL"
  expect_nothing_past_the_link
  ip -n "$NET-a" link del dev ct-b
  in_space a nft flush ruleset
  expect_silence "with neither interface nor guard"
  expect_nothing_past_the_link
  start_agent a
  wait_up
  stop_agent a KILL
  ip -n "$NET-a" rule del pref 100
  ip -n "$NET-a" -6 rule del pref 100
  expect_silence "without the rules"
  # What comes up again closes everything again, and works.
  start_agent a
  wait_up
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "b does not answer after the restart"
  expect "packets that the guard kept from leaving" "$(status a .guard.unshaped_dropped_out)" '>' 0
}

past_the_link() {
  both_up
  expect_nothing_past_the_link
  expect "packets that the guard kept from leaving" "$(status a .guard.unshaped_dropped_out)" '>' 0
}

# A start that fails leaves closed what was, however little of it is left.
failed_restart() {
  local holder family
  both_up
  stop_agent a KILL
  eventually 10 lets_port_go a || fail "the agent that was killed still holds its port" # its other threads end later
  ip netns exec "$NET-a" timeout 60 "$CUTTLE_TOOLS/sequence" receive --port 4410 >/dev/null &
  holder=$!
  eventually 5 holds_port a || fail "the port is not taken"
  ip -n "$NET-a" -6 rule del pref 100
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" 2>"$WORK/failed" || fail "it starts without its port"
  grep -q 4410 "$WORK/failed" || fail "it says: $(<"$WORK/failed")"
  expect_silence "after a start that failed, with one rule gone"
  for family in -4 -6; do
    ip -n "$NET-a" "$family" rule del pref 100
    ip -n "$NET-a" "$family" route flush table 4410
  done
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" 2>"$WORK/failed" || fail "it starts without its port"
  kill "$holder"
  expect_silence "after a start that failed, with the guard alone"
}
lets_port_go() { ! holds_port "$1"; }
holds_port() { # NODE
  [[ -n $(in_space "$1" ss -Hlun "sport = :4410") ]]
}

# Somebody's `nft flush ruleset` opens the guard for seconds at most.
guard_flushed() {
  both_up
  in_space a nft flush ruleset
  expect_nothing_past_the_link # at once, while the guard may be away
  eventually 20 has_guard a || fail "the guard does not come back"
  expect_nothing_past_the_link
  # The table and its chains stay, but empty.
  in_space a nft flush table inet cuttle
  eventually 20 has_rules a || fail "the guard's rules do not come back"
  expect_nothing_past_the_link
}
has_rules() { # NODE
  in_space "$1" nft list table inet cuttle | grep -q "${V4[b]} : jump exit-ct-b"
}
has_guard() { # NODE
  in_space "$1" nft list table inet cuttle >/dev/null 2>&1
}

# What others do to rules, routes and interface of a running agent is put back, too: by then it works again.
routing_lost() {
  local family
  both_up
  sleep 3
  ! grep -q 'not as they should be' "$WORK/a.log" || fail "it misses something that nobody took"
  for family in -4 -6; do
    ip -n "$NET-a" "$family" rule del pref 100
    ip -n "$NET-a" "$family" route flush table 4410
  done
  eventually 20 routes_are_back || fail "rules and routes do not come back"
  eventually 10 grep -q 'rules, routes or interfaces of the links were not as they should be, and are again' "$WORK/a.log" || fail "it does not say so"
  expect_link_works "after rules and routes were lost"
  ip -n "$NET-a" link set dev ct-b down
  ip -n "$NET-a" link set dev ct-b up
  eventually 20 routes_are_back || fail "the routes do not come back after down and up"
  ip -n "$NET-a" link set dev ct-b down
  eventually 20 routes_are_back || fail "the interface does not come up again"
  ip -n "$NET-a" -6 rule del pref 100
  ip -n "$NET-a" route del blackhole "${V4[b]}" table 4410
  eventually 20 routes_are_back || fail "one rule and one blackhole do not come back"
  expect_link_works "in the end"
  # What cannot be put back is said once, and is no end.
  ip -n "$NET-a" link del dev ct-b
  eventually 20 grep -q 'cannot be put back' "$WORK/a.log" || fail "it does not say that the interface is gone"
  sleep 5
  expect_same "how often it says so" 1 "$(grep -c 'cannot be put back' "$WORK/a.log")"
  expect_silence "without the interface, under a running agent"
}
routes_are_back() {
  local family
  for family in -4 -6; do
    [[ $(ip -n "$NET-a" "$family" rule show pref 100) == *"not from all fwmark 0x10c0 lookup 4410"* ]] || return 1
    [[ $(ip -n "$NET-a" "$family" route show table 4410 | grep -c 'dev ct-b\|blackhole') == 2 ]] || return 1
  done
}
# b has no Cuttle any more, a still has: what b sends in the clear is not accepted.
unshaped_from_the_peer() {
  local address
  both_up
  stop_agent b
  take_down b
  for address in "${V4[a]}" "${V6[a]}"; do
    ip netns exec "$NET-a" timeout 20 "$CUTTLE_TOOLS/sequence" receive --wait-ms 2000 >"$WORK/received" &
    sleep 0.3
    in_space b timeout 10 "$CUTTLE_TOOLS/sequence" send --to "$address" --pps 20 --seconds 1 >/dev/null
    wait $!
    expect_same "unshaped packets that a took" 0 "$(jq .received "$WORK/received")"
  done
  expect "packets that the guard kept out" "$(status a .guard.unshaped_dropped_in)" '>=' 40
}

down() {
  local node
  both_up
  # Not under a running agent: it says so, and goes on.
  ! take_down a 2>"$WORK/refused" || fail "down took the interfaces away from a running agent"
  grep -q 'agent of node a is running.*stop it first' "$WORK/refused" || fail "down says: $(<"$WORK/refused")"
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "down disturbed a running agent"
  slow_agent
  for node in a b; do
    stop_agent "$node"
    take_down "$node"
    expect_as_before "$node"
    [[ ! -e $WORK/$node.sock ]] || fail "the control socket of $node is still there"
  done
  transfer "${V4[b]}" --bytes 1000000
  transfer "${V6[b]}" --bytes 1000000
  # Once more is no error, and after a kill all goes as well.
  take_down a
  start_agents
  stop_agent a KILL
  take_down a
  expect_as_before a
}

# One that does not answer in time is there all the same.
slow_agent() {
  local before status=0
  before=$(machine_state a)
  kill -STOP "$(<"$WORK/a.pid")"
  take_down a 2>"$WORK/refused" || status=$?
  kill -CONT "$(<"$WORK/a.pid")"
  expect_same "the exit status of down under a slow agent" 1 "$status"
  grep -q 'agent of node a is running.*does not answer.*stop it first' "$WORK/refused" || fail "down says: $(<"$WORK/refused")"
  expect_same "the machine afterwards" "$before" "$(machine_state a)"
}

# Under a file that has changed since, too.
down_with_another_file() {
  both_up
  stop_agent a
  sed -i 's/^\[shape\]/firewall_mark = 77\nroute_table = 5000\n&/' "$WORK/a.toml"
  take_down a
  expect_as_before a
}

run_case through_everything
run_case with_the_lock_alone
run_case killed
run_case past_the_link
run_case failed_restart
run_case guard_flushed
run_case routing_lost
run_case unshaped_from_the_peer
run_case down
run_case down_with_another_file
finish
