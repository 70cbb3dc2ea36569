#!/bin/bash
# An agent waits for its privileged helper, which does not go on: handshakes are asked for, answered and confirmed
# meanwhile, as at any other time.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
export RATE="20 Mb/s"

handshakes_are() { [[ $(status "$1" '.links[0].handshakes') == "$2" ]]; }

# The helper of a stops, and what a is asked waits for it.
a_waits() {
  kill -STOP "$(helper_of a)"
  reload a &
  RELOAD=$!
  sleep 0.3
}
a_goes_on() {
  process_lives "$RELOAD" || fail "the reload of a did not wait: $(<"$WORK/a.reload")"
  kill -CONT "$(helper_of a)"
  wait "$RELOAD" || fail "reload of a: $(<"$WORK/a.reload")"
  expect_same "a is watched" true "$(status a .watched.active)"
}

# Handshakes that were sent to NODE since then, by their time and type (1 asks, 2 answers).
handshakes_from() { # NODE
  tcpdump -Z root -tt -n -x -r "$WORK/handshakes.pcap" "src host ${V4[$1]} and udp src port 4410 and udp[8:4] = 0" 2>/dev/null
}

# b has a reason to renew the session; a, which waits, answers.
answers_while_a_reload_waits() {
  local sessions
  network
  connect
  configure_initiator b
  start_agents
  sessions=$(status b '.links[0].handshakes')
  "$CUTTLE" genkey | "$CUTTLE" pubkey >"$WORK/next.pub"
  sed -i "s|^public_key = .*|&\nnext_public_key = \"$(<"$WORK/next.pub")\"|" "$WORK/b.toml"
  start_capture handshakes ma 64
  a_waits
  reload b || fail "reload of b: $(<"$WORK/b.reload")"
  eventually 3 handshakes_are b $((sessions + 1)) || fail "a does not answer while it waits for its helper"
  a_goes_on
  # b keeps to its old keys until what waits under them has left.
  eventually 3 handshakes_are a $((sessions + 1)) || fail "a does not use the keys that were agreed"
  stop_capture handshakes
  expect "answers of a" "$(handshakes_from a | grep -c 0x0000)" '==' 1
  # It asks again where no answer comes for half a second.
  expect "times that b asked" "$(handshakes_from b | grep -c 0x0000)" '<=' 2
}

# b falls silent, and a, which waits, has to ask it.
asks_while_a_reload_waits() {
  local sessions
  network
  connect
  configure_initiator a
  start_agents
  sessions=$(status b '.links[0].handshakes')
  a_waits
  kill -STOP "$(<"$WORK/b.pid")"
  sleep 1.6
  kill -CONT "$(<"$WORK/b.pid")"
  eventually 3 handshakes_are b $((sessions + 1)) || fail "a does not ask while it waits for its helper"
  a_goes_on
  wait_up
}

run_case answers_while_a_reload_waits
run_case asks_while_a_reload_waits
finish
