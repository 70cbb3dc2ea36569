#!/bin/bash
# The lock at the egress, which no flushed ruleset opens: it is put back, comes to new devices, and can be set before there
# is an agent (`cuttle close`), with routes and guard; `cuttle down` takes all of it away.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=tests/node/silence.sh
source "$(dirname "${BASH_SOURCE[0]}")/silence.sh"
# shellcheck disable=SC2034  # used by silence.sh
CELLS=$(cells_v4 1472 4410)

both_up() {
  local node
  network
  connect
  RATE="20 Mb/s" configure
  for node in a b; do machine_state "$node" >"$WORK/$node.before"; done
  start_agents
}

# The lock, too, is put back, and comes to devices that are new.
lock_taken() {
  both_up
  has_lock a u0 || fail "there is no lock"
  tc -n "$NET-a" qdisc del dev u0 clsact
  eventually 20 has_lock a u0 || fail "the lock does not come back"
  ip -n "$NET-a" link add later type veth peer name other
  eventually 20 has_lock a later || fail "no lock on a new device"
  grep -q 'lock at the egress was put right at: .*later' "$WORK/a.log" || fail "it does not say so"
  ! has_lock a ct-b || fail "the link's own device is locked"
  ! has_lock a lo || fail "loopback is locked"
  stop_agent a
  in_space a nft flush ruleset
  expect_nothing_past_the_link
}
has_lock() { # NODE DEVICE
  tc -n "$NET-$1" filter show dev "$2" egress | grep -q 'pref 20 .*cuttle-lock'
}

# At boot, before there is an agent: closed, and nothing else, until one comes.
closed_before_the_agent() {
  local node
  network
  connect
  RATE="20 Mb/s" configure
  for node in a b; do machine_state "$node" >"$WORK/$node.before"; done
  close_node a
  expect_silence "once a is closed"
  close_node a
  in_space a nft flush ruleset
  expect_silence "without the guard"
  expect_nothing_past_the_link
  machine_state a >"$WORK/a.closed"
  start_agents
  machine_state a | grep -v counter >"$WORK/a.running"
  close_node a
  expect_same "the machine of a, closed under a running agent" "$(<"$WORK/a.running")" "$(machine_state a | grep -v counter)"
  expect_link_works "after it was closed at boot"
  # Without a network yet; and without an agent to take it back.
  for node in a b; do stop_agent "$node" && take_down "$node" && expect_as_before "$node"; done
  ip -n "$NET-a" link set dev u0 down
  ip -n "$NET-a" link set dev lo down
  close_node a
  ip -n "$NET-a" link set dev lo up
  ip -n "$NET-a" link set dev u0 up
  in_space a nft flush ruleset
  expect_silence "after the network came up"
  take_down a
  ! in_space a tc filter show dev u0 egress | grep -q . || fail "down leaves the lock behind"
  # Peers that are joining pass as before, until their link is up.
  JOINING=true write_config a
  close_node a
  in_space a timeout 10 ping -q -c 1 -i 0.2 -w 9 "${V4[b]}" >/dev/null || fail "a peer that is joining is closed"
}
close_node() { # NODE
  in_space "$1" timeout 20 "$CUTTLE" close --config "$WORK/$1.toml" || fail "close"
}

# What others can write opens nothing, and is no reason to leave all open at boot.
others_can_write() {
  local status=0
  network
  connect
  RATE="20 Mb/s" configure
  machine_state a >"$WORK/a.before"
  chmod 666 "$WORK/a.toml"
  # Nor does a socket that it names say that an agent is there.
  ip netns exec "$NET-a" timeout 60 python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
while True: s.accept()' "$WORK/a.sock" &
  IMPOSTOR=$!
  eventually 5 test -S "$WORK/a.sock" || fail "there is no socket"
  in_space a timeout 20 "$CUTTLE" close --config "$WORK/a.toml" 2>"$WORK/said" || status=$?
  expect_same "exit status of close" 2 "$status"
  grep -q 'others can write it' "$WORK/said" || fail "close says: $(<"$WORK/said")"
  status=0
  take_down a 2>"$WORK/said" || status=$?
  expect_same "exit status of down" 2 "$status"
  grep -q 'others can write it' "$WORK/said" || fail "down says: $(<"$WORK/said")"
  expect_silence "closed, by a file that others can write"
  kill "$IMPOSTOR"
  wait "$IMPOSTOR" || true
  rm "$WORK/a.sock"
  chmod 600 "$WORK/a.toml"
  take_down a
  expect_as_before a
}

# Nor does a program of somebody else's that has the socket's path, whatever it answers: closing closes, down takes down.
somebody_elses_socket() {
  network
  connect
  RATE="20 Mb/s" configure
  machine_state a >"$WORK/a.before"
  ip netns exec "$NET-a" timeout 60 python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.setuid(65534); s.listen()
while True:
    client = s.accept()[0]
    try: client.sendall(b"{\"node\":\"a\"}\n")
    except OSError: pass
    client.close()' "$WORK/a.sock" &
  IMPOSTOR=$!
  eventually 5 somebody_listens || fail "nobody listens"
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" 2>"$WORK/said" || fail "an agent starts beside it"
  grep -q 'a program of user 65534' "$WORK/said" || fail "up says: $(<"$WORK/said")"
  close_node a
  expect_silence "closed, though somebody has the control socket's path"
  take_down a
  expect_as_before a
  kill "$IMPOSTOR"
  wait "$IMPOSTOR" || true
  rm "$WORK/a.sock"
}

# Nor does whatever cannot be connected to, nor a link that somebody can have put there, which leads to a program of root's.
what_is_no_agent() {
  local what status holder
  network
  connect
  RATE="20 Mb/s" configure
  machine_state a >"$WORK/a.before"
  mkdir "$WORK/shared"
  chown 65534 "$WORK/shared"
  chmod 711 "$WORK"
  sed -i "s|^control_socket = .*|control_socket = \"$WORK/shared/a.sock\"|" "$WORK/a.toml"
  ip netns exec "$NET-a" timeout 300 python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
while True: s.accept()' "$WORK/a.sock" &
  IMPOSTOR=$!
  eventually 5 somebody_listens || fail "nobody listens"
  for what in file datagrams loop link folder; do
    case $what in
      file) install -m 600 -o 65534 /dev/null "$WORK/shared/a.sock" ;;
      datagrams)
        timeout 120 python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); time.sleep(100)' "$WORK/shared/a.sock" &
        holder=$!
        eventually 5 test -S "$WORK/shared/a.sock" || fail "there is no socket"
        ;;
      loop) ln -s a.sock "$WORK/shared/a.sock" ;;
      link) ln -s "$WORK/a.sock" "$WORK/shared/a.sock" ;;
      folder) mkdir "$WORK/shared/a.sock" ;;
    esac
    close_node a
    expect_silence "closed, though there is a $what in the control socket's place"
    status=0
    in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" >"$WORK/said" 2>&1 || status=$?
    expect_same "exit status of up, with that $what" 1 "$status"
    take_down a || fail "down, with that $what"
    expect_as_before a
    rm -rf "$WORK/shared/a.sock"
    [[ $what != datagrams ]] || kill "$holder"
  done
  # Where others can put any of these, no agent opens its socket.
  chown root "$WORK/shared"
  chmod 1777 "$WORK/shared"
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" >"$WORK/said" 2>&1 || fail "up, in a folder of everybody's"
  grep -q "others can write the folder $WORK/shared" "$WORK/said" || fail "up says: $(<"$WORK/said")"
  kill "$IMPOSTOR"
  wait "$IMPOSTOR" || true
}

somebody_listens() { in_space a ss -Hxl | grep -F "$WORK/a.sock" >/dev/null; }

# Nor does another file take down what an agent here holds: one of another node, or with another control socket.
down_by_another_file() {
  local file status before
  both_up
  before=$(machine_state a | grep -v counter)
  sed -e 's/^name = "a"/name = "old"/' -e "s|^control_socket = .*|control_socket = \"$WORK/old.sock\"|" "$WORK/a.toml" >"$WORK/old.toml"
  sed "s|^control_socket = .*|control_socket = \"$WORK/moved.sock\"|" "$WORK/a.toml" >"$WORK/moved.toml"
  for file in old moved; do
    status=0
    in_space a timeout 20 "$CUTTLE" down --config "$WORK/$file.toml" 2>"$WORK/said" || status=$?
    expect_same "exit status of down by $file.toml" 1 "$status"
    grep -q 'holds the interface ct-b' "$WORK/said" || fail "down says: $(<"$WORK/said")"
  done
  ! in_space a timeout 20 "$CUTTLE" close --config "$WORK/old.toml" 2>"$WORK/said" || fail "another node is closed beside it"
  ! in_space a timeout 20 "$CUTTLE" close --config "$WORK/moved.toml" 2>"$WORK/said" || fail "close says nothing of the other file"
  expect_same "the machine of a" "$before" "$(machine_state a | grep -v counter)"
  expect_link_works "after all that"
  ip -n "$NET-a" link set ct-b down
  ! in_space a timeout 20 "$CUTTLE" down --config "$WORK/old.toml" 2>"$WORK/said" || fail "down, while the interface is set down"
  grep -q 'holds the interface ct-b' "$WORK/said" || fail "down says: $(<"$WORK/said")"
  # What nobody holds any more goes.
  stop_agent a
  in_space a timeout 20 "$CUTTLE" down --config "$WORK/moved.toml" || fail "down"
  expect_as_before a
}

run_case lock_taken
run_case down_by_another_file
run_case others_can_write
run_case somebody_elses_socket
run_case what_is_no_agent
run_case closed_before_the_agent
finish
