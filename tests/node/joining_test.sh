#!/bin/bash
# `joining = true`: two ends are put under running traffic one after the other, and it never stops for long; from the
# first time a link is up on, there is no way beside it any more.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
CELLS=$(cells_v4 1472 4410)

is_open() { # NODE
  [[ $(status "$1" '.links[0].open') == true ]]
}
is_closed() { # NODE
  [[ $(status "$1" '.links[0].open') == false ]] && in_space "$1" nft list table inet cuttle | grep -q "${V4[${OTHER[$1]}]} : jump exit"
}
answers() {
  in_space a timeout 10 ping -q -c 3 -i 0.05 -W 2 "${V4[b]}" >/dev/null
}

one_after_the_other() {
  local sender
  network
  connect
  RATE="100 Mb/s" JOINING=true configure
  start_agent a
  eventually 20 is_open a || fail "a does not say that its link is open"
  answers || fail "with one end alone, traffic does not pass beside the link"
  # Starts plain, ends shaped.
  ip netns exec "$NET-b" timeout 120 "$CUTTLE_TOOLS/stream" serve >/dev/null 2>"$WORK/serve.log" &
  eventually 5 listens_on_tcp b 7008 || fail "stream serve does not listen: $(<"$WORK/serve.log")"
  in_space a tc qdisc add dev u0 root tbf rate 200mbit burst 64k latency 50ms
  in_space a timeout 100 "$CUTTLE_TOOLS/stream" send --to "${V4[b]}" --bytes 120000000 >"$WORK/transfer.json" 2>&1 &
  sender=$!
  sleep 1
  start_agent b
  wait_up
  wait "$sender" || fail "the connection did not live through the change: $(<"$WORK/transfer.json")"
  expect "bytes that went through the link" "$(status b '.links[0].bytes.received')" '>' 1000000
  eventually 20 is_closed a || fail "a is still open: $(status a '.links[0]')"
  eventually 20 is_closed b || fail "b is still open: $(status b '.links[0]')"
  start_capture shaped ma
  answers || fail "no answer through the link"
  stop_capture shaped
  expect_same "packets beside the link" "" \
    "$(captured shaped "$BETWEEN and not $NEIGHBOURS and not $CELLS" | head -n 5)"
}

# Both have joined, and b's agent is gone.
join_and_lose_b() {
  network
  connect
  RATE="20 Mb/s" JOINING=true configure
  start_agents
  eventually 20 is_closed a || fail "a is still open"
  stop_agent b KILL
}

# What removes others' rules and routes leaves guard and lock, and these close, too; also under another name.
closed_by_guard_or_lock_alone() {
  local left
  join_and_lose_b
  take_down b
  stop_agent a KILL
  remove_rules_and_routes
  ! answers || fail "b answers, though guard and lock are there"
  sed -i 's/^name = "b"/name = "bb"/' "$WORK/a.toml"
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  ! answers || fail "'cuttle close' opens what the guard closed under another name"
  sed -i 's/^name = "bb"/name = "b"/' "$WORK/a.toml"
  for left in "guard and lock" "the lock"; do
    remove_rules_and_routes
    [[ $left == "guard and lock" ]] || in_space a nft delete table inet cuttle
    ! answers || fail "b answers, though $left is there"
    in_space a "$CUTTLE" close --config "$WORK/a.toml"
    ! answers || fail "'cuttle close' opens what $left closed"
  done
}

# The peer goes, the agent starts anew: neither opens the way again.
never_open_again() {
  join_and_lose_b
  ! answers || fail "b answers though its end of the link is gone"
  stop_agent a KILL
  start_agent a
  eventually 20 is_closed a || fail "a start opened the way again: $(status a '.links[0]')"
  ! answers || fail "b answers after a started anew"
  in_space b "$CUTTLE" down --config "$WORK/b.toml"
  ! answers || fail "b answers in the clear"
  # `down` on both ends, and nothing else, opens it.
  stop_agent a
  take_down a
  answers || fail "no answer after 'down' on both ends"
}

# begins_at_an_address_of_its_own [JOINING]: a alone, whose routes have a source address that lo has.
begins_at_an_address_of_its_own() {
  network
  connect
  RATE="20 Mb/s" JOINING=${1:-true} configure
  sed -i 's/^addresses = \["[^"]*"/addresses = ["10.98.0.1"/' "$WORK/a.toml"
  ip -n "$NET-a" addr add 10.98.0.1/32 dev lo
  start_agent a
  eventually 20 is_open a || fail "a does not say that its link is open"
  ip -n "$NET-a" addr del 10.98.0.1/32 dev lo
}
# is_closed_without_a_route REASON: and has one as soon as the address is back.
is_closed_without_a_route() {
  eventually 20 is_closed a || fail "a is still open: $(status a '.links[0]')"
  grep -q "$1" "$WORK/a.log" || fail "it does not say why"
  grep -q 'its routes cannot be set' "$WORK/a.log" || fail "a does not say that the link has no route"
  ! answers || fail "traffic still passes beside the link"
  ip -n "$NET-a" addr add 10.98.0.1/32 dev lo
  eventually 20 leads_into_the_link || fail "the route does not lead into the link"
}
leads_into_the_link() { [[ $(ip -n "$NET-a" route get "${V4[b]}" 2>/dev/null) == *"dev ct-b"* ]]; }

# Where no route can lead into the link, because its source address is gone, the way beside it is closed all the same.
closed_without_a_route() {
  begins_at_an_address_of_its_own
  start_agent b
  wait_up
  is_closed_without_a_route 'up for the first time'
}
limit_without_a_route() {
  begins_at_an_address_of_its_own $'true\njoining_limit = "3 s"'
  is_closed_without_a_route 'has not been up within joining_limit'
}

joins_alone_for_3_s() {
  network
  connect
  RATE="20 Mb/s" JOINING=$'true\njoining_limit = "3 s"' configure
  start_agent a
  eventually 2 is_open a || fail "a does not say that its link is open"
}

# Whoever drops every handshake does not keep the way beside the link open for ever.
ends_after_its_limit() {
  joins_alone_for_3_s
  answers || fail "with one end alone, traffic does not pass beside the link"
  eventually 20 is_closed a || fail "a is still open: $(status a '.links[0]')"
  ! answers || fail "traffic still passes beside the link"
  grep -q "has not been up within joining_limit" "$WORK/a.log" || fail "it does not say why"
}

# Nor does whoever has others reload: in a mesh every member can.
reloads_give_no_more_time() {
  joins_alone_for_3_s
  eventually 20 reloaded_and_closed || fail "a is still open: $(status a '.links[0]')"
}
reloaded_and_closed() {
  reload a || fail "reload: $(<"$WORK/a.reload")"
  is_closed a
}

# Neither a start, a reload nor what closes at boot takes a peer that never joined for one that did.
stays_open_until_it_joins() {
  network
  connect
  RATE="20 Mb/s" JOINING=true configure
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  answers || fail "'cuttle close' closed a peer that never joined"
  start_agent a
  eventually 20 is_open a || fail "a start after 'cuttle close' closed it: $(status a '.links[0]')"
  sed -i 's/^rate = .*/rate = "30 Mb\/s"/' "$WORK/a.toml"
  reload a || fail "reload: $(<"$WORK/a.reload")"
  is_open a || fail "a reload closed it: $(status a '.links[0]')"
  stop_agent a KILL
  start_agent a
  eventually 20 is_open a || fail "a second start closed it: $(status a '.links[0]')"
  stop_agent a
  in_space a timeout 60 "$CUTTLE" up --config "$WORK/a.toml" --confirm 1s >"$WORK/a.trial" 2>&1 || true
  answers || fail "a trial that nobody confirmed closed it"
}

# The guard is given three seconds after a link joined, for the other end's sake; an end does not skip it.
ends_right_after_it_joined() {
  network
  connect
  RATE="20 Mb/s" JOINING=true configure
  start_agent a
  start_agent b
  eventually 20 grep -q 'up for the first time' "$WORK/a.log" || fail "a does not join: $(<"$WORK/a.log")"
  stop_agent a
  in_space a nft list table inet cuttle | grep "${V4[b]} : jump exit" >"$WORK/guard" || fail "the guard does not close b"
  stop_agent b KILL
  take_down b
  for family in -4 -6; do
    ip -n "$NET-a" "$family" rule del pref 100
    ip -n "$NET-a" "$family" route flush table 4410
  done
  ! answers || fail "without its routes, traffic passes in the clear"
}

run_case one_after_the_other
run_case ends_right_after_it_joined
run_case stays_open_until_it_joins
run_case never_open_again
run_case closed_by_guard_or_lock_alone
run_case closed_without_a_route
run_case limit_without_a_route
run_case ends_after_its_limit
run_case reloads_give_no_more_time
finish
