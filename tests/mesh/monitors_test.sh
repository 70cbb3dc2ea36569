#!/bin/bash
# One monitor of three is lost, each in turn, killed or silent: hosts still join, and those that are there hear of it.
# With two lost there is nobody to ask: what was known stays in force.
MONITORS="mon monb monc"
# shellcheck source=tests/mesh/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

up() { ip -n "$NET-$1" link set dev u0 up; }
silent() { ip -n "$NET-$1" link set dev u0 down; } # no connection of its ends: nothing comes any more
in_quorum() { [[ $(admin quorum_status -f json 2>/dev/null | jq '.quorum | length') == "$1" ]]; }
others() { # HOST HOSTS...: all but the first
  local host
  for host in "${@:2}"; do [[ $host == "$1" ]] || echo "$host"; done
}
# expect_all SECONDS HOSTS...: each has links with all others.
expect_all() {
  local host peers
  for host in "${@:2}"; do
    mapfile -t peers < <(others "$host" "${@:2}")
    expect_links "$1" "$host" "${peers[@]}"
  done
}

make_network
make_monitor
start_monitor
eventually 60 in_quorum 3 || fail "the three monitors do not find each other: $(admin quorum_status -f json)"
in_space mon "$CUTTLE" mesh init "${ADMIN[@]}" --network 10.98.0.0/24 --rate "20 Mb/s" --host h1 >/dev/null
bring_in h1
bring_in h2
expect_all 20 h1 h2

# --- the leader is killed
stop_monitor mon
eventually 60 in_quorum 2 || fail "two monitors do not go on"
make_keyring h3
before=$SECONDS
join_host h3
start_agent h3
start_mesh h3
expect_all 15 h1 h2 h3
echo "a monitor was killed; a host joined, known to all after $((SECONDS - before)) s"
start_monitor mon
eventually 60 in_quorum 3 || fail "the monitor does not come back"

# --- another one falls silent: whoever asked it has to find that out
ADMIN_AT=mon
silent monb
eventually 90 in_quorum 2 || fail "two monitors do not go on"
before=$SECONDS
bring_in h4
expect_all 60 h1 h2 h3 h4
echo "a monitor fell silent; a host joined, known to all after $((SECONDS - before)) s"

# --- one more: no quorum
stop_monitor monc
eventually 90 says h1 CUTTLE_MONITORS_AWAY || fail "h1 does not say that the monitors are away"
expect_all 1 h1 h2 h3 h4
up monb
eventually 90 in_quorum 2 || fail "the monitor that was silent does not come back"
bring_in h5
expect_all 60 h1 h2 h3 h4 h5
start_monitor monc
echo "two of three were lost; what was known stayed in force, and it went on when one was back"
