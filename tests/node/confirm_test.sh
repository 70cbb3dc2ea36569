#!/bin/bash
# `cuttle up --confirm TIME`: nobody locks himself out. Unless `cuttle confirm` comes in time, the machine is as it
# was before; also when the agent is stopped, or crashes, on trial.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# on_trial TIME: a alone; b has no agent, as when an operator begins.
on_trial() {
  network
  connect
  RATE="20 Mb/s" configure
  machine_state a >"$WORK/before"
  start_agent a --confirm "$1"
  eventually 20 answers || fail "the agent does not answer"
  is_closed || fail "b answers although a is closed"
}
answers() { [[ $(status a .node 2>/dev/null) == a ]]; }
is_closed() {
  ! in_space a ping -q -c 1 -W 1 "${V4[b]}" >/dev/null 2>&1
}
is_as_before() { [[ $(machine_state a) == "$(<"$WORK/before")" ]]; }
expect_taken_back() {
  eventually 20 is_as_before || expect_same "the machine afterwards" "$(<"$WORK/before")" "$(machine_state a)"
  in_space a timeout 10 ping -q -c 2 -i 0.1 "${V4[b]}" >/dev/null || fail "b does not answer after all"
}
agent_ended() { process_ended "$(<"$WORK/a.pid")"; }
confirm() { in_space a timeout 10 "$CUTTLE" confirm --socket "$WORK/a.sock"; }

not_confirmed() {
  on_trial 3s
  eventually 20 agent_ended || fail "the agent goes on"
  grep -q 'nobody confirmed within 3 s: everything is taken back' "$WORK/a.log" || fail "it does not say why"
  expect_taken_back
}

confirmed() {
  on_trial 3s
  confirm || fail "confirm failed"
  sleep 4
  answers || fail "the agent ended though confirmed"
  ! confirm 2>"$WORK/again" || fail "there was nothing to confirm"
  grep -q 'not on trial' "$WORK/again" || fail "confirm says: $(<"$WORK/again")"
  # From now on it is an agent like any other: what it closed stays closed.
  stop_agent a KILL
  sleep 0.5
  is_closed || fail "b answers after the agent's end"
}

stopped_on_trial() {
  on_trial 60s
  stop_agent a TERM
  expect_taken_back
}

crashed_on_trial() {
  on_trial 60s
  stop_agent a KILL
  expect_taken_back
}

# A node that was closed is not opened by a trial, however that ends.
closed_before() { # HOW IT ENDS
  network
  connect
  RATE="20 Mb/s" configure
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  is_closed || fail "b answers after 'cuttle close'"
  machine_state a >"$WORK/before"
  start_agent a --confirm 3s
  eventually 20 answers || fail "the agent does not answer"
  [[ $1 == not_confirmed ]] || stop_agent a KILL
  eventually 20 agent_ended || fail "the agent goes on"
  eventually 20 is_as_before || expect_same "the machine afterwards" "$(<"$WORK/before")" "$(machine_state a)"
  is_closed || fail "b answers after the trial"
}

# Nor by one whose file closes less.
closed_with_another_file() { # LINE in place of `redirect`
  network
  connect
  RATE="20 Mb/s" configure
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  sed -i "s|^redirect = .*|$1|" "$WORK/a.toml"
  start_agent a --confirm 2s
  eventually 20 answers || fail "the agent does not answer"
  eventually 20 agent_ended || fail "the agent goes on"
  is_closed || fail "b answers after the trial"
}

# Guard and lock alone closed: the guard knows what, the lock does not, and then no trial begins.
closed_by_the_guard_alone() {
  network
  connect
  RATE="20 Mb/s" configure
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  sed -i 's|^redirect = .*|redirect = ["10.98.0.7"]|' "$WORK/a.toml"
  remove_rules_and_routes
  start_agent a --confirm 2s
  eventually 20 answers || fail "the agent does not answer"
  eventually 20 agent_ended || fail "the agent goes on"
  is_closed || fail "b answers after the trial"
  remove_rules_and_routes
  in_space a nft delete table inet cuttle
  is_closed || fail "b answers, though the lock is there"
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" --confirm 1s >"$WORK/refused" 2>&1 ||
    fail "a trial begins, though nobody knows what was closed"
  grep -q 'only the lock' "$WORK/refused" || fail "it says: $(<"$WORK/refused")"
  is_closed || fail "b answers after the trial that was refused"
}

# What was closed under another file opens with a start that is over, and with nothing before it.
closed_whatever_fails() { # LINE in place of `redirect`, HOW IT STARTS
  local family
  network
  connect
  RATE="20 Mb/s" configure
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  sed -i "s/^redirect = .*/$1/" "$WORK/a.toml"
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  for family in -4 -6; do ip -n "$NET-a" "$family" rule del pref 100; done
  is_closed || fail "'cuttle close' with another file took b out of the guard"
  # Somebody has the port.
  ip netns exec "$NET-a" timeout 60 python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 4410)); time.sleep(50)' "${V4[a]}" &
  PORT=$!
  eventually 5 port_is_taken || fail "nobody has the port"
  # shellcheck disable=SC2086
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" $2 >"$WORK/refused" 2>&1 || fail "it starts"
  is_closed || fail "b answers after a start that failed: $(<"$WORK/refused")"
  kill "$PORT"
  wait "$PORT" || true
  [[ -z $2 ]] || return 0
  start_agent a
  eventually 20 is_open || fail "b is still closed, though the file does not say so and the start is over"
}
is_open() { ! is_closed; }
port_is_taken() { [[ -n $(in_space a ss -Huanp "sport = :4410") ]]; }

# Of a peer of which certain ports were closed the others stay open.
closed_ports_before() {
  network
  connect
  RATE="20 Mb/s" configure
  sed -i '/^redirect = /a ports = ["3300", "udp 6800-7300"]' "$WORK/a.toml"
  in_space a "$CUTTLE" close --config "$WORK/a.toml"
  machine_state a >"$WORK/before"
  ! is_closed || fail "b does not answer, though pings have no port"
  start_agent a --confirm 2s
  eventually 20 answers || fail "the agent does not answer"
  [[ $1 == not_confirmed ]] || stop_agent a KILL
  eventually 20 agent_ended || fail "the agent goes on"
  eventually 20 is_as_before || expect_same "the machine afterwards" "$(<"$WORK/before")" "$(machine_state a)"
  ! is_closed || fail "b does not answer after the trial"
}

# There is one guard and one lock in a network namespace.
one_node_alone() {
  network
  connect
  RATE="20 Mb/s" configure
  start_agent a
  eventually 20 answers || fail "the agent does not answer"
  sed 's|^name = "a"|name = "other"|; s|^name = "b"|name = "c"|; s|a.sock|other.sock|; /^listen/s|:4410|:4420|' \
    "$WORK/a.toml" >"$WORK/other.toml"
  chmod 600 "$WORK/other.toml"
  machine_state a >"$WORK/before"
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/other.toml" >"$WORK/refused" 2>&1 || fail "a second node starts"
  grep -q 'another node here' "$WORK/refused" || fail "it says: $(<"$WORK/refused")"
  is_as_before || expect_same "the machine afterwards" "$(<"$WORK/before")" "$(machine_state a)"
}

no_such_time() {
  local value status
  network
  RATE="20 Mb/s" configure
  machine_state a >"$WORK/before"
  for value in soon 0s -1s 2h 60; do
    status=0
    in_space a timeout 10 "$CUTTLE" up --config "$WORK/a.toml" "--confirm=$value" 2>"$WORK/refused" || status=$?
    expect_same "exit status for $value" 2 "$status"
    grep -q "write 60s" "$WORK/refused" || fail "it says: $(<"$WORK/refused")"
  done
  is_as_before || fail "something was changed"
}

for case in not_confirmed confirmed stopped_on_trial crashed_on_trial no_such_time; do run_case "$case"; done
for how in not_confirmed crashed; do run_case closed_before "$how"; done
run_case closed_with_another_file 'redirect = ["10.99.0.2"]\nports = ["3300"]'
run_case closed_with_another_file 'redirect = ["10.98.0.7"]'
run_case closed_by_the_guard_alone
for how in "" "--confirm 10s"; do
  run_case closed_whatever_fails 'redirect = ["10.98.0.7"]' "$how"
  run_case closed_whatever_fails 'redirect = ["10.99.0.2", "fd99::2"]\nports = ["3300"]' "$how"
done
for how in not_confirmed crashed; do run_case closed_ports_before "$how"; done
run_case one_node_alone
finish
