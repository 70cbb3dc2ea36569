#!/bin/bash
# Three hosts join by a real monitor, one after the other, and have links with each other; one that joins later and
# leaves; what a host's keyring can do and what it cannot. The rest is long_test.sh.
# shellcheck source=tests/mesh/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# refused WHO COMMAND...: by the monitor.
refused() {
  ! as "$@" >"$WORK/said" 2>&1 || fail "$1 may: ${*:2}"
  grep -q 'EACCES\|access denied\|Permission denied' "$WORK/said" || fail "$1: ${*:2}: $(<"$WORK/said")"
}

make_network
make_monitor
start_monitor
in_space mon "$CUTTLE" mesh init "${ADMIN[@]}" --network 10.98.0.0/24 --rate "20 Mb/s" --host h1 >/dev/null

bring_in h1
[[ -z $(links h1) ]] || fail "the first host has links: $(links h1)"
bring_in h2
expect_links 15 h1 h2
expect_links 15 h2 h1
bring_in h3
expect_links 15 h1 h2 h3
expect_links 15 h2 h1 h3
expect_links 15 h3 h1 h2
reaches h1 h3 || fail "h1 does not reach h3"
echo "three hosts, all links up"

# No private key but a host's own, in none of the files.
for host in h1 h2 h3; do
  for kind in key identity; do
    found=$(grep -rlF "$(<"$WORK/$host/etc/$host.$kind")" "$WORK"/h? "$WORK/mon" 2>/dev/null)
    [[ $found == "$WORK/$host/etc/$host.$kind" ]] || fail "the $kind of $host is in: $found"
  done
done

# The keyring: its own entry, exactly; the others' to read; nothing else.
as h1 config-key set cuttle/state/h1 '{}' >/dev/null 2>&1 || fail "h1 may not write its own state"
as h1 config-key dump cuttle/peer/ >/dev/null || fail "h1 may not read the others' entries"
refused h1 config-key set cuttle/peer/h2 '{}'
refused h1 config-key set cuttle/peer/h10 '{}'
refused h1 config-key rm cuttle/peer/h2
refused h1 config-key set cuttle/revoked/h2 '{}'
refused h1 config-key set cuttle/mesh '{}'
refused h1 config-key get dm-crypt/osd
refused h1 config-key dump
refused h1 config-key dump mgr/
refused h1 config-key ls
refused h1 auth get client.admin
refused h1 config dump
refused h1 osd blocklist ls
echo "a host's keyring can do what it should, and nothing else"

# The store loses everything: the links go on, and each host puts its own entry back.
for host in h1 h2 h3; do admin config-key rm "cuttle/peer/$host" 2>/dev/null; done
all_back() { [[ $(admin config-key ls | grep -c cuttle/peer/) == 3 ]]; }
eventually 15 all_back || fail "not all entries came back: $(admin config-key ls)"
expect_links 1 h1 h2 h3
echo "entries that were deleted came back; the links went on"

# One that comes later, and goes.
bring_in h4
expect_links 15 h1 h2 h3 h4
mesh_good h4 leave --no-systemd --config "$(config_of h4)"
expect_links 15 h1 h2 h3
expect_links 15 h3 h1 h2
stop_mesh h4
stop_agent h4
in_space h4 "$CUTTLE" down --config "$(config_of h4)"
! reaches h1 h4 || fail "the addresses of one that left are open"
mesh_good h1 forget h4 --config "$(config_of h1)"
eventually 15 reaches h1 h4 || fail "h4 is forgotten, and still closed"
! reaches h2 h4 || fail "what h1 forgot is open on h2"
echo "a fourth joined and left; its addresses stay closed until they are forgotten"
