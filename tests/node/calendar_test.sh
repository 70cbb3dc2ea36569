#!/bin/bash
# Two agents change their rate by a calendar, while one sends: at the minute, to the rate that it says, without a
# packet lost or a second of another rate; and each says what the other's calendar and clock are. Takes a minute or
# two, because a calendar has whole minutes; so not among the tests of ./run test:
# ctest --test-dir build/release -R node_calendar, as root.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
SLOW=20 FAST=80 # Mb/s

add_calendar() { # NODE FROM UNTIL
  printf '[[shape.calendar]]\nfrom = "%s"\nuntil = "%s"\nrate = "%d Mb/s"\n' "$2" "$3" "$FAST" >>"$WORK/$1.toml"
}
time_of() { # SECONDS since 1970
  date -u -d "@$1" +%H:%M
}

# sent NODE FROM UNTIL: datagrams of that node from one instant to the other.
sent() {
  captured all udp | awk -v from="$2" -v until="$3" -v node="IP ${V4[$1]}." '
    $1 >= from && $1 < until && index($0, node) { sent++ } END { print sent + 0 }'
}

rate_changes_at_the_minute() {
  local change node expected begun
  network
  connect
  RATE="$SLOW Mb/s" configure
  change=$(((${EPOCHREALTIME%.*} + 40) / 60 * 60 + 60))
  for node in a b; do add_calendar "$node" "$(time_of "$change")" "$(time_of $((change + 60)))"; done
  "$CUTTLE" check --file-only "$WORK/a.toml" | grep -q 'by its calendar 20 Mb/s to 80 Mb/s' || fail "check"
  CAPTURE_SECONDS=180 start_capture all ma 64
  start_agents
  expect "rate before" "$(status a '.links[0].shape.rate_bps')" == "$SLOW * 1000000"
  expect "the next rate" "$(status a '.links[0].calendar.next_rate_bps')" == "$FAST * 1000000"
  expect "and when" "$(status a '.links[0].calendar.next_at_s')" == "$change"
  for node in a b; do expect_same "the peer's calendar" same "$(status "$node" '.links[0].calendar.peer')"; done
  begun=${EPOCHREALTIME%.*}
  in_space a ping -q -i 0.01 -W 2 -w $((change + 8 - begun)) "${V4[b]}" >"$WORK/ping" || fail "$(<"$WORK/ping")"
  stop_capture all
  for node in a b; do
    expect "rate after" "$(status "$node" '.links[0].shape.rate_bps')" == "$FAST * 1000000"
    expect "slots left out" "$(status "$node" '.links[0].deadlines_missed')" == 0
    for expected in "$SLOW $((change - 6)) $((change - 1))" "$SLOW $((change - 1)) $change" \
      "$FAST $change $((change + 1))" "$FAST $((change + 1)) $((change + 6))"; do
      read -r rate from until <<<"$expected"
      echo "  $node: $(sent "$node" "$from" "$until") datagrams in $((until - from)) s at $rate Mb/s"
      # A slot or two more or less, and what a clock is read wrong by.
      expect "$node's datagrams" "$(sent "$node" "$from" "$until") / ($rate * 1e6 / 12000 * ($until - $from))" '>' 0.97
      expect "$node's datagrams" "$(sent "$node" "$from" "$until") / ($rate * 1e6 / 12000 * ($until - $from))" '<' 1.03
    done
  done
  grep -q ' 0% packet loss' "$WORK/ping" || fail "$(<"$WORK/ping")"
}

ends_with_different_calendars_say_so() {
  network
  connect
  RATE="$SLOW Mb/s" configure
  add_calendar a 03:00 04:00
  start_agents
  expect_same "the peer's calendar" none "$(status a '.links[0].calendar.peer')"
  "$CUTTLE" status --socket "$WORK/a.sock" | grep -q 'THE PEER HAS NO CALENDAR' || fail "status"
  add_calendar b 03:00 05:00
  reload b || fail "reload: $(<"$WORK/b.reload")"
  eventually 20 eval "[[ \$(status a '.links[0].calendar.peer') == other ]]" || fail "it is not said to be another"
}

run_case ends_with_different_calendars_say_so
run_case rate_changes_at_the_minute
finish
