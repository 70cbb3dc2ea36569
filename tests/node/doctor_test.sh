#!/bin/bash
# `cuttle doctor` where no agent runs yet: a real handshake with each peer, and what it makes of the ways it can fail.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# expect_said PATTERN: of the doctor at a, about b.
expect_said() {
  in_space a timeout 30 "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor.out" 2>&1 || true
  grep -Eq -- "$1" "$WORK/doctor.out" || fail "the doctor does not say '$1': $(<"$WORK/doctor.out")"
  echo "  $(grep -E -- "$1" "$WORK/doctor.out" | head -n 1)"
}

b_alone() {
  network
  connect
  RATE="20 Mb/s" configure
  start_agent b
  eventually 20 status b .node >/dev/null || fail "b does not start: $(<"$WORK/b.log")"
}

all_is_well() {
  b_alone
  expect_said '^ok +peer b answers: cells of 1472 bytes get through both ways, keys agree'
  start_agent a
  wait_up
  expect_said '^ok +link b: up; cells of 1472 bytes'
}

other_rate() {
  b_alone
  RATE="10 Mb/s" write_config a
  expect_said 'it sends at 20 Mb/s, this node at 10 Mb/s'
}

who_cuts_trains() {
  b_alone
  in_space a ethtool -K u0 tx on tx-udp-segmentation on >/dev/null
  expect_said '^ok +u0 is no card and passes trains of cells on whole'
  in_space a ethtool -K u0 tx-udp-segmentation off >/dev/null
  expect_said '^\?\? +the kernel cuts trains of cells before u0: the gaps inside a train show'
}

# Which of the two it is depends on whose key is smaller: that one speaks first.
other_cell() {
  b_alone
  CELL=1000 write_config a
  expect_said '^(BAD|\?\?) +peer b at .*: (its cells have another size than 1000 bytes|no answer)'
}

other_key() {
  b_alone
  "$CUTTLE" genkey | "$CUTTLE" pubkey >"$WORK/b.pub"
  write_config a
  expect_said '^(BAD|\?\?) +peer b at .*: (it answers, but not with the keys|no answer)'
}

# While b is joining, its guard lets a's echoes in; later a link is up, and shows the path by itself.
path_too_small() {
  JOINING=true b_alone
  ip -n "$NET-m" link set dev ma mtu 1300
  expect_said '^BAD +peer b at .*: no answer; it answers small echoes, but none as large as a cell of 1472 bytes'
}

# What stands beside the node and its guard.
devices() {
  b_alone # which answers: the doctor waits for nobody
  expect_said '^ok +no guests are seen beside this node'
  ip -n "$NET-a" link add mac0 link u0 type macvlan mode bridge
  expect_said '^[?]{2} +mac0 is a macvlan'
  ip -n "$NET-a" link del mac0
  start_agent a
  eventually 20 status a .node >/dev/null || fail "a does not start: $(<"$WORK/a.log")"
  expect_said '^ok +the lock is at the egress of all devices'
  stop_agent a
  tc -n "$NET-a" qdisc del dev u0 clsact
  expect_said '^BAD +the lock is missing at the egress of u0'
  in_space a timeout 20 "$CUTTLE" close --config "$WORK/a.toml"
  expect_said '^ok +the lock is at the egress of all devices'
  tc -n "$NET-a" filter add dev u0 egress pref 5 bpf bytecode '1,6 0 0 0'
  expect_said "^[?]{2} +a filter of somebody's"
}

nobody_there() {
  network
  connect
  RATE="20 Mb/s" configure
  # The kernel limits how often it says that nobody listens.
  expect_said '^(BAD|[?]{2}) +peer b at .*: (the way there answers with ICMP errors|no answer)'
}

strict_filter() {
  network
  connect
  RATE="20 Mb/s" configure
  in_space a sysctl -qw net.ipv4.conf.u0.rp_filter=1
  expect_said '^BAD +.*reverse-path filtering on u0 is strict'
}

run_case all_is_well
run_case other_rate
run_case other_cell
run_case other_key
run_case path_too_small
run_case devices
run_case nobody_there
run_case strict_filter
run_case who_cuts_trains
finish
