#!/bin/bash
# Two agents change their rate by a ladder: a load of one raises the rate of both directions at the beginning of an
# epoch, its end lowers it, counted from a capture; a budget that is too small keeps the top rate; ends with different
# ladders say so; a restart fills up no budget; nobody on a host can say steps for its node. Takes some minutes, because
# epochs are ten seconds; so not among the tests of ./run test: ctest --test-dir build/release -R node_ladder, as root.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
SLOW=10 FAST=40 # Mb/s

# configure_ladder BUDGET: in place of a rate, at both.
configure_ladder() {
  local node
  configure
  for node in a b; do
    sed -i "s|^rate = .*|ladder = { rates = [\"$SLOW Mb/s\", \"$FAST Mb/s\"], budget = \"$1\", lower_after = \"10 s\" }|" \
      "$WORK/$node.toml"
  done
}
step_is() { # STEP
  [[ $(status a '.ladder.step') == "$1" && $(status b '.ladder.step') == "$1" ]]
}
rate_is() { # MEGABITS
  [[ $(status a '.links[0].shape.rate_bps') == $(($1 * 1000000)) &&
    $(status b '.links[0].shape.rate_bps') == $(($1 * 1000000)) ]]
}
ladders() {
  status a .ladder
  status b .ladder
}

# of_each_epoch NODE: its datagrams in each whole epoch of the capture, as shares of what it sends at FAST.
of_each_epoch() {
  captured all udp | awk -v node="IP ${V4[$1]}." -v fast="$FAST" '
    NR == 1 { first = int($1 / 10) + 1 }
    { last = int($1 / 10); into = $1 - last * 10 }
    index($0, node) && into >= 0.1 && into < 9.9 { sent[last]++ }
    END { for (e = first; e < last; e++) printf "%.3f\n", sent[e] / (fast * 1e6 / 12000 * 9.8) }'
}

rate_follows_the_load() {
  local node changes talker
  network
  connect
  configure_ladder "100 bits/day"
  "$CUTTLE" check --file-only "$WORK/a.toml" | grep -q 'by the ladder 10 Mb/s, 40 Mb/s every 10 s' || fail "check"
  start_agents
  expect_same "the peer's ladder" same "$(status a '.links[0].ladder.peer')"
  rate_is "$FAST" || fail "an agent does not begin at the top: $(ladders)"
  eventually 80 rate_is "$SLOW" || fail "without a load the rate stays: $(ladders)"
  CAPTURE_SECONDS=150 start_capture all ma 64
  sleep 12
  in_space b timeout 70 ping -q -i 0.05 -w 60 "${V4[a]}" >"$WORK/ping" &
  talker=$!
  transfer "${V4[b]}" --seconds 35
  expect_same "the checksum is the sender's" true "$(transferred match)"
  echo "  $(status a '.ladder | "\(.changes_today) changes, \(.told_millibits / 1000) bits told, \(.coordinator) coordinates"')"
  eventually 60 rate_is "$SLOW" || fail "after the load the rate stays: $(ladders)"
  wait "$talker"
  sleep 12
  stop_capture all
  for node in a b; do
    of_each_epoch "$node" >"$WORK/$node.epochs"
    echo "  $node: $(paste -sd' ' "$WORK/$node.epochs")"
    awk '($1 < 0.24 || $1 > 0.26) && ($1 < 0.97 || $1 > 1.03) { exit 1 }' "$WORK/$node.epochs" ||
      fail "$node has a rate in between: it changed inside an epoch"
    changes=$(awk '{ step = $1 > 0.5 } NR > 1 && step != before { n++ } { before = step } END { print n + 0 }' \
      "$WORK/$node.epochs")
    expect "$node's changes: up and down" "$changes" == 2
    expect "slots left out" "$(status "$node" '.links[0].deadlines_missed')" == 0
    expect "changes of the day" "$(status "$node" .ladder.changes_today)" == 3
    expect "messages that nobody understood" "$(status "$node" .ladder.messages_dropped)" == 0
  done
  expect_same "epochs of a and b" "$(awk '{ print ($1 > 0.5) }' "$WORK/a.epochs")" "$(awk '{ print ($1 > 0.5) }' "$WORK/b.epochs")"
  "$CUTTLE" status --socket "$WORK/a.sock" | grep -q 'ladder: 10 Mb/s (of 10 Mb/s, 40 Mb/s); .* bits told today, 3 of' ||
    fail "status: $("$CUTTLE" status --socket "$WORK/a.sock")"
  restart_fills_up_nothing
}

# What was spent stays spent, and the way to the top is a change; the other end is not lifted.
restart_fills_up_nothing() {
  stop_agent b KILL
  start_agent b
  wait_up
  expect "changes of the day" "$(status b .ladder.changes_today)" == 4
  eventually 80 rate_is "$SLOW" || fail "after a restart the rate stays: $(ladders)"
  expect "changes of the other end" "$(status a .ladder.changes_today)" == 3
}

a_budget_of_one_change_keeps_the_top_rate() {
  network
  connect
  configure_ladder "20 bits/day"
  start_agents
  eventually 80 eval "[[ \$(status a .ladder.held_by_budget) -gt 0 && \$(status b .ladder.held_by_budget) -gt 0 ]]" ||
    fail "the budget holds nothing: $(ladders)"
  sleep 8
  rate_is "$FAST" || fail "the budget was passed: $(ladders)"
}

ends_with_different_ladders_say_so() {
  network
  connect
  configure_ladder "48 bits/day"
  sed -i 's/48 bits/47 bits/' "$WORK/b.toml"
  start_agents
  expect_same "the peer's ladder" other "$(status a '.links[0].ladder.peer')"
  "$CUTTLE" status --socket "$WORK/a.sock" | grep -q 'THE PEER HAS ANOTHER LADDER' || fail "status"
  # Two epochs: an end says nothing to a peer with another ladder.
  sleep 20
  expect "messages of another ladder" "$(status b .ladder.other_ladder)" == 0
  in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor" 2>&1 || true
  grep -q 'its peer follows another ladder' "$WORK/doctor" || fail "doctor: $(<"$WORK/doctor")"
}

# Root of this very host sends from the address that messages come from.
nobody_else_says_steps() {
  network
  connect
  configure_ladder "48 bits/day"
  start_agents
  ip -n "$NET-a" addr add fe80::4375:7474:6c65/128 dev ct-b nodad
  in_space a timeout 5 ping -6 -c 3 -i 0.1 -W 1 -I fe80::4375:7474:6c65%ct-b fe80::1%ct-b >/dev/null 2>&1 || true
  eventually 5 eval "[[ \$(drops a packet_ladder_forged) -gt 0 ]]" || fail "nothing was dropped: $(status a '.links[0].drops')"
  expect "messages that nobody understood" "$(status b .ladder.messages_dropped)" == 0
  sed -i 's/48 bits/47 bits/' "$WORK/a.toml"
  ! reload a || fail "another ladder was taken by a reload"
  grep -q 'shape.ladder: not what the agent runs with' "$WORK/a.reload" || fail "reload: $(<"$WORK/a.reload")"
}

run_case ends_with_different_ladders_say_so
run_case nobody_else_says_steps
run_case rate_follows_the_load
run_case a_budget_of_one_change_keeps_the_top_rate
finish
