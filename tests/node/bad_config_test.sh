#!/bin/bash
# What `cuttle up` refuses, it refuses before it changes anything: one clear line, exit status 2, the machine as it
# was. (What can be wrong inside the file itself is tested in tests/config; here is one of each kind.)
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# The other end stays without an agent. Most cases only need to change a line of a's configuration.
prepare() {
  network
  connect
  RATE="20 Mb/s" configure
}
change() { # SED_SCRIPT
  sed -i "$1" "$WORK/a.toml"
  ! cmp -s "$WORK/a.toml" "$WORK/good.toml" || fail "the test changed nothing: $1"
}

# expect_refused STATUS PATTERN COMMAND...: one line on stderr that matches; nothing else happens.
expect_refused() {
  local status=0 before
  before=$(machine_state a)
  in_space a timeout 20 "${@:3}" >"$WORK/refused.out" 2>"$WORK/refused" || status=$?
  sed 's/^/  /' "$WORK/refused"
  expect_same "exit status" "$1" "$status"
  expect_same "lines on stderr" 1 "$(wc -l <"$WORK/refused")"
  grep -qE -- "$2" "$WORK/refused" || fail "the line does not match: $2"
  expect_same "the machine afterwards" "$before" "$(machine_state a)"
  [[ ! -e $WORK/a.sock ]] || fail "there is a control socket"
}
refused() { # PATTERN
  expect_refused 2 "$1" "$CUTTLE" up --config "$WORK/a.toml"
}

in_the_file() {
  local line script
  prepare
  cp "$WORK/a.toml" "$WORK/good.toml"
  while IFS='|' read -r script line; do
    cp "$WORK/good.toml" "$WORK/a.toml"
    change "$script"
    refused "$line"
  done <<'END'
s/^slot =/slto =/|a.toml:9: shape.slto: .*unknown key; did you mean "slot"
s/"10.99.0.2", /"10.99.0.256", /|a.toml:[0-9]+: peer.b.redirect\[0\] = "10.99.0.256"
s/"10.99.0.2", /"10.99.0.2\/31", "10.99.0.2", /|a.toml:[0-9]+: .*10.99.0.2.*overlaps 10.99.0.2\/31
s/"10.99.0.2", /"10.99.0.0\/24", /|a.toml:[0-9]+: .*covers this node's own address 10.99.0.1
s/^rate = .*/rate = "1 kb\/s"/|a.toml:[0-9]+: .*rate.*
s/^slot = .*/slot = "1 ns"/|a.toml:[0-9]+: .*slot.*
s/^\[runtime\]/[runtime]\ndriver = "magic"/|a.toml:[0-9]+: .*driver.*native
s/a\.key"/nowhere.key"/|a.toml:3: .*nowhere.key.*
END
}

key_others_can_read() {
  prepare
  chmod 644 "$WORK/a.key"
  refused 'a.toml:3: .*a\.key.*chmod'
}

capability() {
  prepare
  expect_refused 2 CAP_NET_ADMIN setpriv --bounding-set -net_admin "$CUTTLE" up --config "$WORK/a.toml"
}

cell_too_large() {
  prepare
  ip -n "$NET-a" link set dev u0 mtu 1400
  refused 'a.toml:[0-9]+: .*cell of 1472 bytes.*MTU.*u0.*at most 1372'
}

address_of_nobody() {
  prepare
  change 's/^listen = .*/listen = "10.99.0.77:4410"/'
  refused 'a.toml:4: .*10.99.0.77 is no address of this machine'
}

strict_reverse_path_filter() {
  prepare
  in_space a sysctl -qw net.ipv4.conf.u0.rp_filter=1
  refused 'reverse-path filtering on u0 .*sysctl -w'
}

interface_of_somebody_else() {
  prepare
  ip -n "$NET-a" link add ct-b type veth peer name other
  refused 'interface ct-b exists'
}

no_configuration() {
  prepare
  rm "$WORK/a.toml"
  refused 'a.toml: '
}

port_taken() {
  prepare
  in_space a timeout 20 "$CUTTLE_TOOLS/sequence" receive --port 4410 >/dev/null &
  local holder=$!
  eventually 5 holds_port a || fail "the port is not taken"
  expect_refused 1 '4410' "$CUTTLE" up --config "$WORK/a.toml"
  kill "$holder"
}
holds_port() { # NODE
  [[ -n $(in_space "$1" ss -Hlun "sport = :4410") ]]
}

keys_file_in_no_folder() {
  prepare
  expect_refused 1 '--debug-keys .*/nowhere/keys' "$CUTTLE" up --config "$WORK/a.toml" --debug-keys "$WORK/nowhere/keys"
}

second_agent() {
  local before status=0
  prepare
  start_agents
  before=$(machine_state a)
  in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" >"$WORK/second.out" 2>"$WORK/second" || status=$?
  sed 's/^/  /' "$WORK/second"
  expect "exit status" "$status" '>' 0
  expect_same "lines on stderr" 1 "$(wc -l <"$WORK/second")"
  grep -q "$WORK/a.sock" "$WORK/second" || fail "the line does not name the socket"
  expect_same "the machine afterwards" "$before" "$(machine_state a)"
  in_space a timeout 10 ping -q -c 3 -i 0.05 "${V4[b]}" >/dev/null || fail "the first agent was disturbed"
  is_up a || fail "the first agent does not answer"
}

# Whatever the file says by now, and whatever is left of what the running agent set up: it keeps it.
second_agent_with_another_file() {
  local before family
  prepare
  start_agents
  before=$(machine_state a)
  sed -i 's/^\[shape\]/firewall_mark = 77\nroute_table = 5000\n&/' "$WORK/a.toml"
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" 2>"$WORK/second" || fail "a second agent starts"
  grep -q 'another agent answers' "$WORK/second" || fail "it says: $(<"$WORK/second")"
  expect_same "the machine afterwards" "$before" "$(machine_state a)"
  sed -i "s|^control_socket = .*|control_socket = \"$WORK/other.sock\"|" "$WORK/a.toml"
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" 2>"$WORK/second" || fail "a second agent starts"
  grep -q "interface ct-b is held by process $(<"$WORK/a.pid")" "$WORK/second" || fail "it says: $(<"$WORK/second")"
  expect_same "the machine afterwards" "$before" "$(machine_state a)"
  write_config a
  # Stopped, so that it does not put back what is taken away under it.
  kill -STOP "$(<"$WORK/a.pid")"
  in_space a nft flush ruleset
  for family in -4 -6; do
    ip -n "$NET-a" "$family" rule del pref 100
    ip -n "$NET-a" "$family" route flush table 4410
  done
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" 2>"$WORK/second" || fail "a second agent starts"
  ip -n "$NET-a" link show dev ct-b >/dev/null || fail "the start that failed took the agent's interface away"
  kill -CONT "$(<"$WORK/a.pid")"
}

# Shapes that are known to tell are not refused, but named; the default is not.
shapes_that_tell() {
  prepare
  cp "$WORK/a.toml" "$WORK/good.toml"
  check_says() { in_space a "$CUTTLE" check "$WORK/a.toml" 2>&1 | grep -c -- "$1" || true; }
  expect_same "the default is good" 1 "$(check_says 'good; node a')"
  expect_same "warnings of the default" 0 "$(check_says 'hides\? more\|intervals are fixed')"
  change 's/^slot = .*/&\njitter = 0/'
  expect_same "warnings of fixed intervals" 1 "$(check_says 'intervals are fixed')"
  cp "$WORK/good.toml" "$WORK/a.toml"
  change 's/^slot = .*/slot = "100 us"/; s/^rate = .*/rate = "200 Mb\/s"/'
  expect_same "warnings of short slots" 1 "$(check_says 'longer slots hide more')"
  cp "$WORK/good.toml" "$WORK/a.toml"
  sed -n '/^\[\[peer\]\]/,$p' "$WORK/good.toml" | sed -e 's/^name = .*/name = "c"/' -e "s|^public_key = .*|public_key = \"$("$CUTTLE" genkey | "$CUTTLE" pubkey)\"|" \
    -e 's/^endpoint = .*/endpoint = "10.99.0.3:4410"\nshape.slot = "3 ms"/' -e 's/^redirect = .*/redirect = ["10.99.0.77"]/' >>"$WORK/a.toml"
  expect_same "warnings of slots that differ" 1 "$(check_says 'drawn apart')"
}

for case in shapes_that_tell in_the_file key_others_can_read capability cell_too_large address_of_nobody \
  strict_reverse_path_filter interface_of_somebody_else no_configuration port_taken keys_file_in_no_folder \
  second_agent second_agent_with_another_file; do
  run_case "$case"
done
finish
