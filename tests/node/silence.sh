# shellcheck shell=bash
# For tests of what must not leave a node. CELLS (a filter) is set by who sources it.

# Everything that a may say to b by itself, all at once: none of it may arrive, or even leave.
speak_to_b() {
  local address answered=() others=() process
  for address in "${V4[b]}" "${V6[b]}"; do
    in_space a ping -q -c 3 -i 0.2 -W 1 "$address" >/dev/null 2>&1 &
    answered+=($!)
    in_space a timeout 1 "$CUTTLE_TOOLS/stream" send --to "$address" --bytes 1000 >/dev/null 2>&1 &
    answered+=($!)
    in_space a timeout 2 "$CUTTLE_TOOLS/sequence" send --to "$address" --pps 50 --seconds 1 >/dev/null 2>&1 &
    others+=($!)
  done
  for process in "${answered[@]}"; do
    ! wait "$process" || fail "b answers"
  done
  wait "${others[@]}" || true
}

# expect_silence WHAT: nothing but cells leaves a towards b while a speaks.
expect_silence() {
  start_capture silence ma
  speak_to_b
  stop_capture silence
  expect_same "packets from a to b $1, apart from cells" "" \
    "$(captured silence "$BETWEEN and not $NEIGHBOURS and (src host ${V4[a]} or src host ${V6[a]}) and not $CELLS" |
      head -n 5)"
}

# A program that binds itself to the network's interface goes past every route.
expect_nothing_past_the_link() {
  start_capture past ma
  in_space a "$CUTTLE_TOOLS/past" --interface u0 --to "${V4[b]}" --to "${V6[b]}" >"$WORK/past"
  expect "what somebody without privilege was let send" "$(jq .taken "$WORK/past")" '>' 0
  ! in_space a ping -q -c 2 -i 0.1 -W 1 -I u0 "${V4[b]}" >/dev/null 2>&1 || fail "b answers pings past the routes"
  stop_capture past
  expect_same "packets from a to b past the link" "" \
    "$(captured past "$BETWEEN and not $NEIGHBOURS and not $CELLS and (src host ${V4[a]} or src host ${V6[a]})" | head -n 5)"
}

expect_link_works() { # WHEN
  in_space a timeout 10 ping -q -c 2 -i 0.05 "${V4[b]}" >/dev/null || fail "b does not answer $1"
  in_space a timeout 10 ping -q -c 2 -i 0.05 "${V6[b]}" >/dev/null || fail "b does not answer over IPv6 $1"
}

expect_as_before() { # NODE
  expect_same "the machine of $1 after down" "$(<"$WORK/$1.before")" "$(machine_state "$1")"
}
