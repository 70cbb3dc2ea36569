#!/bin/bash
# `cuttle doctor --try`: packets of every kind through the link and beside it; and for each way in which they can fail to come
# through, what it says of it.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

try_at_a() {
  in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" --no-probe --try >"$WORK/doctor.out" 2>&1 || true
}
expect_said() { # PATTERN
  grep -Eq -- "$1" "$WORK/doctor.out" || fail "the doctor does not say '$1': $(<"$WORK/doctor.out")"
  echo "  $(grep -E -- "$1" "$WORK/doctor.out" | head -n 1)"
}
expect_not_said() { # PATTERN
  ! grep -E -- "$1" "$WORK/doctor.out" || fail "the doctor says so"
}

# Both agents up, once for all cases that only add a rule.
both_up() {
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
}

all_comes_through() {
  local family from to
  both_up
  try_at_a
  expect_not_said '^BAD +peer b'
  for family in 4 6; do
    if ((family == 4)); then from=${V4[a]} to=${V4[b]}; else from=${V6[a]} to=${V6[b]}; fi
    expect_said "^ok +peer b: $from to $to, the route: .*came one into ct-b"
    expect_said "^ok +peer b: $from to $to, small .*came an answer after"
    expect_said "^ok +peer b: $from to $to, largest \(1500 bytes\): expected an answer; came an answer"
    expect_said "^ok +peer b: $from to $to, in fragments \(3000 bytes\): .*came an answer"
    expect_said "^ok +peer b: $from to $to, a new TCP connection: .*came port [0-9]+ refused it"
    expect_said "^ok +peer b: $from to $to, beside the link, by u0: expected nothing; came (nothing|this host would not)"
  done
}

# A rule at b that only some kinds meet; each is named, and the others still come.
some_kinds_do_not() {
  both_up
  in_space b nft -f - <<'END'
table inet mine {
  chain in {
    type filter hook input priority -5;
    iifname "ct-a" tcp flags syn drop
    iifname "ct-a" ip protocol icmp ip length 1400-1500 drop
  }
}
END
  try_at_a
  expect_said '^ok +peer b: 10.99.0.1 to 10.99.0.2, small'
  expect_said '^BAD +peer b: 10.99.0.1 to 10.99.0.2, largest .*came nothing'
  expect_said '^BAD +peer b: fd99::1 to fd99::2, a new TCP connection: .*came nothing'
  expect_said 'fix: connections that are there may live on while new ones are dropped'
}

this_host_refuses() {
  both_up
  in_space a nft 'add table inet mine; add chain inet mine out { type filter hook output priority 0; }; add rule inet mine out oifname "ct-b" meta l4proto icmp drop'
  try_at_a
  expect_said '^BAD +peer b: 10.99.0.1 to 10.99.0.2, small .*came this host would not send it: Operation not permitted'
  expect_said 'fix: a firewall of this host drops what goes into ct-b'
  expect_said '^ok +peer b: fd99::1 to fd99::2, small'
}

# A node without its agent, whose guard, lock and rules somebody took away: now b answers beside the link.
what_is_closed_answers() {
  both_up
  stop_agent b
  take_down b
  stop_agent a
  try_at_a
  expect_said '^ok +peer b: 10.99.0.1 to 10.99.0.2, small .*expected nothing; came'
  expect_said '^ok +peer b: 10.99.0.1 to 10.99.0.2, beside the link, by u0: expected nothing; came'
  in_space a nft flush ruleset
  tc -n "$NET-a" qdisc del dev u0 clsact
  try_at_a
  expect_said '^BAD +peer b: 10.99.0.1 to 10.99.0.2, beside the link, by u0: expected nothing; came an answer'
}

# Jumbo packets through cells of 1,472 bytes; and two ends that do not agree on them.
jumbo() { # INNER_MTU_OF_B
  local mtu node
  network
  connect
  RATE="100 Mb/s" configure
  for node in a b; do
    mtu=9000
    [[ $node == a ]] || mtu=$1
    sed -i "s/^control_socket/inner_mtu = $mtu\n&/" "$WORK/$node.toml"
  done
  start_agents
  try_at_a
  expect_not_said '^BAD +peer b'
  expect_said '^ok +peer b: 10.99.0.1 to 10.99.0.2, largest \(9000 bytes\): expected an answer; came an answer'
  expect_said '^ok +peer b: fd99::1 to fd99::2, in fragments \(18000 bytes\): expected an answer; came an answer'
  transfer "${V4[b]}" --bytes 20000000
  expect "what arrived" "$(transferred bytes)" == 20000000
}

run_case all_comes_through
run_case jumbo 9000
run_case jumbo 1500
run_case some_kinds_do_not
run_case this_host_refuses
run_case what_is_closed_answers
finish
