#!/bin/bash
# `cuttle status --watch`: a live picture on a terminal, which is as it was afterwards; plain text elsewhere; and an agent that
# goes away for a while is waited for.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
ENTER=$'\e[?1049h'
LEAVE=$'\e[?1049l'

pictures() { # FILE
  [[ ! -e $1 ]] && echo 0 && return
  grep -c 'carried out' "$1" || true
}
has_pictures() { # FILE COUNT
  (($(pictures "$1") >= $2))
}
watcher() { # the process that looks
  pgrep -f "^$CUTTLE status --watch .*$WORK/a.sock" | head -n 1
}

both_up() {
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
}

on_a_terminal() {
  both_up
  # `script` gives it a terminal of its own.
  timeout 60 script --quiet --flush --return --command "exec $CUTTLE status --watch --every 0.2 --socket $WORK/a.sock" \
    "$WORK/screen" >/dev/null </dev/null &
  local recorder=$!
  eventually 20 has_pictures "$WORK/screen" 3 || fail "no live picture: $(cat -v "$WORK/screen")"
  grep -qF "$ENTER" "$WORK/screen" || fail "not a screen of its own"
  stop_agent a
  eventually 20 grep -q 'no agent is running' "$WORK/screen" || fail "it does not say that the agent is gone"
  start_agent a
  local before
  before=$(pictures "$WORK/screen")
  eventually 20 has_pictures "$WORK/screen" $((before + 2)) || fail "it does not go on with the new agent"
  kill -INT "$(watcher)"
  wait "$recorder" || fail "an interrupt is a failure"
  grep -qF "$LEAVE" "$WORK/screen" || fail "the terminal is not as it was: $(tail -c 200 "$WORK/screen" | cat -v)"
}

elsewhere() {
  both_up
  timeout 60 "$CUTTLE" status --watch --every 0.2 --socket "$WORK/a.sock" >"$WORK/text" &
  local process=$!
  eventually 20 has_pictures "$WORK/text" 3 || fail "no pictures: $(<"$WORK/text")"
  kill -INT "$(watcher)"
  wait "$process" || fail "an interrupt is a failure"
  ! grep -q $'\e' "$WORK/text" || fail "escape sequences in a file"
}

run_case on_a_terminal
run_case elsewhere
finish
