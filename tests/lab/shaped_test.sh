#!/bin/bash
# The smallest lab under Cuttle: an object written and read, nothing but cells on the fabric, nothing left after.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
lab up --one-osd
"$CUTTLE_ROOT/lab/lab" sh --name "$LAB_NAME" fabric -- \
  tcpdump -i br0 -n -s 96 -B 65536 -Z root -w "$STATE/fabric.pcap" 2>"$STATE/tcpdump.log" &
tcpdump_pid=$!
for _ in {1..50}; do
  ! grep -q listening "$STATE/tcpdump.log" 2>/dev/null || break
  sleep 0.1
done
expect_greeting
[[ $(lab sh mon -- ceph health) == HEALTH_OK ]] || fail "not healthy: $(lab sh mon -- ceph health detail)"
tcpdump_catches_up
kill -TERM "$tcpdump_pid"
wait "$tcpdump_pid" || true

# A train that no device has cut is one record of a whole number of cells.
is_cells='udp and dst port 4410 and udp[4:2] > 8 and (udp[4:2] - 8) % 1472 = 0'
cells=$(tcpdump -n -r "$STATE/fabric.pcap" "ip and $is_cells" 2>/dev/null | awk '{ n += $NF / 1472 } END { print n + 0 }')
others=$(tcpdump -n -r "$STATE/fabric.pcap" "ip and not ($is_cells)" 2>/dev/null)
((cells > 1000)) || fail "only $cells cells were captured"
[[ -z $others ]] || fail "these are no cells: $(head -n 5 <<<"$others")"
echo "$cells cells, nothing else"
lab down
expect_nothing_left "after down"
