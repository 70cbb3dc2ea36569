#!/bin/bash
# Somebody else's RFC 9347: Linux' own (xfrm_iptfs), as node b, in the kernel of `./run kernel`. Cuttle, as node a, holds a link
# with it: ESP in UDP, AES-256-GCM, keys that are written down. Each opens what the other seals; Cuttle's cells have one
# size and never stop, Linux' have any and come when there is something to send.
#
#   Cuttle: u0 10.99.0.1 fd99::1  --  ma [m] mb  --  u0 10.99.0.2 fd99::2, lo 10.98.0.2 fd98::2 :Linux
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
[[ -e /proc/net/xfrm_stat ]] || fail "not in the kernel of ./run kernel"
IPTFS=$CUTTLE_TOOLS/iptfs
INNER4=10.98.0.2
INNER6=fd98::2
BYTES=${KERNEL_TEST_BYTES:-50000000}
CAPTURE_SECONDS=300
# No more than one processor in software has time for beside everything else.
export RATE=${RATE:-20 Mb/s} SLOT=${SLOT:-5 ms}
REKEY_AFTER=8

random_key() { echo "0x$(od -An -v -tx1 -N36 /dev/urandom | tr -d ' \n')"; }
declare -A KEY

# Outer addresses of both, as ip(8) and as endpoints.
outer() {
  if [[ ${UNDERLAY:-4} == 6 ]]; then echo "${V6[$1]}"; else echo "${V4[$1]}"; fi
}

# linux_opens SESSION, linux_seals SESSION: with the keys of that session.
linux_opens() {
  in_space b "$IPTFS" add --direction in --from "$(endpoint a)" --to "$(endpoint b)" --spi "0x200$1" --key "${KEY[there-$1]}"
}
linux_seals() {
  in_space b "$IPTFS" add --direction out --from "$(endpoint b)" --to "$(endpoint a)" --spi "0x100$1" --key "${KEY[back-$1]}"
}
linux_forgets() { # SESSION
  in_space b "$IPTFS" remove --to "$(outer a)" --spi "0x100$1"
}

# Linux' side: its inner addresses, what leads between them and a's into ESP, two sessions' keys to open with, one to seal with.
linux_side() {
  local session
  for session in 1 2; do
    KEY[there-$session]=$(random_key)
    KEY[back-$session]=$(random_key)
  done
  ip -n "$NET-b" addr add "$INNER4/32" dev lo
  ip -n "$NET-b" addr add "$INNER6/128" dev lo nodad
  ip -n "$NET-b" route add "${V4[a]}/32" dev u0 src "$INNER4"
  ip -n "$NET-b" -6 route add "${V6[a]}/128" dev u0 src "$INNER6"
  ip netns exec "$NET-b" "$IPTFS" serve --local "$(endpoint b)" >"$WORK/serve-esp.log" 2>&1 &
  disown # so that bash does not comment on its end
  in_space b "$IPTFS" lead --from "$(outer b)" --to "$(outer a)" --inner-from "$INNER4" --inner-to "${V4[a]}"
  in_space b "$IPTFS" lead --from "$(outer b)" --to "$(outer a)" --inner-from "$INNER6" --inner-to "${V6[a]}"
  linux_opens 1
  linux_opens 2
  linux_seals 1
}

# Cuttle's: a configuration whose peer b has Linux' inner addresses, and the same keys.
cuttle_side() {
  local session after
  configure
  sed -i "s/^redirect = .*/redirect = [\"$INNER4\", \"$INNER6\"]/" "$WORK/a.toml"
  for session in 1 2; do
    after=$(((session - 1) * REKEY_AFTER))
    echo "b $after 0x100$session ${KEY[back-$session]} 0x200$session ${1:-${KEY[there-$session]}}" >>"$WORK/a.static"
    shift || true
  done
  start_agent a --debug-static-keys "$WORK/a.static"
  eventually 30 is_up a || fail "Cuttle does not come up"
  STARTED=$SECONDS
}

# between [NETEM_OPTIONS...]: the network, and what it does to cells, both ways.
between() {
  network
  connect
  (($# == 0)) || for device in ma mb; do tc -n "$NET-m" qdisc add dev "$device" root netem "$@"; done
}

# sends FROM TO_ADDRESS [BYTES]: one TCP connection.
sends() {
  local BYTES=${3:-$BYTES}
  local to=${OTHER[$1]}
  ip netns exec "$NET-$to" timeout 300 "$CUTTLE_TOOLS/stream" serve --skip-ms 0 >/dev/null 2>"$WORK/serve.log" &
  local server=$!
  eventually 10 listens_on_tcp "$to" 7008 || fail "stream serve does not listen: $(<"$WORK/serve.log")"
  in_space "$1" timeout 300 "$CUTTLE_TOOLS/stream" send --to "$2" --bytes "$BYTES" --seed 7 >"$WORK/transfer.json" \
    2>"$WORK/transfer.log" || fail "from $1 to $2: $(<"$WORK/transfer.log")$(<"$WORK/serve.log")"
  wait "$server"
  expect_same "the checksum is the sender's" true "$(transferred match)"
  expect_same "bytes" "$BYTES" "$(transferred bytes)"
  echo "  $BYTES bytes from $1 to $2: $(transferred '| .bytes * 8 / (.seconds + 0.001) / 1e6 | round') Mb/s"
}
answers_pings() { # FROM TO_ADDRESS BYTES...
  local size
  for size in "${@:3}"; do
    in_space "$1" timeout 30 ping -q -c 5 -i 0.05 -W 5 -s "$size" "$2" >/dev/null || fail "no answer of $2 to $size bytes; dropped by Linux: $(linux_counts); by Cuttle: $(cuttle_counts)"
  done
}
cuttle_counts() {
  status a '.links[0].drops | to_entries | map(select(.value > 0) | "\(.key) \(.value)") | join(", ")'
}
linux_counts() { # what Linux dropped, by cause
  # shellcheck disable=SC2016  # awk's own
  in_space b awk '$2 > 0 { printf "%s %d, ", $1, $2 }' /proc/net/xfrm_stat
}

both_ways() {
  local underlay=$1
  shift
  UNDERLAY=$underlay
  between "$@"
  linux_side
  start_capture cells ma 80
  cuttle_side
  # Longer ones are many cells, of which with loss one is too often missing.
  local long="20000" longest="60000"
  [[ "$*" != *loss* ]] || long='' longest=''
  # shellcheck disable=SC2086  # none is meant
  {
    answers_pings a "$INNER4" 8 1400 $long
    answers_pings a "$INNER6" 8 1400 $long
    answers_pings b "${V4[a]}" 8 1400 $long $longest
    answers_pings b "${V6[a]}" 8 1400 $long
  }
  sends a "$INNER4"
  # Linux seals with other keys from here on, as Cuttle does after REKEY_AFTER seconds.
  linux_seals 2
  linux_forgets 1
  sends b "${V4[a]}"
  sends b "${V6[a]}" $((BYTES / 10))
  eventually 30 is_past $((STARTED + REKEY_AFTER + 2))
  answers_pings a "$INNER6" 1400
  stop_capture cells any
  echo "  dropped by Linux: $(linux_counts)"
  echo "  dropped by Cuttle: $(cuttle_counts)"
}
is_past() { ((SECONDS >= $1)); }
spi_captured() { # SPI
  if [[ $UNDERLAY == 6 ]]; then count_captured cells "ip6[48:4] = $1"; else count_captured cells "udp[8:4] = $1"; fi
}
expect_both_sessions() {
  local spi
  for spi in 0x2001 0x2002 0x1001 0x1002; do
    expect "cells with SPI $spi" "$(spi_captured "$spi")" '>' 10
  done
}
# Nothing that Cuttle opened was anything but RFC 9347.
expect_no_contradiction() {
  expect_same "blocks that contradict RFC 9347" 0 "$(drops a packet_malformed)"
  expect_same "cells that are not authentic" 0 "$(drops a cell_not_authentic)"
}

ipv4() {
  both_ways 4
  expect_both_sessions
  expect_no_contradiction
  expect_same "cells of Cuttle of another size" 0 "$(count_captured cells "ip src host ${V4[a]} and not $(cells_v4 1472 4410)")"
  # Linux pads nothing: how much it says shows in its sizes.
  expect "sizes of Linux' cells" "$(captured cells "src host ${V4[b]} and udp" | grep -o 'length [0-9]*' | sort -u | wc -l)" '>' 5
  expect "Linux' cells larger than Cuttle's" "$(count_captured cells "src host ${V4[b]} and udp and greater 1515")" '==' 0
}
ipv6() {
  both_ways 6
  expect_both_sessions
  expect_no_contradiction
}
ipv4_with_loss() {
  both_ways 4 loss 1%
  expect_both_sessions
  expect_no_contradiction
  expect "cells missed by Cuttle" "$(drops a cell_lost_on_the_way)" '>' 0
}
ipv6_reordered() {
  BYTES=$((BYTES / 5))
  both_ways 6 delay 1ms reorder 2% 50%
  expect_no_contradiction
}
# So that it is known what this test sees when the keys are not the same.
wrong_keys() {
  UNDERLAY=4
  between
  linux_side
  cuttle_side "$(random_key)" "$(random_key)"
  ! in_space a ping -q -c 2 -i 0.2 -W 1 "$INNER4" >/dev/null || fail "Linux answers to cells that it cannot open"
  [[ $(linux_counts) == *XfrmInStateProtoError* ]] || fail "Linux opens what was sealed with another key: $(linux_counts)"
}

run_case ipv4
run_case ipv6
run_case ipv4_with_loss
run_case ipv6_reordered
run_case wrong_keys
finish
