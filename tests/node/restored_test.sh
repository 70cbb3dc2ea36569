#!/bin/bash
# The hypervisor says that the machine was restored from a snapshot: no key of before is used again, and the links
# come up with new ones at once.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

handshakes_are() { [[ $(status "$1" '.links[0].handshakes') == "$2" ]]; }

# The SPIs of a's cells, in the order in which they first came; and none comes again after another.
spis_of_a() {
  tcpdump -Z root -n -x -r "$WORK/restored.pcap" "src host ${V4[a]} and udp src port 4410 and udp[8:4] != 0" 2>/dev/null |
    awk '/0x0010:/ { print $8 $9 }' | uniq
}

new_keys_on_both_ends() { # NODE
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
  start_capture restored ma 64
  sleep 0.3
  in_space "$1" "$CUTTLE_TOOLS/restored" || fail "the event cannot be sent"
  eventually 10 handshakes_are a 2 || fail "no new keys: $(status a '.links[0]')"
  wait_up
  sleep 0.3
  stop_capture restored
  grep -q "restored or copied: all links agree on new keys" "$WORK/$1.log" || fail "it does not say so"
  expect_same "sessions of a's cells" 2 "$(spis_of_a | wc -l)"
  transfer "${V4[b]}" --bytes 500000
  expect_same "the checksum is the sender's" true "$(transferred match)"
}

for node in a b; do run_case new_keys_on_both_ends "$node"; done
finish
