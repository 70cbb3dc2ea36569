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
finish
