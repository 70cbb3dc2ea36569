#!/bin/bash
# Three hosts join by a real monitor, one after the other, and have links with each other; what a host's keyring can do
# and what it cannot; entries that are deleted. The rest is long_test.sh.
# shellcheck source=tests/mesh/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# refused WHO COMMAND...: by the monitor.
refused() {
  local said
  ! said=$(as "$@" 2>&1) || fail "$1 may: ${*:2}"
  [[ $said == *EACCES* ]] || fail "$1: ${*:2}: $said"
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
# The first began without a peer; a queue keeps time for it nevertheless.
by_queue() { "$CUTTLE" status --socket "$WORK/h1.sock" --json | jq -e 'all(.links[]; .release != "thread")' >/dev/null; }
by_queue || fail "no queue keeps time for the host that was first: $("$CUTTLE" status --socket "$WORK/h1.sock" --json)"
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
attempts=()
while read -r words; do
  # shellcheck disable=SC2086  # words are meant
  refused h1 $words &
  attempts+=($!)
done <<'END'
config-key set cuttle/peer/h2 {}
config-key set cuttle/peer/h10 {}
config-key rm cuttle/peer/h2
config-key set cuttle/revoked/h2 {}
config-key set cuttle/mesh {}
config-key get dm-crypt/osd
config-key dump
config-key dump cuttle/
config-key dump mgr/
config-key ls
auth get client.admin
config dump
osd blocklist ls
END
for attempt in "${attempts[@]}"; do wait "$attempt" || fail "a host's keyring can do too much"; done
echo "a host's keyring can do what it should, and nothing else"

# The store loses everything: the links go on, and each host puts its own entry back.
for host in h1 h2 h3; do admin config-key rm "cuttle/peer/$host" 2>/dev/null; done
all_back() { [[ $(admin config-key ls | grep -c cuttle/peer/) == 3 ]]; }
eventually 15 all_back || fail "not all entries came back: $(admin config-key ls)"
expect_links 1 h1 h2 h3
echo "entries that were deleted came back; the links went on"
