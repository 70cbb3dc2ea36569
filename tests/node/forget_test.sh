#!/bin/bash
# Keys in memory: those in use are there, and can therefore be found by the search; those of a session that is over are
# not, in no copy. Of the static key there is no text left, and its reader has nothing at all. All of it is locked, so
# none is ever paged out.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
export RATE="8 Mb/s"

# found PID HEX...: how often each stands in the memory of the process, on one line.
found() {
  "$CUTTLE_TOOLS/memory" --pid "$1" "${@:2}" >"$WORK/found" || fail "memory: $(<"$WORK/found")"
  expect "bytes read" "$(jq .bytes_read "$WORK/found")" '>' 1000000
  jq -r '.found | map(tostring) | join(" ")' "$WORK/found"
}
# The AES keys of the sessions that a wrote down, in hex: the first 32 bytes of each line's key.
session_keys() { # FILE
  sed -nE 's/.*"0x([0-9a-f]{64})[0-9a-f]{8}".*/\1/p' "$1"
}
hex_of_text() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
hex_of_key() { base64 -d <"$1" | od -An -v -tx1 | tr -d ' \n'; }

# b does not write its keys down, so nothing but its sessions holds them.
session_keys_are_wiped() {
  local old counts
  network
  connect
  configure
  start_agent a --debug-keys "$WORK/keys"
  start_agent b
  wait_up
  mapfile -t old < <(session_keys "$WORK/keys")
  expect_same "keys of a session" 2 "${#old[@]}"
  counts=$(found "$(<"$WORK/b.pid")" "${old[@]}")
  [[ $counts =~ ^[1-9][0-9]*\ [1-9][0-9]*$ ]] || fail "the keys in use are not found: $counts"
  # a starts anew and knows the old session no more; b keeps its keys for a moment, for cells that are late.
  stop_agent a KILL
  rm "$WORK/keys"
  start_agent a --debug-keys "$WORK/keys"
  wait_up
  eventually 30 old_keys_gone "${old[@]}" || fail "keys of a session that is over: $(found "$(<"$WORK/b.pid")" "${old[@]}")"
  mapfile -t old < <(session_keys "$WORK/keys")
  counts=$(found "$(<"$WORK/b.pid")" "${old[@]}")
  [[ $counts =~ ^[1-9][0-9]*\ [1-9][0-9]*$ ]] || fail "the new keys in use are not found: $counts"
}
old_keys_gone() {
  sleep 1
  [[ $(found "$(<"$WORK/b.pid")" "$@") == "0 0" ]]
}

# The process that reads the files, a child of the agent's.
reader_of() { pgrep -P "$(<"$WORK/$1.pid")"; }

static_keys() {
  local node counts reader
  network
  connect
  configure
  start_agents
  reload a || fail "reload: $(<"$WORK/a.reload")" # its reader has read twice, then
  for node in a b; do
    reader=$(reader_of "$node")
    counts=$(found "$(<"$WORK/$node.pid")" "$(hex_of_key "$WORK/$node.key")" "$(hex_of_key "$WORK/psk")" \
      "$(hex_of_text "$(<"$WORK/$node.key")")" "$(hex_of_text "$(<"$WORK/psk")")")
    [[ $counts =~ ^[1-9][0-9]*\ [1-9][0-9]*\ 0\ 0$ ]] ||
      fail "agent of $node: static key, preshared key, and the text of both: $counts"
    counts=$(found "$reader" "$(hex_of_key "$WORK/$node.key")" "$(hex_of_key "$WORK/psk")" \
      "$(hex_of_text "$(<"$WORK/$node.key")")" "$(hex_of_text "$(<"$WORK/psk")")")
    expect_same "reader of $node: static key, preshared key, and the text of both" "0 0 0 0" "$counts"
  done
}

# The key of before is nowhere any more, neither in use nor in what was read at the start.
static_key_changed() {
  local old
  network
  connect
  configure
  start_agents
  old=$(hex_of_key "$WORK/a.key")
  "$CUTTLE" genkey >"$WORK/a.key"
  reload a || fail "reload: $(<"$WORK/a.reload")"
  eventually 30 found_none a "$old" || fail "the key of before is still there, times: $(found "$(<"$WORK/a.pid")" "$old")"
  [[ $(found "$(<"$WORK/a.pid")" "$(hex_of_key "$WORK/a.key")") != 0 ]] || fail "the new key is not found"
}
found_none() { # NODE HEX
  sleep 1
  [[ $(found "$(<"$WORK/$1.pid")" "$2") == 0 ]]
}

# Mappings that can be written to and are not locked ("lo" among their flags).
unlocked() { # PID
  awk '/^[0-9a-f]+-[0-9a-f]+ / { name = $0; writable = $2 ~ /w/ } /^VmFlags:/ && writable && !/ lo( |$)/ { print name }' "/proc/$1/smaps"
}
never_paged_out() {
  local node pid
  network
  connect
  configure
  start_agents
  for node in a b; do
    for pid in "$(<"$WORK/$node.pid")" "$(reader_of "$node")"; do
      expect_same "what is not locked of process $pid ($node)" "" "$(unlocked "$pid")"
      expect_same "swapped of process $pid ($node)" 0 "$(awk '/^VmSwap:/ { print $2 }' "/proc/$pid/status")"
    done
  done
}

for case in session_keys_are_wiped static_keys static_key_changed never_paged_out; do run_case "$case"; done
finish
