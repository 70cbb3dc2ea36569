#!/bin/bash
# What a peer says beside its link: multicast, which passes where the operator says so and is named by the doctor where not; and
# an address that moves, which is in nobody's `redirect`.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

doctor_says() { # NODE PATTERN
  in_space "$1" timeout 30 "$CUTTLE" doctor --config "$WORK/$1.toml" --no-probe >"$WORK/doctor.out" 2>&1 || true
  grep -Eq -- "$2" "$WORK/doctor.out" || fail "the doctor at $1 does not say '$2': $(<"$WORK/doctor.out")"
  echo "  $(grep -E -- "$2" "$WORK/doctor.out" | head -n 1)"
}

# What of b's multicast gets past a's guard is counted, by group.
count_past_the_guard() {
  in_space a nft -f - <<'END'
table inet past {
  counter vrrp {}
  counter ospf {}
  counter vrrp6 {}
  chain in {
    type filter hook prerouting priority -290;
    iifname "u0" ip daddr 224.0.0.18 counter name vrrp
    iifname "u0" ip daddr 224.0.0.5 counter name ospf
    iifname "u0" ip6 daddr ff02::12 counter name vrrp6
  }
}
END
}
past_the_guard() { # COUNTER
  in_space a nft -j list counter inet past "$1" | jq '[.nftables[].counter | select(. != null) | .packets] | add'
}
came_past_the_guard() { # COUNTER
  (($(past_the_guard "$1") > 0))
}
# Three packets to each group; nobody answers.
b_speaks() {
  in_space b ping -q -c 3 -i 0.1 -W 0.1 -I u0 224.0.0.18 >/dev/null 2>&1 || true
  in_space b ping -q -c 3 -i 0.1 -W 0.1 -I u0 224.0.0.5 >/dev/null 2>&1 || true
  in_space b ping -6 -q -c 3 -i 0.1 -W 0.1 -I "${V6[b]}" ff02::12%u0 >/dev/null 2>&1 || true
}

both_up() {
  network
  connect
  RATE="20 Mb/s" configure
  [[ -z ${1:-} ]] || sed -i "s/^addresses = /multicast = $1\n&/" "$WORK/a.toml"
  start_agents
}

multicast_is_dropped_and_named() {
  both_up
  count_past_the_guard
  b_speaks
  expect "packets past the guard" "$(past_the_guard vrrp) + $(past_the_guard ospf) + $(past_the_guard vrrp6)" == 0
  doctor_says a 'peer b: what 10.99.0.2 says to the group 224.0.0.18 \(VRRP\) is dropped'
  doctor_says a 'peer b: what 10.99.0.2 says to the group 224.0.0.5 \(OSPF\) is dropped'
  doctor_says a 'peer b: what fd99::2 says to the group ff02::12 \(VRRP\) is dropped'
}

multicast_passes_where_told() {
  both_up '["224.0.0.18", "ff02::12"]'
  count_past_the_guard
  b_speaks
  eventually 10 came_past_the_guard vrrp || fail "the group that is named is dropped"
  eventually 10 came_past_the_guard vrrp6 || fail "the IPv6 group that is named is dropped"
  expect "of the group that is not named" "$(past_the_guard ospf)" == 0
  # Nothing else of b's comes beside the link for that.
  ! in_space b ping -q -c 2 -i 0.1 -W 0.5 -I u0 "${V4[a]}" >/dev/null 2>&1 || fail "a answers beside the link"
}

# It is at b now; a has it in no `redirect`.
floating_address() {
  both_up
  ip -n "$NET-b" addr add 10.99.0.100/32 dev u0
  ! in_space a ping -q -c 2 -i 0.1 -W 1 10.99.0.100 >/dev/null 2>&1 || fail "it is reached in the clear"
  doctor_says b 'peer a: what 10.99.0.1 sends to 10.99.0.100, which this host has but .addresses. does not name, is dropped'
  ! in_space b ping -q -c 2 -i 0.1 -W 1 -I 10.99.0.100 "${V4[a]}" >/dev/null 2>&1 || fail "a takes any source"
  doctor_says a 'link b: [0-9]+ packets came from an address that is none of the peer.s: dropped'
}

run_case multicast_is_dropped_and_named
run_case multicast_passes_where_told
run_case floating_address
finish
