#!/bin/bash
# Other people's firewalls: what they do to cells is named, by `check` before the start and by `doctor`, with what helps.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

prepare() {
  network
  connect
  RATE="${1:-20 Mb/s}" configure
}
rules() { in_space "$1" nft -f -; }
check_a() { in_space a timeout 20 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check.out" 2>&1; }
doctor_a() { in_space a timeout 40 "$CUTTLE" doctor --no-probe --config "$WORK/a.toml" >"$WORK/doctor.out" 2>&1 || true; }
expect_check() { # PATTERN
  check_a || fail "check refuses it: $(<"$WORK/check.out")"
  grep -Eq -- "$1" "$WORK/check.out" || fail "check does not say '$1': $(<"$WORK/check.out")"
}
expect_doctor() { # PATTERN
  doctor_a
  grep -Eq -- "$1" "$WORK/doctor.out" || fail "the doctor does not say '$1': $(<"$WORK/doctor.out")"
}

# kube-proxy masquerades what has the bit 0x4000, and drops what has 0x8000.
kubernetes() {
  local node
  prepare
  for node in a b; do
    rules "$node" <<'END'
table ip kube-proxy {
  chain services { type filter hook output priority filter; policy accept; meta mark & 0x8000 == 0x8000 counter drop; }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x4000 != 0x4000 return
    meta mark set meta mark ^ 0x4000
    masquerade fully-random
  }
}
END
  done
  start_agents
  expect_doctor '^ok +no rule of a firewall is seen to drop UDP port 4410'
  stop_agent a
  sed -i 's/^control_socket = .*/&\nfirewall_mark = 0xc077/' "$WORK/a.toml"
  expect_check "warning.*the cells to b: .*'meta mark & 0x0*8000 == 0x0*8000.*bits that the mark of the cells has, 0xc077.*another firewall_mark"
}

# firewalld's, for IPv6 by default.
strict_reverse_path() { # FAMILY
  UNDERLAY=$1 prepare
  rules a <<'END'
table inet strict {
  chain way_back {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    fib saddr . mark . iif oif missing counter drop
  }
}
END
  expect_check "warning.*drops the cells from b: chain way_back of table inet strict, its rule 'fib saddr . mark . iif oif missing"
  start_agent a
  start_agent b
  sleep 3
  ! is_up a || fail "the link is up all the same, so this test shows nothing"
  expect_doctor "^BAD .*chain way_back of table inet strict.*without the mark that leads cells there"
  # What it advises helps.
  local fix
  fix=$(sed -n 's/.*before it: \(nft insert rule .* accept\);.*/\1/p' "$WORK/doctor.out" | head -n 1)
  [[ -n $fix ]] || fail "no fix: $(<"$WORK/doctor.out")"
  # shellcheck disable=SC2086  # words are meant
  in_space a $fix || fail "the fix is no command: $fix"
  wait_up
}

drops_by_default() {
  prepare
  rules a <<'END'
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    iifname "ct-*" accept
    ct state established,related accept
    udp dport 44100 accept
    jump more
  }
  chain more { tcp dport 4410 accept; }
}
END
  expect_check 'warning.*drops the cells from b: chain input of table inet filter, what none of its rules names'
  in_space a nft add rule inet filter more udp dport 4400-4420 accept
  check_a || fail "check: $(<"$WORK/check.out")"
  ! grep -q firewall "$WORK/check.out" || fail "check says: $(<"$WORK/check.out")"
  start_agents
}

# Cells that lose their mark are routed into the link that they are of: none goes round in it, and it is said why.
marks() {
  prepare
  start_agents
  start_capture wire ma
  rules a <<'END'
table ip mangle {
  chain output { type route hook output priority mangle; policy accept; udp dport 4410 meta mark set 0x0; }
}
END
  eventually 20 has_dropped_own || fail "cells go round in their own link: $(status a '.links[0].drops')"
  expect_doctor "^BAD .*changes the mark of the cells to b, .*meta mark set 0x0*0"
  eventually 20 is_down b || fail "the link is up without its cells"
  expect_doctor '^BAD .*link b: .*of its cells were led into the link itself'
  stop_capture wire any
  expect_same "anything but cells on the wire" "" \
    "$(captured wire "$BETWEEN and not $(cells_v4 1472 4410) and not $NEIGHBOURS" | head -n 3)"
  in_space a nft delete table ip mangle
  wait_up
}
has_dropped_own() { (($(drops a packet_own_cell) > 0)); }
is_down() { ! is_up "$1"; }

# Somebody on the way gives what b sends another port: no link takes it, and a says from where it comes.
port_rewritten() {
  prepare
  sed -i 's/^lanes = .*/&\njoining = true/' "$WORK/a.toml"
  in_space m nft -f - <<'END' || fail "no translation"
table bridge way {
  chain forward { type filter hook forward priority 0; policy accept; ether type ip iifname "mb" udp sport 4410 udp sport set 5555; }
}
END
  start_agent a
  start_agent b
  eventually 20 status a .node >/dev/null || fail "a does not start"
  eventually 20 status b .node >/dev/null || fail "b does not start"
  expect_doctor "^BAD .*datagrams for this node come from ${V4[b]}:5555, and peer b is at ${V4[b]}:4410: the port is rewritten"
}

# A kernel that cuts trains wrongly: they can be sent one by one; and who receives tells damage from too little time.
segmentation() {
  prepare "100 Mb/s"
  local node
  for node in a b; do in_space "$node" ethtool -K u0 tx on tx-udp-segmentation on >/dev/null; done
  start_agents
  start_capture whole ma
  eventually 10 has_trains whole || fail "no trains leave whole, so this test shows nothing"
  stop_capture whole any
  stop_agent a
  sed -i 's/^\[runtime\]/&\nsegmentation = false/' "$WORK/a.toml"
  start_agent a
  wait_up
  start_capture single ma
  sleep 2
  stop_capture single any
  expect "cells of a" "$(count_captured single "src host ${V4[a]} and udp port 4410")" '>' 100
  expect_same "trains of a" "" "$(captured single "src host ${V4[a]} and udp port 4410 and greater 1600" | head -n 2)"
}
has_trains() { (($(count_captured "$1" "src host ${V4[a]} and udp port 4410 and greater 1600") > 0)); }

wrong_checksums() {
  prepare
  start_agents
  # Bytes of a cell change on the way, and its checksum does not.
  in_space m nft -f - <<'END' || fail "nothing that damages"
table bridge way {
  chain forward { type filter hook forward priority 0; policy accept; ether type ip iifname "mb" udp dport 4410 @th,48,16 set 0x1234; }
}
END
  eventually 20 has_damaged || fail "wrong checksums are not counted: $(status a .guard)"
  expect_doctor '^BAD .*UDP datagrams came with a wrong checksum'
}
has_damaged() { (($(status a .guard.checksum_wrong) > 200)); }

run_case kubernetes
run_case strict_reverse_path 4
run_case strict_reverse_path 6
run_case drops_by_default
run_case marks
run_case port_rewritten
run_case segmentation
run_case wrong_checksums
finish
