#!/bin/bash
# Floods of initiations from somebody who knows a node's public key and writes its peer's address: the peer still
# gets its session, by a cookie, and what the node answers is neither larger nor more than what came.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# flood COUNT: initiations to b as if from a, 5,000 a second, in the background.
flood() {
  ip netns exec "$NET-m" timeout 60 "$CUTTLE_TOOLS/inject" --interface mb --capture "$WORK/recorded.pcap" \
    --from "${V4[a]}" --to "${V4[b]}" --kind initiation --public-key "$(<"$WORK/b.pub")" --count "$1" --every-us 150 \
    >/dev/null 2>"$WORK/inject.log" &
  FLOOD=$!
}
has_cookies() { # NODE
  (($(drops "$1" handshake_cookie_instead) > 0)) 2>/dev/null
}

has_recorded() { (($(count_captured recorded "src host ${V4[a]} and udp") > 0)); }

# A frame between the two to begin from, whatever is in it.
record_one() {
  start_capture recorded ma
  start_agent a
  eventually 10 has_recorded || fail "a does not initiate"
  stop_agent a
  stop_capture recorded any
}

a_session_begins_in_a_flood() {
  network
  connect
  export RATE="20 Mb/s"
  configure_initiator a # then b is worth flooding
  record_one
  start_agent b
  start_capture wire mb
  flood 200000
  eventually 10 has_cookies b || fail "b answers with no cookie"
  stop_capture wire any
  # Before there is a session b sends nothing but answers.
  local asked answered sizes
  asked=$(count_captured wire "src host ${V4[a]} and udp")
  answered=$(count_captured wire "src host ${V4[b]} and udp")
  sizes=$(captured wire "src host ${V4[b]} and udp and ip[2:2] != 1500" | head -n 3)
  echo "  $asked initiations, $answered answers"
  expect_same "answers of another size than a cell's" "" "$sizes"
  expect "answers to $asked initiations" "$answered" '<' "$asked / 4"
  start_agent a
  eventually 20 is_up a || fail "the link of a does not come up in the flood"
  eventually 20 is_up b || fail "the link of b does not come up in the flood"
  process_lives "$FLOOD" || fail "the flood was over before the link was up: $(<"$WORK/inject.log")"
  transfer "${V4[b]}" --bytes 1000000
  expect_same "the checksum is the sender's" true "$(transferred match)"
  kill "$FLOOD" 2>/dev/null || true
  wait "$FLOOD" || true
  expect "initiations that b answered with a cookie" "$(drops b handshake_cookie_instead)" '>' 0
  expect "initiations beyond what it reads and answers" "$(drops b handshake_too_many)" '>' 0
  expect_same "sessions that b agreed" 1 "$(status b '.links[0].handshakes')"
}

run_case a_session_begins_in_a_flood
finish
