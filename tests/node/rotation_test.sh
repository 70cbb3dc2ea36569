#!/bin/bash
# A node changes its static key under a running connection: its peer is told the new one first, accepts both for a
# while, then forgets the old one.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
export RATE="20 Mb/s"

new_key() { # NODE
  "$CUTTLE" genkey >"$WORK/$1.next.key"
  "$CUTTLE" pubkey <"$WORK/$1.next.key" >"$WORK/$1.next.pub"
}
session_with() { # NODE KEY_FILE
  [[ $(status "$1" '.links[0].session_peer_key') == "$(<"$2")" ]]
}
reload_well() { # NODE WHAT_IT_SAYS
  reload "$1" || fail "reload of $1: $(<"$WORK/$1.reload")"
  expect_same "what reload of $1 says" "$2" "$(<"$WORK/$1.reload")"
}

# rotated ROLE: a, which initiates or answers, changes its key. With the new key it may have the other role.
rotated() {
  network
  connect
  if [[ $1 == initiates ]]; then
    configure_initiator a
  else
    configure_initiator b
  fi
  start_agents
  transfer "${V4[b]}" --seconds 12 --limit-bps 5000000 &
  local load=$!
  session_with b "$WORK/a.pub" || fail "b's session is not with the key of a"
  new_key a
  # 1. Its peer learns the key to come.
  sed -i "s|^public_key = .*|&\nnext_public_key = \"$(<"$WORK/a.next.pub")\"|" "$WORK/b.toml"
  reload_well b "new keys for a"
  session_with b "$WORK/a.pub" || fail "b does not accept the old key any more"
  # 2. It changes its key. Where it initiates it renews the session with it at once.
  cp "$WORK/a.next.key" "$WORK/a.key"
  reload_well a "new keys for b"
  # 3. Its peer forgets the old one; whoever initiates now has a session with the new one at once.
  cp "$WORK/a.next.pub" "$WORK/a.pub"
  if initiates a; then
    eventually 10 session_with b "$WORK/a.pub" || fail "the session is not renewed with the new key"
  fi
  sed -i "/^next_public_key/d; s|^public_key = .*|public_key = \"$(<"$WORK/a.pub")\"|" "$WORK/b.toml"
  reload_well b "new keys for a"
  eventually 10 session_with b "$WORK/a.pub" || fail "there is no session with the new key"
  wait_up
  wait "$load" || fail "the connection did not survive"
  expect_same "the checksum is the sender's" true "$(transferred match)"
  # The old key is worth nothing now.
  expect_same "keys that b knows" 1 "$(grep -c 'public_key' "$WORK/b.toml")"
}

# A key that its peer was not told is refused, and the session that there is goes on for the time being.
untold() {
  local sessions
  network
  connect
  configure_initiator a
  start_agents
  sessions=$(status b '.links[0].handshakes')
  new_key a
  cp "$WORK/a.next.key" "$WORK/a.key"
  reload_well a "new keys for b"
  in_space a ping -q -c 5 -i 0.2 -W 1 "${V4[b]}" >/dev/null || fail "the session does not go on"
  expect_same "sessions at b" "$sessions" "$(status b '.links[0].handshakes')"
  is_up a || fail "the link of a is not up"
}

run_case rotated initiates
run_case rotated answers
run_case untold
finish
