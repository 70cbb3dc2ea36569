#!/bin/bash
# What a host believes, with a real monitor: one that comes and goes, entries that are none, keys that change, keys that
# are renewed, revocation, another host's address, and a monitor that is away.
# shellcheck source=tests/mesh/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

begin_mesh h1 h2 h3
expect_links 20 h1 h2 h3
expect_links 20 h3 h1 h2

# --- one that comes later, and goes
bring_in h4
expect_links 15 h1 h2 h3 h4
expect_links 15 h2 h1 h3 h4 # what follows is for those that knew it
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

# --- what is no entry
good=$(admin config-key get cuttle/peer/h2)
stop_mesh h2
head -c 65000 /dev/zero | tr '\0' x >"$WORK/long"
head -c 300 /dev/urandom >"$WORK/binary"
echo '{"version":9}' >"$WORK/later"
echo 'no JSON' >"$WORK/text"
for bad in long binary later text; do
  : >"$WORK/h1.mesh.log"
  admin config-key set cuttle/peer/h2 -i "$WORK/$bad" 2>/dev/null
  eventually 10 says h1 'CUTTLE_ENTRY_BAD h2: .*stays in force' || fail "h1 says nothing of an entry that is $bad"
  has_links h1 h2 h3 || fail "an entry that is $bad: $(links h1)"
done
admin config-key set cuttle/peer/h2 "$good" 2>/dev/null
start_mesh h2
eventually 10 shows h1 "^  h2 .* up" || fail "$(<"$WORK/said")"
echo "what is no entry is said, and changes nothing"

# --- another key for a known host, until it is accepted
stop_mesh h2
stop_agent h2
rm -rf "$WORK/h2/etc" "$WORK/h2/state"
mesh h2 join --host h2 --no-systemd --folder "$WORK/h2/etc" --state "$WORK/h2/state" --conf "$WORK/ceph.conf" \
  --keyring "$WORK/client.cuttle.h2.keyring" --control-socket "$WORK/h2.sock"
((STATUS != 0)) || fail "h2 joined over an entry with another identity"
join_host h2 --again
start_agent h2
start_mesh h2
eventually 15 shows h1 'CUTTLE_KEY_CHANGED h2' || fail "h1 does not say that h2 has another key: $(<"$WORK/said")"
# The old one is up until nothing was heard of it for a second.
is_down() { ! has_links h1 h2 h3; }
eventually 5 is_down || fail "h1 has a link with a key that nobody accepted"
sleep 2
is_down || fail "h1 has a link with a key that nobody accepted"
told() {
  local state
  state=$(admin config-key get cuttle/state/h1 2>/dev/null)
  [[ $(jq -r '.problems[] | .code + " " + .fix' <<<"$state") == 'CUTTLE_KEY_CHANGED cuttle mesh accept h2' ]]
}
eventually 20 told || fail "h1 does not tell the manager: $(admin config-key get cuttle/state/h1)"
# Whoever accepts says which: the store may serve another's.
identity_of() { admin config-key get "cuttle/peer/$1" 2>/dev/null | jq -r .identity; }
accept() { # BY HOST
  mesh_good "$1" accept --identity "$(identity_of "$2" | cut -c1-12)" "$2" --config "$(config_of "$1")"
}
mesh h1 accept h2 --config "$(config_of h1)" </dev/null
((STATUS == 1)) || fail "accepted, and nobody was asked: $(<"$WORK/said")"
mesh h1 accept --identity "$(identity_of h3)" h2 --config "$(config_of h1)" </dev/null
((STATUS == 1)) || fail "accepted, and another was meant: $(<"$WORK/said")"
is_down || fail "h1 has a link with a key that nobody accepted"
accept h1 h2
accept h3 h2
expect_links 20 h1 h2 h3
echo "another key was refused, shown, and accepted"

# --- a key is renewed: not a packet lost meanwhile
# Not by a function: the signal below is for ping itself.
ip netns exec "$NET-h1" ping -q -i 0.05 -W 2 "$(address_of h2)" >"$WORK/ping" &
ping=$!
before=$(<"$WORK/h2/etc/h2.key")
mesh_good h2 rotate --config "$(config_of h2)"
[[ $before != "$(<"$WORK/h2/etc/h2.key")" ]] || fail "the key is the same"
key=$("$CUTTLE" pubkey <"$WORK/h2/etc/h2.key")
number=$(admin config-key get cuttle/peer/h2 2>/dev/null | jq .counter)
[[ $(<"$WORK/h2/etc/h2.number") == *" $number" ]] || fail "root notes $(<"$WORK/h2/etc/h2.number"), and published $number"
renewed() { "$CUTTLE" status --socket "$WORK/h1.sock" --json | jq -e --arg key "$key" '.links[] | select(.name == "h2") | .session_peer_key == $key' >/dev/null; }
eventually 20 renewed || fail "the session of h1 is not agreed with the new key"
sleep 2
kill -INT "$ping"
wait "$ping" || true
grep -q ' 0% packet loss' "$WORK/ping" || fail "while the key changed: $(<"$WORK/ping")"
echo "a key was renewed: $(grep loss "$WORK/ping")"

# --- revoked: its links end, the others' go on
before=$(started h1 h2)
in_space mon "$CUTTLE" mesh revoke h3 "${ADMIN[@]}" >/dev/null
expect_links 15 h1 h2
expect_links 15 h2 h1
! reaches h1 h3 || fail "h1 reaches one that was revoked"
[[ $(started h1 h2) -gt $before ]] || fail "the link of h1 and h2 started anew"
admin config-key rm cuttle/revoked/h3 2>/dev/null
eventually 15 shows h1 'CUTTLE_REVOKED h3' || fail "$(<"$WORK/said")"
has_links h1 h2 || fail "one that was revoked came back by itself: $(links h1)"
accept h1 h3
accept h2 h3
expect_links 20 h1 h2 h3
echo "a host was revoked, and taken back by the operator's word"

# --- another host's address
jq -c '.addresses = ["10.98.0.2"]' <<<"$(admin config-key get cuttle/peer/h2)" >"$WORK/forged"
as h4 config-key set cuttle/peer/h4 -i "$WORK/forged" 2>/dev/null
eventually 15 says h1 'CUTTLE_ENTRY_BAD h4' || fail "h1 does not say that an entry is forged"
sleep 1
has_links h1 h2 h3 || fail "a forged entry: $(links h1)"
admin config-key rm cuttle/peer/h4 2>/dev/null

# --- the monitor is away, and the agents start anew meanwhile
stop_monitor mon
stop_agent h1
stop_mesh h1
start_agent h1
start_mesh h1
expect_links 20 h1 h2 h3
eventually 60 says h1 CUTTLE_MONITORS_AWAY || fail "h1 does not say that the monitor is away"
start_monitor
eventually 60 shows h1 '^  h3 .* up' || fail "$(<"$WORK/said")"
expect_links 10 h1 h2 h3
echo "the monitor was away; what was known stayed in force"

# --- files for those who go on by hand
in_space mon "$CUTTLE" mesh export "${ADMIN[@]}" --folder "$WORK/nodes" >/dev/null
cp "$WORK/h1/etc/h1.key" "$WORK/nodes/h1/"
in_space h1 "$CUTTLE" check --file-only "$WORK/nodes/h1/h1.toml" >/dev/null || fail "what export wrote is no good configuration"
[[ $(grep -c '^\[\[peer\]\]' "$WORK/nodes/h1/h1.toml") == 2 ]] || fail "$(<"$WORK/nodes/h1/h1.toml")"
echo "export writes the files"
