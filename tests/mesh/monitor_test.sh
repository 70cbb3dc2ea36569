#!/bin/bash
# Three hosts join by a real monitor, one after the other, and have links with each other; what a host's keyring can do
# and what it cannot; entries that are deleted. The rest is long_test.sh.
# shellcheck source=tests/mesh/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# ask HOST: what the monitor answers to the commands on stdin, JSON each, with that host's keyring: a status a line.
ask() {
  jq -c '{to: "mon", command: .}' | in_space "$1" timeout 60 "$(dirname "$CUTTLE")/../trace/client/cuttle-trace-client" \
    control --conf "$WORK/ceph.conf" --name "client.cuttle.$1" --timeout 30 | jq .status | sed 1d
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
may=$(ask h1 <<'END'
{"prefix": "config-key set", "key": "cuttle/state/h1", "val": "{}"}
{"prefix": "config-key get", "key": "cuttle/peer/h2"}
{"prefix": "config-key dump", "key": "cuttle/peer/"}
{"prefix": "osd dump"}
END
)
[[ $may == $'0\n0\n0\n0' ]] || fail "a host's keyring may not what it has to: $may"
may_not=$(ask h1 <<'END'
{"prefix": "config-key set", "key": "cuttle/peer/h2", "val": "{}"}
{"prefix": "config-key set", "key": "cuttle/peer/h10", "val": "{}"}
{"prefix": "config-key rm", "key": "cuttle/peer/h2"}
{"prefix": "config-key set", "key": "cuttle/revoked/h2", "val": "{}"}
{"prefix": "config-key set", "key": "cuttle/mesh", "val": "{}"}
{"prefix": "config-key get", "key": "dm-crypt/osd"}
{"prefix": "config-key exists", "key": "dm-crypt/osd"}
{"prefix": "config-key dump"}
{"prefix": "config-key dump", "key": "cuttle/"}
{"prefix": "config-key dump", "key": "mgr/"}
{"prefix": "config-key ls"}
{"prefix": "auth get", "entity": "client.admin"}
{"prefix": "config dump"}
{"prefix": "osd blocklist ls"}
END
)
[[ $(sort <<<"$may_not" | uniq -c | tr -d ' ') == 14-13 ]] || fail "of what a host's keyring may not, not all is EACCES: $may_not"
echo "a host's keyring can do what it should, and nothing else"

# The store loses everything: the links go on, and each host puts its own entry back.
for host in h1 h2 h3; do admin config-key rm "cuttle/peer/$host" 2>/dev/null; done
all_back() { [[ $(admin config-key ls | grep -c cuttle/peer/) == 3 ]]; }
eventually 15 all_back || fail "not all entries came back: $(admin config-key ls)"
expect_links 1 h1 h2 h3
echo "entries that were deleted came back; the links went on"

# Whoever is cuttle-mesh on a host puts an old entry of it back and takes the store's away: root proves no number twice.
proved() { admin config-key get cuttle/peer/h3 2>/dev/null | jq .counter; }
stop_mesh h3
cp "$WORK/h3/state/h3.entry.json" "$WORK/old"
join_host h3 --again
last=$(proved)
[[ $(stat -c %a "$WORK/h3/etc/h3.number") == 600 ]] || fail "root's note of the number: $(ls -l "$WORK/h3/etc")"
cp "$WORK/old" "$WORK/h3/state/h3.entry.json"
admin config-key rm cuttle/peer/h3 2>/dev/null
for word in rotate "leave --no-systemd"; do
  # shellcheck disable=SC2086
  mesh h3 $word --config "$(config_of h3)"
  ((STATUS == 1)) || fail "an old entry was put back, and $word goes on from it: $(<"$WORK/said")"
  grep -q "it has proved a later one, $last: .*join --again" "$WORK/said" || fail "$word says: $(<"$WORK/said")"
done
join_host h3 --again
(($(proved) > last)) || fail "the number $(proved) was proved before, up to $last"
# Nor is it nobody whom this host knows where that cannot be read: then nobody would be waited for.
mv "$WORK/h3/state/h3.known.json" "$WORK/known"
echo '{' >"$WORK/h3/state/h3.known.json"
before=$(<"$WORK/h3/etc/h3.key")
mesh h3 rotate --config "$(config_of h3)"
((STATUS == 1)) || fail "rotate goes on though known.json cannot be read: $(<"$WORK/said")"
grep -q 'the old key stays in use: .*h3.known.json' "$WORK/said" || fail "rotate says: $(<"$WORK/said")"
[[ $before == "$(<"$WORK/h3/etc/h3.key")" ]] || fail "the key was changed"
mv "$WORK/known" "$WORK/h3/state/h3.known.json"
rm "$WORK/h3/etc/h3.key.next"
join_host h3 --again
start_mesh h3
expect_links 15 h3 h1 h2
expect_links 15 h1 h2 h3
echo "an old entry that was put back brings no old number"

# Joining again loses nothing that root wrote: it stays, or it is refused.
config=$(config_of h1)
grep -q '^renew_preshared = "86400 s"' "$config" || fail "a host that joins does not renew preshared keys: $(<"$config")"
sed -i '/^renew_preshared/d' "$config"
cp "$config" "$WORK/good"
in_space mon "$CUTTLE" mesh genkey --key "$WORK/signing" >"$WORK/signing.pub"
printf 'signing_key = "%s"\n' "$(<"$WORK/signing.pub")" >>"$config" # [mesh] is the last table
printf '[[peer]]\nname = "own"\npublic_key = "%s"\nendpoint = "10.98.0.77:4410"\nredirect = ["10.98.0.77"]\n' \
  "$("$CUTTLE" genkey | "$CUTTLE" pubkey)" >"$WORK/own"
cp "$config" "$WORK/signed"
cat "$WORK/own" >>"$config"
cp "$config" "$WORK/edited"
try_to_join h1 --again
((STATUS != 0)) || fail "joining again takes no notice of root's own peer"
grep -q 'has \[\[peer\]\] of root' "$WORK/said" || fail "joining again says of root's own peer: $(<"$WORK/said")"
cmp "$config" "$WORK/edited" || fail "joining again changed root's file"
cp "$WORK/signed" "$config"
join_host h1 --again
grep -qF "signing_key = \"$(<"$WORK/signing.pub")\"" "$config" || fail "the signing key is gone: $(<"$config")"
! grep -q '^renew_preshared' "$config" || fail "joining again renews preshared keys, though root does not"
has_links h1 h2 h3 || fail "joining again: $(links h1)"
echo "joining again loses nothing"

# The operator signs what he means, and nothing that he was not asked for.
signed() { admin config-key get cuttle/peer/h2 2>/dev/null | jq -e .signature >/dev/null; }
identity=$(admin config-key get cuttle/peer/h2 2>/dev/null | jq -r .identity)
sign() { in_space mon "$CUTTLE" mesh sign "${ADMIN[@]}" --key "$WORK/signing" "$@" h2 </dev/null >"$WORK/said" 2>&1; }
! sign || fail "signed, and nobody was asked"
! sign --identity "${identity:1}" || fail "signed, and another was meant"
! sign --identity "${identity:0:5}" || fail "signed, and many could have been meant"
! signed || fail "an entry is signed though nobody agreed"
sign --identity "${identity:0:12}" || fail "$(<"$WORK/said")"
signed || fail "the entry is not signed"
echo "signed once it was meant"
