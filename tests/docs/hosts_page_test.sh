#!/bin/bash
# docs/hosts.md: its commands exactly as written, but for names and addresses, and what it says of them. Firewalls in which the
# cluster's ports are open by the card, as on a host before Cuttle came; a container behind a bridge; an overlay; a VLAN.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
export CUTTLE_TEST_PREFIX=docs NET WORK
PAGE=$CUTTLE_ROOT/docs/hosts.md

# boxes HEADING KIND: what is in the boxes of that kind below "## HEADING", with this test's names and addresses.
boxes() {
  awk -v heading="## $1" -v fence="\`\`\`$2" '
    /^## / { inside = ($0 == heading) }
    /^```/ { if (code) code = 0; else if ((inside || heading == "## ") && $0 == fence) { code = 1; next } }
    (inside || heading == "## ") && code { print }' "$PAGE" |
    sed -e "s/10\.77\.0\.11/${V4[a]}/g; s/10\.77\.0\.12/${V4[b]}/g; s/eth0/u0/g; s/ct-osd1/ct-b/g; s|/etc/cuttle/osd0|$WORK/a|g"
}
# follow HEADING: as root at osd0.
follow() {
  local commands
  commands=$(boxes "$1" sh)
  [[ -n $commands ]] || fail "the page has no commands under '$1'"
  PATH=$CUTTLE_ROOT/tests/docs/host_shims:$(dirname "$CUTTLE"):$PATH \
    ip netns exec "$NET-a" timeout 60 bash -euc "$commands" >"$WORK/followed" 2>&1 || fail "'$1': $(<"$WORK/followed")"
}

both() {
  network
  connect
  RATE="20 Mb/s" configure
}

# The firewall of a host before Cuttle came: Ceph's ports are open by the card, and answers come in.
firewall_at_a() {
  in_space a nft -f - <<'END'
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    meta l4proto tcp ct state established accept
    iifname "u0" tcp dport { 3300, 6789, 6800-7300 } accept
  }
}
END
}
# A new connection from b is refused by a itself, and not kept from it.
b_reaches() { # ADDRESS
  local status=0
  in_space b timeout 1 bash -c "exec 3<>/dev/tcp/$1/6800" 2>"$WORK/connected" || status=$?
  grep -q 'Connection refused' "$WORK/connected"
}
is_not_up() {
  ! is_up a
}

# firewall HEADING: nothing works without what the section says, everything with it.
firewall() {
  both
  firewall_at_a
  start_agent a
  start_agent b
  sleep 1
  is_not_up || fail "cells pass without a rule, so this case shows nothing"
  ! b_reaches "${V4[a]}" || fail "connections pass without a link, so this case shows nothing"
  follow "$1"
  wait_up
  b_reaches "${V4[a]}" || fail "a new connection does not come in: $(<"$WORK/connected")$(in_space a nft list table inet filter)"
}

what_comes_first() {
  local status=0
  both
  start_agents
  PATH=$(dirname "$CUTTLE"):$PATH ip netns exec "$NET-a" timeout 60 bash -euc "$(boxes '' sh | head -n 2)" >"$WORK/followed" 2>&1 || status=$?
  grep -q '^ok  *peer b: .*in fragments' "$WORK/followed" || fail "status $status: $(<"$WORK/followed")"
}

# Cells' ports are open, but the cluster's only by the card: what "Any firewall" warns of.
connections_by_the_card() {
  both
  firewall_at_a
  in_space a nft 'add rule inet filter input udp dport 4410 accept'
  start_agents
  ! b_reaches "${V4[a]}" || fail "a rule by the card lets in what comes by the link"
}

overlay() {
  both
  start_agents
  follow "Kubernetes and Rook"
  overlay_at a vx0 10.66.0.1
  overlay_at b vx0 10.66.0.2 "id 77 local ${V4[b]} remote ${V4[a]} dstport 4789"
  in_space a ping -q -c 2 -i 0.1 -W 2 10.66.0.2 >/dev/null || fail "the overlay does not go through the link"
  ip -n "$NET-a" link del vx0
  overlay_at a vx0 10.66.0.1 "id 77 local ${V4[a]} remote ${V4[b]} dstport 4789 dev u0"
  start_capture overlay ma
  ! in_space a ping -q -c 2 -i 0.1 -W 1 10.66.0.2 >/dev/null 2>&1 || fail "a tunnel that is bound to the card passes"
  stop_capture overlay any
  expect_same "packets of a tunnel that is bound to the card" "" "$(captured overlay 'udp port 4789' | head -n 3)"
}
overlay_at() { # NODE INTERFACE ADDRESS [VXLAN_OPTIONS]
  # shellcheck disable=SC2086  # words are meant
  [[ -z ${4:-} ]] || ip -n "$NET-$1" link add "$2" type vxlan $4
  ip -n "$NET-$1" addr add "$3/24" dev "$2"
  ip -n "$NET-$1" link set dev "$2" up
}

container() {
  both
  start_agents
  ip netns add "$NET-c"
  ip -n "$NET-a" link add docker0 type bridge
  ip link add d0 netns "$NET-a" type veth peer name eth0 netns "$NET-c"
  ip -n "$NET-a" link set dev d0 master docker0 up
  ip -n "$NET-a" addr add 172.17.0.1/16 dev docker0
  ip -n "$NET-a" link set dev docker0 up
  ip -n "$NET-c" addr add 172.17.0.2/16 dev eth0
  ip -n "$NET-c" link set dev eth0 up
  ip -n "$NET-c" route add default via 172.17.0.1
  in_space a sysctl -qw net.ipv4.ip_forward=1
  in_space a nft 'add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; add rule ip nat post ip saddr 172.17.0.0/16 oifname != "docker0" masquerade'
  start_capture container ma
  follow Docker
  stop_capture container
  grep -q ' 0% packet loss' "$WORK/followed" || fail "$(<"$WORK/followed")"
  expect_same "packets of the container in the clear" "" "$(captured container "icmp" | head -n 3)"
}

vlan() {
  both
  if ! ip -n "$NET-a" link add link u0 name u0.100 type vlan id 100 2>/dev/null; then
    # The dot is what matters to sysctl; the kernel here has no VLANs.
    ip -n "$NET-a" link add u0.100 type veth peer name other
  fi
  follow "VLANs and bonds"
  expect_same "rp_filter" 2 "$(in_space a cat /proc/sys/net/ipv4/conf/u0.100/rp_filter)"
}

# Configurations that the page shows are good ones.
boxes_are_good() { # HEADING BEFORE: in front of the line that begins so
  both
  sed -i "s/^$2/$(boxes "$1" toml)\n&/" "$WORK/a.toml"
  in_space a timeout 20 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || fail "$(<"$WORK/check")"
}

run_case what_comes_first
run_case connections_by_the_card
run_case firewall nftables
run_case firewall firewalld
run_case firewall ufw
run_case overlay
run_case container
run_case vlan
run_case boxes_are_good Proxmox 'endpoint = '
run_case boxes_are_good keepalived 'addresses = '
finish
