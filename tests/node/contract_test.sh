#!/bin/bash
# What an agent asks of its driver, whichever that is (src/node/driver.hh): each behaviour of the table in
# docs/architecture.md, "Two drivers", is a case here, of the same name. Two shards everywhere.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=tests/node/third_node.sh
source "$(dirname "${BASH_SOURCE[0]}")/third_node.sh"
export RATE="20 Mb/s" RUNTIME="shards = 2"

# shellcheck disable=SC2016  # backquotes are Markdown's
# The table's lines and the cases below are the same ones.
expect_same "the behaviours in docs/architecture.md" \
  "$(sed -n 's/^run_case \([a-z_]*\)$/\1/p' "$0")" \
  "$(sed -n '/^## Two drivers/,/^## /s/^| `\([a-z_]*\)` |.*/\1/p' "$CUTTLE_ROOT/docs/architecture.md")"

link() { # FILTER: of a's link to b
  status a ".links[] | select(.name == \"b\") | $1"
}
# cells_pass LANES: both ways on every lane of the link between a and b, in the next moment.
cells_pass() {
  local port from
  start_capture passing ma 64
  sleep 0.5
  stop_capture passing
  for ((port = 4410; port < 4410 + $1; ++port)); do
    for from in a b; do
      expect "cells from $from on port $port" \
        "$(count_captured passing "src host ${V4[$from]} and udp src port $port")" '>' 20
    done
  done
}
sent() { link '.cells.sent'; }

# Idle or not, answered or not.
cells_leave_in_every_slot() {
  network
  connect
  configure
  start_agents
  local before after from until
  stop_agent b KILL
  from=$EPOCHREALTIME
  before=$(sent)
  sleep 2
  after=$(sent)
  until=$EPOCHREALTIME
  # 20 Mb/s in cells of 1,500 bytes on the wire; asked twice, so not quite so long ago.
  expect "cells sent to nobody" "$after - $before" '>=' "0.9 * 1666 * ($until - $from - 0.2)"
  expect "cells sent to nobody" "$after - $before" '<=' "1.1 * 1666 * ($until - $from + 0.2)"
}

every_lane_is_served() {
  network
  connect
  LANES=3 configure
  start_agents
  cells_pass 3
  reaches a "${V4[b]}" || fail "nothing comes through"
}

# A key that the handshakes' thread installs is used at once, by sender and receiver, and no packet is lost for it.
orders_reach_both_sides() {
  network
  connect
  configure
  start_agents
  local node before
  before=$(link .handshakes)
  in_space a ping -q -i 0.02 -c 100 -W 5 "${V4[b]}" >"$WORK/ping.log" &
  local ping=$!
  "$CUTTLE" genpsk >"$WORK/psk"
  for node in a b; do reload "$node" || fail "reload: $(<"$WORK/$node.reload")"; done
  eventually 20 more_handshakes_than "$before" || fail "no handshake with the new key"
  wait "$ping" || true
  grep -q ' 0% packet loss' "$WORK/ping.log" || fail "the change of keys cost packets: $(tail -n 2 "$WORK/ping.log")"
}
more_handshakes_than() { (($(link .handshakes) > $1)); }

a_link_comes_and_goes() {
  network
  connect
  configure
  start_agents
  third_node
  start_agent c
  cp "$WORK/a.toml" "$WORK/without.toml"
  transfer "${V4[b]}" --seconds 5 --limit-bps 5000000 &
  local load=$! before round
  before=$(session)
  for round in first second; do
    peer_of c >>"$WORK/a.toml"
    reload a || fail "reload: $(<"$WORK/a.reload")"
    eventually 20 link_is_up a c || fail "the link that came does not come up, the $round time"
    reaches a "${V4[c]}" || fail "nothing comes through the link that came, the $round time"
    cp "$WORK/without.toml" "$WORK/a.toml"
    reload a || fail "reload: $(<"$WORK/a.reload")"
    expect_same "links once it is gone" 1 "$(status a '.links | length')"
  done
  wait "$load" || fail "the connection over the other link did not survive"
  expect_same "the checksum is the sender's" true "$(transferred match)"
  expect_same "the other link's session" "$before" "$(session)"
}

is_connected() { [[ -n $(in_space a ss -Htn state established "dport = :7008") ]]; }
lanes_come_and_go() {
  network
  connect
  configure
  start_agents
  transfer "${V4[b]}" --seconds 6 --limit-bps 5000000 &
  local load=$! lanes
  # While lanes change the way is closed, and a connection that only begins is refused.
  eventually 10 is_connected || fail "the transfer does not begin"
  for lanes in 4 1; do
    set_lanes "$lanes"
    expect_same "lanes in the status" "$lanes" "$(link .shape.lanes)"
    eventually 10 reaches a "${V4[b]}" || fail "nothing comes through $lanes lanes"
    cells_pass "$lanes"
  done
  wait "$load" || fail "the connection did not survive"
  expect_same "the checksum is the sender's" true "$(transferred match)"
}

# In the middle of a transfer: it ends, in time and as asked, with nothing of it left, and starts again.
a_stop_ends_what_is_under_way() {
  network
  connect
  configure
  start_agents
  transfer "${V4[b]}" --seconds 4 &
  local load=$! pid
  pid=$(<"$WORK/a.pid")
  sleep 1
  stop_agent a
  expect_same "processes of a afterwards" "" "$(ip netns pids "$NET-a" | xargs -r ps -o comm= -p | grep cuttle || true)"
  ! grep -qi -e invariant -e exception -e abort "$WORK/a.log" || fail "the stop was no clean one"
  start_agent a
  wait_up
  wait "$load" || fail "the connection did not survive"
  expect_same "the checksum is the sender's" true "$(transferred match)"
}

# Without the right to it: it works all the same, and says so.
it_says_why_there_is_no_realtime() {
  network
  connect
  configure
  # shellcheck disable=SC2046  # words are meant
  ip netns exec "$NET-a" setpriv --bounding-set -sys_nice prlimit --rtprio=0:0 "$CUTTLE" up --config "$WORK/a.toml" \
    $(up_options a) >>"$WORK/a.log" 2>&1 &
  echo $! >"$WORK/a.pid"
  disown
  start_agent b
  wait_up
  [[ $(status a .realtime.why_not) == *[a-z]* ]] || fail "it does not say that it has no real-time priority"
  expect_same "b, which has the right" "" "$(status b .realtime.why_not)"
}

run_case cells_leave_in_every_slot
run_case every_lane_is_served
run_case orders_reach_both_sides
run_case a_link_comes_and_goes
run_case lanes_come_and_go
run_case a_stop_ends_what_is_under_way
run_case it_says_why_there_is_no_realtime
finish
