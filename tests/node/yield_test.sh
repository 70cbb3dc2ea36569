#!/bin/bash
# Two agents whose ladder yields, and between them a cable that carries less than the top rate: they step down within a
# few epochs and nothing is lost any more; when the cable is wide again they step up; where it does not carry the lowest
# rate either the breaker cuts and says why, also after a restart. Ends of which one yields and the other does not say
# so. Takes some minutes, because epochs are ten seconds; so not among the tests of ./run test:
# ctest --test-dir build/release -R node_yield, as root.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
SLOW=10 FAST=40 # Mb/s

# configure_yielding: less is never needed for a whole day, so that nothing but loss lowers the rate.
configure_yielding() {
  local node
  configure
  for node in a b; do
    sed -i "s|^rate = .*|ladder = { rates = [\"$SLOW Mb/s\", \"$FAST Mb/s\"], budget = \"200 bits/day\", lower_after = \"86400 s\", yield = true }|" \
      "$WORK/$node.toml"
  done
}
step_is() { # STEP
  [[ $(status a .ladder.step) == "$1" && $(status b .ladder.step) == "$1" ]]
}
ladders() {
  status a .ladder
  status b .ladder
}
# carry MEGABITS: of frames, each way.
carry() {
  local node
  for node in a b; do
    in_space m tc qdisc replace dev "m$node" root tbf rate "$1mbit" burst 20kb latency 30ms
  done
}
carry_all() {
  local node
  for node in a b; do in_space m tc qdisc del dev "m$node" root; done
}
# lost NODE: of the cells to it, ever.
lost() {
  drops "$1" cell_lost_on_the_way
}
# Whoever talks needs the top rate: what TCP fills is full.
talk() {
  ip netns exec "$NET-b" timeout 300 "$CUTTLE_TOOLS/stream" serve >/dev/null 2>"$WORK/serve.log" &
  eventually 5 listens_on_tcp b 7008 || fail "stream serve does not listen: $(<"$WORK/serve.log")"
  ip netns exec "$NET-a" timeout 300 "$CUTTLE_TOOLS/stream" send --to "${V4[b]}" --seconds 280 \
    >/dev/null 2>"$WORK/transfer.log" &
  echo $! >"$WORK/talker.pid"
}

rate_yields_to_what_the_cable_loses() {
  local node began took before=()
  network
  connect
  configure_yielding
  "$CUTTLE" check --file-only "$WORK/a.toml" | grep -q "of the changes one is the breaker's" || fail "check"
  start_agents
  step_is 1 || fail "an agent does not begin at the top: $(ladders)"
  expect_same "the peer's ladder" same "$(status a '.links[0].ladder.peer')"
  CAPTURE_SECONDS=300 start_capture all ma 64
  talk
  sleep 15
  carry 20
  began=${EPOCHREALTIME%.*}
  eventually 60 step_is 0 || fail "the cable is too narrow, and the rate stays: $(ladders)"
  took=$((${EPOCHREALTIME%.*} - began))
  echo "  down after $took s: $(status a .ladder.yields.lost); $(status b .ladder.yields.lost)"
  # Told four seconds ahead of the epoch.
  sleep 6
  for node in a b; do before+=("$(lost "$node")"); done
  sleep 20
  expect_same "cells lost at the lower rate" "${before[*]}" "$(lost a) $(lost b)"
  "$CUTTLE" status --socket "$WORK/a.sock" | grep -q 'yields: at most 10 Mb/s; ' || fail "status: $(ladders)"
  in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor" 2>&1 || true
  grep -q 'the rate yields to loss and is at most step 1 of 2' "$WORK/doctor" || fail "doctor: $(<"$WORK/doctor")"
  carry_all
  began=${EPOCHREALTIME%.*}
  eventually 120 step_is 1 || fail "the cable is wide again, and the rate stays: $(ladders)"
  echo "  up again after $((${EPOCHREALTIME%.*} - began)) s"
  sleep 6
  end_process TERM "$(<"$WORK/talker.pid")"
  stop_capture all any
  only_at_epochs
  for node in a b; do
    expect "changes of $node" "$(status "$node" .ladder.changes_today)" == 2
    expect "messages that nobody understood" "$(status "$node" .ladder.messages_dropped)" == 0
    grep -q 'at most 10 Mb/s from the next epoch on' "$WORK/$node.log" || fail "the log of $node does not say why"
  done
}

# What a sent, in each second of the capture, is one of the two rates but at whole tens of seconds.
only_at_epochs() {
  captured all "udp and src host ${V4[a]}" | awk -v fast="$FAST" -v slow="$SLOW" '
    NR == 1 { first = int($1) + 1 }
    { last = int($1); sent[last]++ }
    END {
      for (s = first; s < last; s++) {
        mbps = sent[s] * 12000 / 1e6
        if (mbps > fast * 0.97 && mbps < fast * 1.03) { step = 1 } else if (mbps > slow * 0.97 && mbps < slow * 1.03) { step = 0 }
        else { print "in second " s " it sends " mbps " Mb/s"; exit 1 }
        if (s > first && step != before) { changes++; if (s % 10 > 1) { print "changes in second " s; exit 1 } }
        before = step
      }
      print "  " changes " changes in " last - first " s of the capture, at whole epochs"
      exit changes != 2
    }' || fail "the wire"
}

breaker_cuts_and_says_why() {
  local node
  network
  connect
  configure_yielding
  carry 8
  start_agents
  eventually 100 step_is 0 || fail "the rate stays: $(ladders)"
  expect_same "cut before it is time" "false false" "$(status a .ladder.yields.is_cut) $(status b .ladder.yields.is_cut)"
  for node in a b; do
    eventually 150 is_cut "$node" || fail "the breaker does not cut: $(ladders)"
    echo "  $node: $(status "$node" .ladder.yields.why_cut)"
    [[ $(status "$node" .ladder.yields.why_cut) =~ ^([ab]" lost "|)(1[89]|2[0-3])\.[0-9]" % of " ]] ||
      fail "it does not say why: $(status "$node" .ladder.yields.why_cut)"
    grep -q "ladder: the breaker cut: .*${OTHER[$node]}.*10 Mb/s until 00:00 UTC" "$WORK/$node.log" || fail "the log"
    "$CUTTLE" status --socket "$WORK/$node.sock" | grep -q 'THE BREAKER CUT until 00:00 UTC: ' || fail "status: $(ladders)"
    in_space "$node" timeout 60 "$CUTTLE" doctor --config "$WORK/$node.toml" >"$WORK/doctor" 2>&1 || true
    grep -q 'ladder: the breaker cut, and the rate is the lowest until 00:00 UTC' "$WORK/doctor" || fail "doctor: $(<"$WORK/doctor")"
  done
  stop_agent b KILL
  start_agent b
  wait_up
  step_is 0 || fail "a restart lifts the rate: $(ladders)"
  is_cut b || fail "a restart forgets the cut: $(ladders)"
}
is_cut() { # NODE
  [[ $(status "$1" .ladder.yields.is_cut) == true ]]
}

ends_of_which_one_yields_say_so() {
  network
  connect
  configure_yielding
  sed -i 's/, yield = true//' "$WORK/b.toml"
  start_agents
  expect_same "the peer's ladder" other "$(status a '.links[0].ladder.peer')"
  expect_same "of one that does not yield" null "$(status b .ladder.yields)"
  in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor" 2>&1 || true
  grep -q 'its peer follows another ladder' "$WORK/doctor" || fail "doctor: $(<"$WORK/doctor")"
}

run_case ends_of_which_one_yields_say_so
run_case rate_yields_to_what_the_cable_loses
run_case breaker_cuts_and_says_why
finish
