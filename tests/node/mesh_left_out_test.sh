#!/bin/bash
# A link that the mesh names and that cannot be had, because a neighbour on the machine has its port, say: it keeps no
# agent from starting or reloading, is shown, does not stay open, and comes when it is tried again.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# mesh_of_a [LIMIT]: a has no peers but the mesh's.
mesh_of_a() {
  network
  connect
  RATE="20 Mb/s" configure
  sed -i '/^\[\[peer\]\]/,$d' "$WORK/a.toml"
  printf '[mesh]\npeers = "%s"\n%s\n' "$WORK/peers.toml" "${1:+joining_limit = \"$1\"}" >>"$WORK/a.toml"
}
# peers_are NAME...: of the mesh's file. b has LANES_OF_B lanes (2), c one, at an address that nobody has.
peers_are() {
  local name
  echo 'closed = []' >"$WORK/peers.toml"
  for name; do
    printf '[[peer]]\nname = "%s"\npublic_key = "%s"\n' "$name" "$("$CUTTLE" genkey | "$CUTTLE" pubkey)"
    case $name in
      b) printf 'endpoint = "%s:4410"\nredirect = ["%s"]\nlanes = %s\njoining = true\n' "${V4[b]}" "${V4[b]}" "${LANES_OF_B:-2}" ;;
      c) printf 'endpoint = "10.99.0.7:4410"\nredirect = ["10.99.0.7"]\n' ;;
    esac
  done >>"$WORK/peers.toml"
}
# hold_port PORT: of a's address, as any program may.
hold_port() {
  ip netns exec "$NET-a" timeout 120 python3 -c 'import socket, sys, time
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.bind((sys.argv[1], int(sys.argv[2])))
time.sleep(120)' "${V4[a]}" "$1" &
  HOLDER=$!
  disown
  eventually 10 is_held "$1" || fail "nobody holds port $1"
}
is_held() { [[ -n $(in_space a ss -Hlun "sport = :$1") ]]; }
state_of() { status a ".links[] | select(.name == \"$1\") | .state"; }
is_open() { [[ $(status a '.links[] | select(.name == "b") | .open') == true ]]; }
is_closed() { [[ $(status a '.links[] | select(.name == "b") | .open') == false ]]; }
answers() { in_space a timeout 10 ping -q -c 2 -i 0.05 -W 1 "${V4[b]}" >/dev/null; }

a_neighbour_has_the_port() {
  mesh_of_a "8 s"
  peers_are b c
  hold_port 4411
  start_agent a
  eventually 20 is_open || fail "the agent does not start, or does not show the link that it left out"
  expect_same "the link that cannot be had" failed "$(state_of b)"
  expect_same "the other" connecting "$(state_of c)"
  answers || fail "b does not answer beside its link, which joins"
  eventually 20 is_closed || fail "b is still open: $(status a '.links[0]')"
  ! answers || fail "b answers in the clear after joining_limit"
  eventually 20 is_guarded || fail "neither guard nor lock close it"
  # What does not need that port goes on: c is revoked.
  peers_are b
  ! reload a || fail "the reload does not say that b has no link"
  grep -q 'removed c' "$WORK/a.reload" || fail "the reload does not say what is in force: $(<"$WORK/a.reload")"
  expect_same "links after c is gone" "b" "$(status a '.links[].name')"
  ! reload a || fail "the reload does not say that b has no link"
  end_process TERM "$HOLDER"
  eventually 10 is_free 4411 || fail "the port is still held"
  reload a || fail "b cannot be had, though its port is free: $(<"$WORK/a.reload")"
  expect_same "the link when the port is free" connecting "$(state_of b)"
  is_closed || fail "b is open again"
}
is_free() { ! is_held "$1"; }
is_guarded() { in_space a nft list table inet cuttle | grep -q "${V4[b]} : jump exit"; }

# In a mesh the first port is held before anybody is named.
nobody_takes_the_first_port() {
  mesh_of_a
  peers_are
  start_agent a
  eventually 20 is_held 4410 || fail "the port is not held"
}

# It had one lane, with an interface, and is to have two, for which there is no port: its time ends as any other's.
its_interface_goes_when_lanes_come() {
  mesh_of_a "8 s"
  LANES_OF_B=1 peers_are b
  hold_port 4411
  start_agent a
  eventually 20 is_open || fail "a does not say that its link is open"
  expect_same "the link of one lane" connecting "$(state_of b)"
  LANES_OF_B=2 peers_are b
  ! reload a || fail "the reload does not say that b has no link"
  expect_same "the link of two lanes" failed "$(state_of b)"
  is_open || fail "b is closed before its time: $(<"$WORK/a.log")"
  eventually 20 is_closed || fail "b is still open: $(status a '.links[0]')"
  ! answers || fail "b answers in the clear after joining_limit"
}

# Somebody deletes it.
its_interface_is_deleted() {
  mesh_of_a "6 s"
  LANES_OF_B=1 peers_are b
  start_agent a
  eventually 20 is_open || fail "a does not say that its link is open"
  ip -n "$NET-a" link del ct-b
  eventually 20 is_closed || fail "b is still open: $(status a '.links[0]')"
  ! answers || fail "b answers in the clear after joining_limit"
  eventually 10 grep -q 'cannot be put back: interface ct-b' "$WORK/a.log" || fail "nobody misses the interface"
}

# What it never had is not missed, so that what somebody takes away is.
nobody_misses_its_interface() {
  mesh_of_a
  peers_are b c
  sed -i '/joining/d' "$WORK/peers.toml"
  hold_port 4411
  start_agent a
  eventually 20 has_state connecting c || fail "the agent does not start"
  expect_same "the link that cannot be had" failed "$(state_of b)"
  sleep 2.5 # it is looked at whether all is whole
  in_space a timeout 5 ip monitor route >"$WORK/monitor" || true
  expect_same "routes of a machine that nobody changes" "" "$(grep 'table 4410' "$WORK/monitor" || true)"
  ! grep -q 'cannot be put back' "$WORK/a.log" || fail "what nobody took away is missed"
  ip -n "$NET-a" route flush table 4410
  eventually 10 grep -q 'were not as they should be, and are again' "$WORK/a.log" || fail "that routes were gone is not said"
  expect_same "the way to b" "blackhole ${V4[b]}" \
    "$(ip -n "$NET-a" route show table 4410 | awk -v b="${V4[b]}" '$2 == b {print $1, $2}')"
}
has_state() { [[ $(state_of "$2") == "$1" ]]; }

run_case a_neighbour_has_the_port
run_case its_interface_goes_when_lanes_come
run_case its_interface_is_deleted
run_case nobody_misses_its_interface
run_case nobody_takes_the_first_port
finish
