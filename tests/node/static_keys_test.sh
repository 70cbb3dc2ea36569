#!/bin/bash
# `cuttle up --debug-static-keys FILE`: two agents hold a link with keys that somebody wrote down, without a handshake, as with
# another implementation of RFC 9347 (tests/kernel has Linux' own); no key is used twice.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

random_key() { echo "0x$(od -An -v -tx1 -N36 /dev/urandom | tr -d ' \n')"; }

# write_keys: two sessions; the second is sent in after three seconds.
write_keys() {
  local session there back
  rm -f "$WORK"/*.static
  for session in 1 2; do
    there=$(random_key) back=$(random_key)
    echo "b $((session * 3 - 3)) 0x100$session $back 0x200$session $there" >>"$WORK/a.static"
    echo "a $((session * 3 - 3)) 0x200$session $there 0x100$session $back" >>"$WORK/b.static"
  done
}
set_up() {
  network
  connect
  RATE="50 Mb/s" configure
  write_keys
}
start_static() { # NODE
  start_agent "$1" --debug-static-keys "$WORK/$1.static"
}
of_session() { # NUMBER
  echo "udp and udp[8:4] = 0x200$1"
}

carries_and_changes_keys() {
  set_up
  start_capture cells ma
  start_static a
  start_static b
  wait_up
  grep -q 'debug-static-keys.* keys that somebody wrote down' "$WORK/a.log" || fail "the agent does not warn"
  # Through the change.
  transfer "${V4[b]}" --bytes 20000000 --seed 1
  expect_same "the checksum is the sender's" true "$(transferred match)"
  sleep 1.5
  stop_capture cells
  expect "cells of the first session" "$(count_captured cells "$(of_session 1)")" '>' 1000
  expect "cells of the second session" "$(count_captured cells "$(of_session 2)")" '>' 1000
  expect_same "handshakes" 0 "$(count_captured cells "udp[8:4] = 0")"
  expect_same "other sizes" 0 "$(count_captured cells "$BETWEEN and not $(cells_v4 1472 4410)")"
}

no_key_twice() {
  set_up
  start_static a
  eventually 20 is_up a || fail "a does not come up"
  expect_same "bytes left in the file" 0 "$(stat -c %s "$WORK/a.static")"
  stop_agent a
  start_static a
  eventually 10 process_ended "$(<"$WORK/a.pid")" || fail "a starts again with no key"
  grep -q 'no key in it; a start empties it' "$WORK/a.log" || fail "it does not say why"
}

wrong_key() {
  set_up
  sed -i 's/\(0x200. 0x\)../\100/' "$WORK/b.static"
  start_static a
  start_static b
  wait_up
  ! in_space a ping -q -c 2 -i 0.2 -W 1 "${V4[b]}" >/dev/null || fail "an answer, under two keys"
  expect "cells that b finds forged" "$(drops b cell_not_authentic)" '>' 100
}

run_case carries_and_changes_keys
run_case no_key_twice
run_case wrong_key
finish
