#!/bin/bash
# Five agents that relay for each other: links of half the rate that a mesh without relays needs carry the matrices
# that those of no relays do not; one killed costs the others little, and for a moment; an end that takes no part is
# left alone. Takes minutes; so not among the tests of ./run test: ctest --test-dir build/release -R node_relay, as root.
# MATRICES: how many (a hundred: some eight minutes). LINK_PERCENT, R_MBPS: see below.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
NODES=5
R_MBPS=${R_MBPS:-8} # that a host may send or receive
LINK_PERCENT=${LINK_PERCENT:-50} # of that, that a link carries: five nodes need 40 in theory

clean_up_nodes() {
  local i pid space
  for ((i = 0; i < NODES; ++i)); do
    space=$NET-n$i
    [[ -e /run/netns/$space ]] || continue
    for pid in $(ip netns pids "$space"); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns del "$space"
  done
}
trap 'clean_up_nodes; clean_up' EXIT

address_of() { echo "10.97.0.$(($1 + 1))"; }

# mesh RELAY [LAST]: a bridge, five hosts, five agents; RELAY are lines of the configuration of all, LAST of n4.
mesh() {
  local i j lines link_kbps=$((R_MBPS * 10 * LINK_PERCENT * 105 / 100)) # cells have headers
  clean_up_nodes
  network
  connect
  for ((i = 0; i < NODES; ++i)); do
    "$CUTTLE" genkey >"$WORK/n$i.key"
    ip netns add "$NET-n$i"
    ip -n "$NET-n$i" link set dev lo up
    ip link add u0 netns "$NET-n$i" type veth peer name "mn$i" netns "$NET-m"
    in_space "n$i" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.u0.rp_filter=0
    ip -n "$NET-n$i" addr add "$(address_of "$i")/24" dev u0
    ip -n "$NET-n$i" link set dev u0 up
    ip -n "$NET-m" link set dev "mn$i" master br0
    ip -n "$NET-m" link set dev "mn$i" up
  done
  for ((i = 0; i < NODES; ++i)); do
    lines=$1
    ((i < NODES - 1)) || lines=${2-$1}
    {
      printf '[node]\nname = "n%s"\nprivate_key_file = "%s"\nlisten = "%s:4410"\ncontrol_socket = "%s"\n' \
        "$i" "$WORK/n$i.key" "$(address_of "$i")" "$WORK/n$i.sock"
      printf '[shape]\nrate = "%s kb/s"\nslot = "6 ms"\n%b\n' "$link_kbps" "$lines"
      for ((j = 0; j < NODES; ++j)); do
        ((i != j)) || continue
        printf '[[peer]]\nname = "n%s"\npublic_key = "%s"\nendpoint = "%s:4410"\nredirect = ["%s"]\n' \
          "$j" "$("$CUTTLE" pubkey <"$WORK/n$j.key")" "$(address_of "$j")" "$(address_of "$j")"
      done
    } >"$WORK/n$i.toml"
    start_agent "n$i"
  done
  for ((i = 0; i < NODES; ++i)); do
    eventually 40 all_up "n$i" || fail "n$i: $(status "n$i" '.links[] | .state') $(tail -n 5 "$WORK/n$i.log")"
  done
}
all_up() { # NODE
  [[ $(status "$1" '[.links[] | select(.state == "up")] | length') == $((NODES - 1)) ]]
}
all_take_part() { # NODE
  [[ $(status "$1" '[.links[] | select(.relay.peer_takes_part)] | length') == $((NODES - 1)) ]]
}
carried() { # COUNT [KILL...]
  WORK=$WORK CUTTLE=$CUTTLE timeout 900 python3 "$CUTTLE_ROOT/tests/node/relay_matrices.py" run "$NET" "$NODES" "$1" "$((R_MBPS * 1000000))" "${@:2}"
}
relayed() {
  local i
  for ((i = 0; i < NODES; ++i)); do status "n$i" '[.links[].relay.sent_by_relays] | add'; done | jq -s add
}
wrong() { # CAUSE
  local i
  for ((i = 0; i < NODES; ++i)); do status "n$i" "[.links[].drops.$1] | add"; done | jq -s add
}

half_the_rate_carries_every_matrix() {
  local i cause
  mesh '[relay]\nenabled = true'
  for ((i = 0; i < NODES; ++i)); do
    eventually 10 all_take_part "n$i" || fail "n$i knows of no relays: $(status "n$i" '.links[].relay')"
  done
  carried "${MATRICES:-8}" >"$WORK/carried"
  echo "  the worst: $(jq .worst "$WORK/carried"); $(relayed) packets by relays"
  expect "carried of the worst matrix" "$(jq .worst "$WORK/carried")" '>=' 0.97
  expect "packets by relays" "$(relayed)" '>' 1000
  for cause in relay_altered relay_repeated relay_not_its_own relay_malformed; do
    expect "$cause" "$(wrong "$cause")" == 0
  done
  "$CUTTLE" status --socket "$WORK/n0.sock" | grep -q 'relay n1: .* packets to it by relays' || fail "status"
}

without_relays_it_does_not() {
  mesh ''
  carried 1 >"$WORK/carried"
  echo "  $(jq .worst "$WORK/carried")"
  expect "carried of the hardest matrix" "$(jq .worst "$WORK/carried")" '<' 0.65
  expect_same "relays in the status" "" "$(status n0 '.links[] | .relay | select(. != null)')"
}

a_node_killed_costs_the_others_little() {
  # Four that are left cannot do with half: what is relayed has headers of its own.
  LINK_PERCENT=60 mesh '[relay]\nenabled = true'
  sleep 1
  carried 1 "$(<"$WORK/n4.pid")" 1 4 >"$WORK/carried"
  echo "  of what the others send, by half seconds from one before it: $(jq -c .by_half_second "$WORK/carried")"
  # A third of what a pair relays, 0.4 of what it sends, goes over one of three.
  expect "in the second after it" "$(jq '(.by_half_second[1] + .by_half_second[2]) / 2' "$WORK/carried")" '>=' 0.86
  expect "three seconds after it" "$(jq '[.by_half_second[7:][]] | min' "$WORK/carried")" '>=' 0.97
}

who_takes_no_part_is_left_alone() {
  local i
  mesh '[relay]\nenabled = true' ''
  for ((i = 0; i < NODES - 1; ++i)); do
    eventually 10 others_take_part "n$i" || fail "n$i: $(status "n$i" '.links[].relay')"
  done
  in_space n0 ping -c 3 -i 0.2 -W 2 "$(address_of 4)" >/dev/null || fail "no answer from n4"
  expect_same "what n4 says of relays" "" "$(status n4 '.links[] | .relay | select(. != null)')"
  "$CUTTLE" status --socket "$WORK/n0.sock" | grep -q 'relay n4: TAKES NO PART' || fail "status"
  in_space n0 timeout 30 "$CUTTLE" doctor --config "$WORK/n0.toml" --no-probe >"$WORK/doctor" 2>&1 || true
  grep -q 'relay n4: takes no part' "$WORK/doctor" || fail "doctor: $(cat "$WORK/doctor")"
  ! grep -q 'relay n1' "$WORK/doctor" || fail "doctor: $(cat "$WORK/doctor")"
}
others_take_part() { # NODE
  [[ $(status "$1" '[.links[] | select(.name != "n4") | .relay.peer_takes_part] | all') == true ]]
}

run_case half_the_rate_carries_every_matrix
run_case without_relays_it_does_not
run_case who_takes_no_part_is_left_alone
run_case a_node_killed_costs_the_others_little
finish
