#!/bin/bash
# Two agents agree on preshared keys by themselves, keep them over restarts, renew them, and go on where one of them
# loses its file or cannot read it.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
export RATE="20 Mb/s"

preshared() { # NODE FIELD
  status "$1" ".links[0].preshared.$2"
}
has_key() { # NODE
  [[ $(preshared "$1" age_s) != null ]]
}
kept() { # NODE
  cksum <"$WORK/$1.preshared"
}
keeps() { # NODE: a key of its peer's
  grep -qa "cuttle preshared.*${OTHER[$1]}" "$WORK/$1.preshared"
}
is_kept_anew() { # NODE BEFORE
  [[ $(kept "$1") != "$2" ]]
}
start_anew() { # NODES: and so another session is agreed
  local node
  for node in "$@"; do stop_agent "$node"; done
  for node in "$@"; do start_agent "$node"; done
  wait_up
}
expect_keys() {
  local node
  for node in a b; do
    eventually 5 has_key "$node" || fail "$node uses no renewed key: $(status "$node" '.links[0].preshared')"
  done
}
lost() { # BY_A BY_B
  [[ "$(preshared a lost) $(preshared b lost)" == "$1 $2" ]]
}
expect_lost() { # BY_A BY_B
  eventually 5 lost "$@" || fail "lost keys, as a and b found: $(preshared a lost) $(preshared b lost), not $*"
}

agree() {
  local node
  network
  connect
  configure
  for node in a b; do
    sed -i "s|^control_socket = .*|&\nrenew_preshared = \"2 s\"\nrenewed_file = \"$WORK/$node.preshared\"|" \
      "$WORK/$node.toml"
  done
  start_agents
  for node in a b; do
    expect_same "the age of a key that $node does not have yet" null "$(preshared "$node" age_s)"
    eventually 10 keeps "$node" || fail "$node keeps nothing"
    expect_same "who may read it" 600 "$(stat -c %a "$WORK/$node.preshared")"
  done
  sleep 1 # both have written both copies
  start_anew a b
  expect_keys
  expect_lost 0 0
}

is_younger() { # NODE AGE
  (($(preshared "$1" age_s) < $2))
}
kept_and_renewed() {
  local before
  agree
  sleep 3 # as old as it may get
  before=$(kept b)
  start_anew a
  eventually 10 is_kept_anew b "$before" || fail "b renews nothing"
  sleep 1
  before=$(preshared b age_s)
  start_anew a
  expect_keys
  eventually 5 is_younger b "$before" || fail "b's key is as old as before: $(preshared b age_s) s"
  expect_same "what is said of a lost key" "" "$(grep -h 'has lost' "$WORK"/[ab].log || true)"
  expect_lost 0 0
  "$CUTTLE" status --socket "$WORK/a.sock" | grep -q 'b: preshared key renewed .* ago$' ||
    fail "status does not say so: $("$CUTTLE" status --socket "$WORK/a.sock")"
}

# The other end has it, and says so; then they have one in common again.
one_loses_its_file() {
  agree
  stop_agent b
  rm "$WORK/b.preshared"
  start_agent b
  wait_up
  expect_lost 1 0
  grep -q 'b has lost the preshared key' "$WORK/a.log" || fail "a's log does not say so"
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "b does not answer"
  expect_same "the age of a key at a" null "$(preshared a age_s)"
  eventually 10 keeps b || fail "b keeps nothing"
  sleep 1
  start_anew b
  expect_keys
  expect_lost 1 0
}

a_is_alone() {
  [[ $(preshared a peer_takes_part) == false ]]
}
# It takes no part then, and what was agreed counts again afterwards.
one_cannot_read_its_file() {
  agree
  stop_agent b
  chmod 644 "$WORK/b.preshared"
  start_agent b
  wait_up
  [[ $(status b .preshared_why_not) == *"no file of this user's alone"* ]] ||
    fail "b does not say why: $(status b .preshared_why_not)"
  eventually 5 a_is_alone || fail "a says that b takes part"
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "b does not answer"
  stop_agent b
  chmod 600 "$WORK/b.preshared"
  start_agent b
  wait_up
  expect_keys
  expect_lost 0 0
}

run_case kept_and_renewed
run_case one_loses_its_file
run_case one_cannot_read_its_file
finish
