#!/bin/bash
# Multicast and broadcast, which go to nobody's address (docs/threat-model.md): links neither carry nor stop what a node
# sends to a group; but what comes from a peer's address in the clear is not accepted, whatever group it is for.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
CELLS=$(cells_v4 1472 4410)
ELSEWHERE=10.99.0.11 # of a, which nothing redirects

both_up() {
  local node
  network
  connect
  RATE="20 Mb/s" configure
  ip -n "$NET-a" addr add "$ELSEWHERE/24" dev u0
  # Somebody on the same network who is no peer.
  ip netns add "$NET-c"
  ip link add u0 netns "$NET-c" type veth peer name mc netns "$NET-m"
  ip -n "$NET-c" addr add 10.99.0.3/24 dev u0
  ip -n "$NET-c" addr add fd99::3/64 dev u0 nodad
  ip -n "$NET-c" link set dev u0 up
  ip -n "$NET-m" link set dev mc master br0
  ip -n "$NET-m" link set dev mc up
  for node in a c; do ip -n "$NET-$node" route add 224.0.0.0/4 dev u0; done
  start_agents
}

# speaks NODE SOURCE...: to groups and to all, from each of these addresses; unbound, by IP_MULTICAST_IF and bound to the
# device; in one piece and in fragments. Prints how many datagrams were taken.
speaks() {
  in_space "$1" timeout 20 python3 - "${@:2}" <<'END'
import socket, sys
index = socket.if_nametoindex("u0")
sent = 0
for source in sys.argv[1:]:
    v6 = ":" in source
    family = socket.AF_INET6 if v6 else socket.AF_INET
    groups = ["ff02::1:2345", "ff05::2345"] if v6 else ["239.1.2.3", "224.0.0.251", "255.255.255.255", "10.99.0.255"]
    for how in ("unbound", "multicast interface", "bound"):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((source, 0))
        if not v6:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            s.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: fragments
        if how == "multicast interface":
            if v6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            else:
                s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        elif how == "bound":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"u0")
        for group in groups:
            to = (group, 9999, 0, index) if v6 and group.startswith("ff02") else (group, 9999)
            for size in (100, 4000):
                try:
                    s.sendto(bytes(size), to)
                    sent += 1
                except OSError as error:
                    if how != "unbound":  # that goes by the routes, which need not lead anywhere
                        sys.exit(f"{source} {how} {group}: {error}")
print(sent)
END
}

# hears NODE SECONDS: what arrives there of all this, as lines "SOURCE COUNT"; "ready" first.
hears() {
  ip netns exec "$NET-$1" timeout 60 python3 -c '
import collections, ipaddress, select, socket, sys, time
index = socket.if_nametoindex("u0")
four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
four.bind(("", 9999))
for group in ("239.1.2.3", "224.0.0.251"):
    four.setsockopt(socket.IPPROTO_IP, 35, socket.inet_aton(group) + socket.inet_aton("0.0.0.0") + index.to_bytes(4, "little"))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
six.bind(("::", 9999))
for group in ("ff02::1:2345", "ff05::2345"):
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, group) + index.to_bytes(4, "little"))
print("ready", flush=True)
heard = collections.Counter()
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    for s in select.select([four, six], [], [], 0.1)[0]:
        heard[s.recvfrom(9000)[1][0]] += 1
for source, count in heard.items():
    print(source, count)
' "$2"
}
heard_from() { # SOURCE
  awk -v source="$1" '$1 == source { print $2; found = 1 } END { if (!found) print 0 }' "$WORK/heard"
}

expect_not_accepted() { # WHEN
  local listener sent before
  before=$(status a '.links[0].packets.sent' 2>/dev/null || true)
  hears b 4 >"$WORK/heard" &
  listener=$!
  eventually 20 grep -q ready "$WORK/heard" || fail "b does not listen"
  start_capture groups ma
  sent=$(speaks a "${V4[a]}" "${V6[a]}" "$ELSEWHERE")
  speaks c 10.99.0.3 fd99::3 >"$WORK/sent"
  wait "$listener"
  stop_capture groups
  expect "datagrams that a sent to groups $1" "$sent" '>=' 40
  for source in "${V4[a]}" "${V6[a]}"; do
    expect_same "datagrams from $source in the clear that b took $1" 0 "$(heard_from "$source")"
  done
  # Others are heard, so the test could have heard a; and what a sends from elsewhere is none of the link's business.
  for source in 10.99.0.3 fd99::3 "$ELSEWHERE"; do
    expect "datagrams from $source that b took $1" "$(heard_from "$source")" '>' 4
  done
  # What a sends to groups leaves as it always did, and is all that leaves.
  expect "what leaves for groups $1" "$(count_captured groups "src host ${V4[a]} and (net 224.0.0.0/4 or host 255.255.255.255 or host 10.99.0.255)")" '>' 20
  expect "what leaves for groups over IPv6 $1" "$(count_captured groups "src host ${V6[a]} and dst net ff00::/8 and not icmp6")" '>' 10
  expect_same "packets to b in the clear $1" "" "$(captured groups "$BETWEEN and not $NEIGHBOURS and not $CELLS" | head -n 3)"
  [[ -z $before ]] || expect_same "packets that went into the link $1" "$before" "$(status a '.links[0].packets.sent')"
}

groups_and_links() {
  both_up
  expect_not_accepted "while the agents run"
  stop_agent a KILL
  stop_agent b KILL
  expect_not_accepted "after a crash"
  # A flushed ruleset on the sending side changes nothing of it.
  in_space a nft flush ruleset
  expect_not_accepted "with a's ruleset flushed"
}

run_case groups_and_links
finish
