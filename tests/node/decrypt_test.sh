#!/bin/bash
# A captured cell is ESP: given the session's keys, tshark, which is not ours, finds every cell authentic and the
# inner packets in them. It does not know AGGFRAG (next header 144), so the first block is cut out for it.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

tshark_esp() { # OPTIONS...: over cells.pcap
  local line options=()
  while read -r line; do options+=(-o "uat:esp_sa:$line"); done <"$WORK/keys"
  tshark -r "$WORK/cells.pcap" -d udp.port==4410-4411,udpencap -o esp.enable_encryption_decode:TRUE \
    -o esp.enable_authentication_check:TRUE "${options[@]}" "$@" 2>"$WORK/tshark.log"
}

# The inner packets that begin a cell, decoded by tshark: a line each.
inner_packets() {
  # 4 bytes of AGGFRAG header whose offset is 0, then a packet of version 4 or 6.
  tshark_esp -T fields -e esp.decrypted_data | grep '^00000000[46]' | cut -c9- |
    sed 's/../& /g; s/^/000000 /' >"$WORK/inner.txt"
  text2pcap -q -l 101 "$WORK/inner.txt" "$WORK/inner.pcap" 2>/dev/null
  tshark -r "$WORK/inner.pcap" 2>/dev/null
}

expect_decrypted() { # CELL_BYTES PING_ADDRESS ECHO
  local cells good ends
  # The handshake is no ESP and keeps its own secrets; what follows it is ESP.
  cells=$(count_captured cells "udp and not (udp[8:4] = 0 or ip6[48:4] = 0)")
  good=$(tshark_esp -Y esp.icv_good==1 -T fields -e esp.decrypted_data >"$WORK/decrypted" &&
    wc -l <"$WORK/decrypted")
  echo "  of $cells cells, tshark found $good authentic"
  expect "cells captured" "$cells" '>' 200
  expect_same "authentic cells" "$cells" "$good"
  # Pad length 0, next header 144, and before it all that a cell of this size holds.
  ends=$(awk '{ print length($0) / 2, substr($0, length($0) - 3) }' "$WORK/decrypted" | sort -u)
  expect_same "lengths and ends of the decrypted cells" "$(($1 - 32)) 0090" "$ends"
  inner_packets >"$WORK/inner.log"
  expect "echo requests and replies to $2 that tshark sees" "$(grep -c "$2.*$3" "$WORK/inner.log")" '>=' 4
  grep -m 1 "$3" "$WORK/inner.log"
}

captured_pings() { # PING_ADDRESS
  network
  connect
  RATE="8 Mb/s" configure
  start_agent a --debug-keys "$WORK/keys"
  start_agent b
  wait_up
  start_capture cells ma
  in_space a timeout 10 ping -q -c 4 -i 0.05 -W 5 "$1" >/dev/null || fail "no answer to a ping of $1"
  stop_capture cells
  expect_same "mode of the file with the keys" 600 "$(stat -c %a "$WORK/keys")"
}

ipv4() {
  captured_pings "${V4[b]}"
  expect_decrypted 1472 "${V4[b]}" "Echo (ping)"
}

ipv6_two_lanes() {
  UNDERLAY=6 LANES=2 captured_pings "${V6[b]}"
  expect_same "lines of keys: two directions, two lanes" 4 "$(wc -l <"$WORK/keys")"
  expect_decrypted 1452 "${V6[b]}" "Echo (ping)"
}

wrong_keys() {
  captured_pings "${V4[b]}"
  # The first bytes of the keys.
  sed -i 's/"0x[0-9a-f]\{16\}\([0-9a-f]\{56\}\)/"0x0123456789abcdef\1/' "$WORK/keys"
  expect_same "authentic cells under other keys" 0 "$(tshark_esp -Y esp.icv_good==1 -T fields -e frame.number | wc -l)"
}

run_case ipv4
run_case ipv6_two_lanes
run_case wrong_keys
finish
