#!/bin/bash
# Whatever anybody sends to a node's port is dropped, counted by its cause, and does no harm. The attacker sits on
# the network, has recorded everything from the beginning, and can write any source address.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
COUNT=200

# Jumbo frames fit, so that datagrams larger than a cell arrive whole.
recorded_link() {
  MTU=9000 network
  connect
  RATE="20 Mb/s" CELL=1472 configure
  start_capture recorded ma
  start_agents
  sleep 1
  stop_capture recorded any
  snapshot before
}

# All counters of b, as "CAUSE COUNT" lines.
snapshot() { # NAME
  status b '(.links[0].drops + .guard) | to_entries[] | "\(.key) \(.value)"' >"$WORK/$1.counters"
}
# increase CAUSE...: of all these together, since the snapshot `before`.
increase() {
  local cause sum=0
  snapshot after
  for cause in "$@"; do
    sum=$((sum + $(counter after "$cause") - $(counter before "$cause")))
  done
  echo "$sum"
}
counter() { # SNAPSHOT CAUSE
  awk -v cause="$2" '$1 == cause { print $2; found = 1 } END { exit !found }' "$WORK/$1.counters" ||
    fail "the status has no counter $2"
}

# attack KIND [INJECT_OPTIONS...]: towards b, as if from a.
attack() {
  in_space m timeout 30 "$CUTTLE_TOOLS/inject" --interface mb --capture "$WORK/recorded.pcap" --from "${V4[a]}" \
    --to "${V4[b]}" --kind "$1" --count "$COUNT" "${@:2}" >/dev/null || fail "inject"
}

# expect_counted KIND CAUSE...: exactly those that were sent, under these causes, and none under any other.
expect_counted() {
  local kind=$1
  shift
  eventually 10 counted "$@" || true
  expect_same "$kind counted as $*" "$COUNT" "$(increase "$@")"
  echo "  $kind: $COUNT counted as $*"
  snapshot before
}
counted() { (($(increase "$@") >= COUNT)); }

expect_no_harm() {
  is_up a || fail "the link of a is not up"
  is_up b || fail "the link of b is not up"
  transfer "${V4[b]}" --bytes 1000000
  expect_same "the checksum is the sender's" true "$(transferred match)"
}

from_the_peers_address() {
  local sessions
  recorded_link
  sessions=$(status b '.links[0].handshakes')
  attack wrong_size
  expect_counted wrong_size cell_wrong_size
  attack garbage
  expect_counted garbage cell_unknown_spi
  attack forged
  expect_counted forged cell_not_authentic
  attack replay
  expect_counted replay cell_replayed cell_too_old
  attack garbage_handshake
  expect_counted garbage_handshake handshake_mac_wrong handshake_lost
  attack replay_handshake
  expect_counted replay_handshake handshake_stale handshake_too_many handshake_unexpected handshake_lost
  expect_no_harm
  expect_same "sessions" "$sessions" "$(status b '.links[0].handshakes')"
  expect_table
}

# The table for people says so, too.
expect_table() {
  local cause
  "$CUTTLE" status --socket "$WORK/b.sock" >"$WORK/table"
  for cause in cell_wrong_size cell_unknown_spi cell_not_authentic; do
    grep -qE "^ +(a +)?$cause +$COUNT\$|^ *a +$cause +$COUNT\$" "$WORK/table" ||
      fail "the table does not say $cause $COUNT:"$'\n'"$(<"$WORK/table")"
  done
  grep -qE '^ +a +up +' "$WORK/table" || fail "the table does not say that the link is up"
}

# Nobody learns whether anything listens: no answer at all, of whatever size the question is.
from_nobodys_address() {
  local stranger=10.99.0.9 kind
  recorded_link
  start_capture answers mb
  for kind in garbage wrong_size replay; do attack "$kind" --as "$stranger"; done
  COUNT=$((3 * COUNT))
  expect_counted "from $stranger" strangers_dropped
  stop_capture answers
  expect "packets of the stranger" "$(count_captured answers "src host $stranger")" '>=' "$COUNT"
  expect_same "answers to the stranger" "" "$(captured answers "dst host $stranger")"
  expect_no_harm
}

# What was recorded before a restart is worth nothing after it.
from_an_earlier_session() {
  recorded_link
  stop_agent b
  start_agent b
  wait_up
  # a goes on under the keys of the old session until it has the new one: these cells count, too.
  eventually 10 stands_still cell_unknown_spi || fail "a does not change to the new session"
  snapshot before
  attack replay
  expect_counted "replay of an earlier session" cell_unknown_spi
  # The node that was started anew cannot know the initiation for an old one; nothing may come of it.
  attack replay_handshake
  sleep 0.5
  expect_no_harm
}

stands_still() { # CAUSE
  local before
  before=$(drops b "$1")
  sleep 0.5
  [[ $(drops b "$1") == "$before" ]]
}

# The peer itself may only speak for its own addresses.
from_a_peer_with_foreign_sources() {
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
  ip -n "$NET-a" addr add 10.50.0.1/32 dev lo
  ! in_space a ping -q -c 5 -i 0.1 -W 1 -I 10.50.0.1 "${V4[b]}" >/dev/null 2>&1 || fail "b answers"
  expect_same "packets with a foreign source" 5 "$(drops b packet_foreign_source)"
  expect_same "packets that b took" 0 "$(status b '.links[0].packets.received')"
}

# Who has the public keys but not the preshared key gets no session, and nothing goes out in the clear either.
with_another_preshared_key() {
  network
  connect
  RATE="20 Mb/s" configure
  "$CUTTLE" genpsk >"$WORK/other.psk"
  sed -i 's/^preshared_key_file = .*/preshared_key_file = "other.psk"/' "$WORK/b.toml"
  start_capture wire ma
  start_agent a
  start_agent b
  eventually 10 is_refused || fail "nobody counts a handshake that is not genuine"
  ! in_space a ping -q -c 3 -i 0.1 -W 1 "${V4[b]}" >/dev/null 2>&1 || fail "b answers"
  ! is_up a || fail "the link of a is up"
  ! is_up b || fail "the link of b is up"
  stop_capture wire
  expect_same "packets that are no cells" "" \
    "$(captured wire "$BETWEEN and not $NEIGHBOURS and not $(cells_v4 1472 4410) and not icmp[0] = 3")"
}
is_refused() {
  (($(drops a handshake_not_genuine) + $(drops b handshake_not_genuine) > 0)) 2>/dev/null
}

run_case from_a_peer_with_foreign_sources
run_case with_another_preshared_key
run_case from_the_peers_address
run_case from_nobodys_address
run_case from_an_earlier_session
finish
