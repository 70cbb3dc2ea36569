#!/bin/bash
# Other users of a node's machine get neither a link's interface nor a lane's datagrams: while the agent runs, while it
# starts anew, and when it is gone.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# refused WHEN OPTIONS...: what uid 65534 tries in a's namespace.
refused() {
  local status=0
  in_space a timeout 20 "$CUTTLE_TOOLS/neighbour" "${@:2}" 2>"$WORK/neighbour.log" || status=$?
  expect_same "exit status of the neighbour $1 (${*:2})" 1 "$status"
}
last_port() { echo $((4410 + ${LANES:-1} - 1)); }
tries() { # WHEN
  refused "$1" --interface ct-b
}
tries_ports() { # WHEN
  local port
  for port in 4410 $(last_port); do
    refused "$1" --local "${V4[a]}:$port" --remote "${V4[b]}:$port"
    refused "$1" --local "0.0.0.0:$port" --remote "${V4[b]}:$port"
    refused "$1" --local "[::]:$port" --remote "[::ffff:${V4[b]}]:$port"
  done
}

# The agent with a /dev/net of its own, whose tun everybody may open, as udev makes it. (ip netns exec: mounts stay
# inside.) The agent's user opens it again for a peer that comes with a reload.
with_open_device() {
  PROGRAM=$CUTTLE
  CUTTLE=$WORK/cuttle
  # shellcheck disable=SC2016  # expands inside
  printf '#!/bin/sh\n[ "$1" != up ] || { mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200; }\nexec %s "$@"\n' \
    "$PROGRAM" >"$CUTTLE"
  chmod +x "$CUTTLE"
}

# The owner is whoever runs the agent: root, or the user it becomes.
get_nothing() { # LANES OWNER
  local tries_pid owner=$2 status PROGRAM CUTTLE=$CUTTLE
  network
  connect
  with_open_device
  LANES=$1 RATE="20 Mb/s" configure
  LANES=$1
  [[ $owner == root ]] || sed -i "s/^\[runtime\]/&\nuser = \"$owner\"/" "$WORK/a.toml"
  start_agents
  tries "while the agent runs"
  tries_ports "while the agent runs"
  transfer "${V4[b]}" --bytes 500000
  expect_same "the checksum is the sender's" true "$(transferred match)"

  in_space a "$CUTTLE_TOOLS/neighbour" --interface ct-b --for-ms 6000 &
  tries_pid=$!
  stop_agent a
  tries "after a stop"
  start_agent a
  wait_up
  stop_agent a KILL
  tries "after a crash"
  start_agent a
  wait_up
  status=0
  wait "$tries_pid" || status=$?
  expect_same "exit status of the neighbour who tried all the time" 1 "$status"
  tries_ports "after a restart"
  transfer "${V4[b]}" --bytes 500000
  expect_same "the checksum is the sender's" true "$(transferred match)"

  # A second peer that comes with a reload shares the port.
  "$CUTTLE" genkey | "$CUTTLE" pubkey >"$WORK/c.pub"
  cat >>"$WORK/a.toml" <<END
[[peer]]
name = "c"
public_key = "$(<"$WORK/c.pub")"
endpoint = "10.99.0.3:4410"
redirect = ["10.99.0.3"]
END
  reload a || fail "the reload: $(<"$WORK/a.reload")"
  refused "of the second peer's interface" --interface ct-c
  refused "of the second peer's datagrams" --local "${V4[a]}:4410" --remote 10.99.0.3:4410
  tries_ports "after a reload"
  stop_agent a
  take_down a
  tries "after cuttle down"
}

# An interface of this node's that has no owner, or another, as an earlier version left it: taken over.
get_nothing_that_was_left_open() {
  local owner
  for owner in "" "user 65534"; do
    network
    connect
    RATE="20 Mb/s" configure
    # shellcheck disable=SC2086  # two words
    ip -n "$NET-a" tuntap add dev ct-b mode tun vnet_hdr $owner
    ip -n "$NET-a" link set dev ct-b alias "cuttle a"
    start_agents
    stop_agent a
    tries "for an interface that was there${owner:+ with an owner}"
    start_agent a
    wait_up
  done
}

# as_group COMMAND...: an unprivileged user of the group that may ask for the status.
as_group() {
  in_space a setpriv --reuid 65534 --regid "$(getent group games | cut -d: -f3)" --clear-groups "$@"
}

# The second socket tells, and obeys nobody.
tells_but_does_not_obey() {
  network
  connect
  RATE="20 Mb/s" configure
  sed -i "s|^control_socket = .*|control_socket = \"$WORK/run/a.sock\"\nstatus_group = \"games\"|" "$WORK/a.toml"
  mkdir -m 755 "$WORK/run"
  chmod 711 "$WORK"
  ln -s run/a.sock "$WORK/a.sock"
  start_agents
  expect_same "mode and group of the status socket" "660 games" "$(stat -c '%a %G' "$WORK/run/a.status")"
  expect_same "mode of the control socket" "600" "$(stat -c '%a' "$WORK/run/a.sock")"
  cp "$CUTTLE" "$WORK/run/cuttle"
  chmod 755 "$WORK/run/cuttle"
  as_group "$WORK/run/cuttle" status --socket "$WORK/run/a.status" --json >"$WORK/status.json" || fail "it does not tell"
  expect_same "the node that tells" a "$(jq -r .node "$WORK/status.json")"
  ! as_group "$WORK/run/cuttle" reload --socket "$WORK/run/a.status" >"$WORK/asked" 2>&1 || fail "it obeys"
  grep -q 'answers "status" alone' "$WORK/asked" || fail "it says: $(<"$WORK/asked")"
  ! as_group "$WORK/run/cuttle" status --socket "$WORK/run/a.sock" >"$WORK/asked" 2>&1 || fail "the control socket is open"
  ! in_space a setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/run/cuttle" status \
    --socket "$WORK/run/a.status" >"$WORK/asked" 2>&1 || fail "it tells somebody else"
  stop_agent a
  [[ ! -e $WORK/run/a.status ]] || fail "the status socket stays behind"
}

# as_the_peer PORT BYTES [GROUP%INTERFACE]: whether uid 65534 of a's machine, who says that he is b, is heard at that port of a's, where
# he listens himself (an agent's port: only tried). By IPv6 anybody may send from an address that is not the machine's.
as_the_peer() {
  in_space a timeout 20 python3 -c '
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534) # and with that no capability
own, peer, port, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
group, _, interface = sys.argv[5].partition("%")
to = (group or own, port, 0, socket.if_nametoindex(interface) if interface else 0)
hears = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
hears.settimeout(0.5)
if port != 4410: hears.bind(("::", port))
says = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
says.setsockopt(socket.IPPROTO_IPV6, 78, 1) # IPV6_FREEBIND
says.bind((peer, 4410))
try:
    for _ in range(20): says.sendto(bytes([1]) * size, to)
    print("heard" if hears.recvfrom(2000)[1][0] == peer else "somebody else")
except OSError: print("silence")' "${V6[a]}" "${V6[b]}" "$1" "$2" "${3:-}"
}

says_nothing_as_the_peer() {
  network
  connect
  expect_same "before there is an agent" heard "$(as_the_peer 5555 10)"
  expect_same "before there is an agent, to a group" heard "$(as_the_peer 5555 10 ff02::1%u0)"
  UNDERLAY=6 RATE="20 Mb/s" configure
  UNDERLAY=6 start_agents
  expect_same "while the agent runs" silence "$(as_the_peer 5555 10)"
  expect_same "to a group by the link" silence "$(as_the_peer 5555 10 ff02::1%ct-b)"
  expect_same "to a group by the network" silence "$(as_the_peer 5555 10 ff02::1%u0)"
  expect_same "as cells" silence "$(as_the_peer 4410 1452)"
  expect_same "cells that came by loopback" 0 "$(status a '.links[0].drops | (.cell_unknown_spi // 0) + (.cell_not_authentic // 0)')"
  stop_agent a
  expect_same "after a stop" silence "$(as_the_peer 5555 10)"
}

# Nor where the guard has not closed the peer's endpoint, or only some ports of it.
says_no_cells_as_the_peer() { # OPEN
  network
  connect
  UNDERLAY=6 RATE="20 Mb/s" configure
  case $1 in
    ports) sed -i "s|^redirect = .*|&\nports = [\"tcp 6789\"]|" "$WORK/a.toml" ;;
    elsewhere) sed -i "s|^redirect = .*|redirect = [\"${V4[b]}\"]|" "$WORK/a.toml" ;;
    joining) sed -i "s|^redirect = .*|&\njoining = true|" "$WORK/a.toml" ;;
  esac
  start_agent a
  eventually 20 test -S "$WORK/a.sock" || fail "there is no agent: $(<"$WORK/a.log")"
  eventually 20 has_loopback || fail "there is no guard"
  expect_same "as cells" silence "$(as_the_peer 4410 1452)"
  expect_same "as cells in fragments" silence "$(as_the_peer 4410 60000)"
  expect_same "datagrams that came by loopback" 0 \
    "$(status a '[.links[0].drops | to_entries[] | select(.key | startswith("cell_") or startswith("datagram")).value] | add // 0')"
  # From the peer itself they come.
  UNDERLAY=6 start_agent b
  eventually 40 is_up b || fail "the link does not come up"
}
has_loopback() { in_space a nft list chain inet cuttle loopback >/dev/null 2>&1; }

run_case tells_but_does_not_obey
run_case says_nothing_as_the_peer
for open in ports elsewhere joining; do run_case says_no_cells_as_the_peer "$open"; done
for user in root daemon; do
  for lanes in 1 2; do run_case get_nothing "$lanes" "$user"; done
done
run_case get_nothing_that_was_left_open
finish
