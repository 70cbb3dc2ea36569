#!/bin/bash
# A restart of an agent is a pause for what runs inside the link, not an end: the interface outlives the process.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# restarted NODE SIGNAL: that agent ends and starts during a TCP connection from a to b.
restarted() {
  network
  connect
  RATE="50 Mb/s" configure
  start_agents
  transfer "${V4[b]}" --seconds 6 --limit-bps 10000000 &
  local load=$!
  sleep 1.5
  stop_agent "$1" "$2"
  ip -n "$NET-$1" link show dev "ct-${OTHER[$1]}" >/dev/null || fail "the interface went with the agent"
  sleep 0.5
  start_agent "$1"
  wait "$load" || fail "the connection did not survive"
  expect_same "the checksum is the sender's" true "$(transferred match)"
  echo "  the longest pause: $(transferred '| .longest_gap_ms | round') ms"
  expect "the longest pause in ms: the agent was away" "$(transferred longest_gap_ms)" '>' 300
  expect "packets through the new agent" "$(status "$1" '.links[0].packets.sent')" '>' 50
}
sender_stopped() { restarted a TERM; }
receiver_killed() { restarted b KILL; }

# restarted_with SED_SCRIPT...: a starts anew with another file, while it talks to b all the time.
restarted_with() {
  local talker
  stop_agent a
  sed -i "$@" "$WORK/a.toml"
  ip netns exec "$NET-a" timeout 60 ping -i 0.02 -W 1 "${V4[b]}" >/dev/null 2>&1 &
  talker=$!
  start_agent a
  wait_up
  kill "$talker" 2>/dev/null || true
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "b does not answer after: $*"
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V6[b]}" >/dev/null || fail "b does not answer over IPv6 after: $*"
}
expect_one_rule() { # MARK TABLE
  local family
  for family in -4 -6; do
    expect_same "rules of ours" "100: not from all fwmark $1 lookup $2 proto 199" \
      "$(ip -n "$NET-a" "$family" rule show | grep 'lookup [0-9]' | grep -v 'oif cuttle-clock' | tr '\t' ' ' | sed 's/ *$//')"
  done
}

# Another mark, another table, both: nothing of the old ones stays, and nothing passes the link by meanwhile.
mark_and_table() {
  network
  connect
  RATE="20 Mb/s" configure
  machine_state a >"$WORK/before"
  start_agents
  start_capture wire ma 128
  restarted_with 's/^\[shape\]/firewall_mark = 0x77\n&/'
  expect_one_rule 0x77 4410
  restarted_with 's/^firewall_mark = .*/route_table = 5000/'
  expect_one_rule 0x10c0 5000
  expect_same "routes in the old table" "" "$(ip -n "$NET-a" route show table 4410 2>/dev/null)"
  # Without its interface, all that the old rule leads to is a blackhole.
  stop_agent a
  ip -n "$NET-a" link del dev ct-b
  restarted_with 's/^route_table = .*/firewall_mark = 0x78\nroute_table = 4999/'
  expect_one_rule 0x78 4999
  expect_same "routes in the old table" "" "$(ip -n "$NET-a" route show table 5000 2>/dev/null)"
  stop_agent a
  stop_capture wire
  expect_same "packets beside the link" "" \
    "$(captured wire "$BETWEEN and not $NEIGHBOURS and not $(cells_v4 1472 4410)" | head -n 5)"
  take_down a
  expect_same "the machine after down" "$(<"$WORK/before")" "$(machine_state a)"
}

# Peers and addresses that the file no longer has when the agent starts anew are left alone.
peers_gone() {
  network
  connect
  RATE="20 Mb/s" configure
  cp "$WORK/a.toml" "$WORK/good.toml"
  sed -i 's/^redirect = \["/redirect = ["10.97.0.0\/24", "/' "$WORK/a.toml"
  cat >>"$WORK/a.toml" <<END
[[peer]]
name = "c"
public_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
endpoint = "10.99.0.3:4410"
redirect = ["10.99.0.3", "fd99::3"]
ports = ["7000"]
END
  start_agents
  ip -n "$NET-a" link show dev ct-c >/dev/null || fail "there is no interface of the second peer"
  stop_agent a
  cp "$WORK/good.toml" "$WORK/a.toml"
  start_agent a
  wait_up
  ! ip -n "$NET-a" link show dev ct-c >/dev/null 2>&1 || fail "the interface of a peer that is gone stayed"
  expect_same "routes of addresses that are gone" "" \
    "$(ip -n "$NET-a" route show table all | grep -e '10.97.0' -e '10.99.0.3 ')"
  expect_same "rules of ports that are gone" "" "$(ip -n "$NET-a" rule show pref 101)"
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "the peer that stayed does not answer"
}

# An interface of one queue becomes one of several, and the other way round.
lanes() {
  local count node
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
  for count in 2 1; do
    for node in a b; do
      stop_agent "$node"
      sed -i "s/^lanes = .*/lanes = $count/" "$WORK/$node.toml"
    done
    start_agents
    expect_same "lanes in the status" "$count" "$(status a '.links[0].shape.lanes')"
    in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "b does not answer with $count lanes"
  done
}

# A service of Type=notify: systemd hears when it is ready and when it stops.
under_systemd() {
  network
  connect
  RATE="20 Mb/s" configure
  # shellcheck disable=SC2046  # words are meant
  in_space a timeout 60 "$CUTTLE_TOOLS/notified" --socket "$WORK/notify" -- \
    "$CUTTLE" up --config "$WORK/a.toml" $(up_options a) >"$WORK/notified" 2>"$WORK/a.log"
  expect_same "what systemd hears" '{"exit_status":0,"said":["READY=1","STOPPING=1"]}' "$(<"$WORK/notified")"
}

# WatchdogSec=: it says at least twice in that time that it is alive.
watched_by_systemd() {
  local began ended
  network
  connect
  RATE="20 Mb/s" configure
  began=${EPOCHREALTIME/./}
  # shellcheck disable=SC2086  # words are meant
  in_space a timeout 60 "$CUTTLE_TOOLS/notified" --socket "$WORK/notify" --watchdog-ms 1000 --beats 4 -- \
    "$CUTTLE" up --config "$WORK/a.toml" ${CUTTLE_UP_OPTIONS:-} >"$WORK/notified" 2>"$WORK/a.log"
  ended=${EPOCHREALTIME/./}
  expect_same "what systemd hears" '["READY=1","WATCHDOG=1","WATCHDOG=1","WATCHDOG=1","WATCHDOG=1","STOPPING=1"]' \
    "$(jq -c .said "$WORK/notified")"
  # The first comes at once, the others every 500 ms; not all at once either.
  expect "milliseconds for four signs of life" "$(((ended - began) / 1000))" '>=' 1500
}

run_case under_systemd
run_case watched_by_systemd
run_case sender_stopped
run_case receiver_killed
run_case mark_and_table
run_case peers_gone
run_case lanes
finish
