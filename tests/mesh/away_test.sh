#!/bin/bash
# All monitors are away for ten minutes (AWAY_SECONDS): what was known stays in force, not a packet is lost, agents and
# cuttle-mesh start anew meanwhile, a machine's closed addresses stay closed, and whoever asks is told. Afterwards it
# goes on by itself.
# shellcheck source=tests/mesh/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

AWAY_SECONDS=${AWAY_SECONDS:-600}

begin_mesh h1 h2 h3
expect_links 20 h1 h2 h3
expect_links 20 h2 h1 h3
expect_links 20 h3 h1 h2
make_keyring h4
before=$(started h1 h2)

stop_monitor mon
away_since=$SECONDS
# h1 and h2 are left alone: their link must not notice. Not by a function: the signal below is for ping itself.
ip netns exec "$NET-h1" ping -q -i 0.05 -W 2 "$(address_of h2)" >"$WORK/ping" &
ping=$!
eventually 90 says h1 CUTTLE_MONITORS_AWAY || fail "h1 does not say that the monitors are away"

# h3 starts anew, all of it, with nobody to ask; a second time without its cuttle-mesh.
stop_mesh h3
stop_agent h3
start_agent h3
expect_links 20 h3 h1 h2
start_mesh h3
eventually 90 says h3 CUTTLE_MONITORS_AWAY || fail "h3 does not say that the monitors are away"
end_process KILL "${PIDS[h3.mesh]}"
end_process KILL "${PIDS[h3]}"
! reaches h3 h1 || fail "h3 reaches h1 beside its link"
start_agent h3
expect_links 20 h3 h1 h2
start_mesh h3

# Whoever joins now hears why it cannot, and leaves nothing.
before_join=$SECONDS
try_to_join h4
((STATUS != 0)) || fail "h4 joined with nobody to ask"
[[ ! -e $(config_of h4) ]] || fail "a join that failed left a configuration"
echo "a host that joined meanwhile was told after $((SECONDS - before_join)) s: $(tail -n 1 "$WORK/said")"

mesh h1 status --config "$(config_of h1)"
echo "cuttle mesh status meanwhile: status $STATUS: $(grep -m 1 -i 'monitor' "$WORK/said")"
while ((SECONDS - away_since < AWAY_SECONDS)); do
  sleep 5
  has_links h1 h2 h3 || fail "after $((SECONDS - away_since)) s h1 has: $(links h1)"
  has_links h2 h1 h3 || fail "after $((SECONDS - away_since)) s h2 has: $(links h2)"
  has_links h3 h1 h2 || fail "after $((SECONDS - away_since)) s h3 has: $(links h3)"
done
[[ $(started h1 h2) -gt $before ]] || fail "the link of h1 and h2 started anew"
kill -INT "$ping"
wait "$ping" || true
grep -q ' 0% packet loss' "$WORK/ping" || fail "while the monitors were away: $(<"$WORK/ping")"
echo "the monitors were away for $((SECONDS - away_since)) s: $(grep loss "$WORK/ping")"

start_monitor
back_since=$SECONDS
join_host h4
start_agent h4
start_mesh h4
expect_links 60 h4 h1 h2 h3
expect_links 60 h1 h2 h3 h4
echo "they are back: a host joined, known to all after $((SECONDS - back_since)) s"
