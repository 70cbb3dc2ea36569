#!/bin/bash
# Many links on one agent: their slots share wake-ups, and what comes is gathered. No cell is late for good, none lost.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
LINK_ENDS=${CUTTLE_TOOLS%/tests/tools}/bench/link_ends
LINKS=64 # so many that the receiver gathers: 5,333 trains a second, in waits of 0.5 ms
SECONDS_WATCHED=4
# What tests/seastar/many_test.sh adds.
[[ -v A_OPTIONS ]] || A_OPTIONS=()
declare -F more_watching >/dev/null || more_watching() { :; }

end_address() { echo "10.98.0.$(($1 + 1))"; }
node_section() { # NAME ADDRESS SHAPE
  printf '[node]\nname = "%s"\nprivate_key_file = "%s.key"\nlisten = "%s:4410"\ncontrol_socket = "%s.sock"\n[shape]\n%b\n' \
    "$1" "$WORK/$1" "$2" "$WORK/$1" "$3"
}
peer_section() { # NAME KEY ADDRESS
  printf '[[peer]]\nname = "%s"\npublic_key = "%s"\nendpoint = "%s:4410"\nredirect = ["%s"]\n' "$1" "$2" "$3" "$3"
}

# Node a has all the links; b is at the other end of each, with a key and an address for each of them.
star() { # SHAPE
  local i shape=$1
  network
  connect
  ip -n "$NET-a" route add 10.98.0.0/24 dev u0
  "$CUTTLE" genkey >"$WORK/a.key"
  node_section a "${V4[a]}" "$shape" >"$WORK/a.toml"
  for ((i = 0; i < LINKS; ++i)); do
    ip -n "$NET-b" addr add "$(end_address "$i")/32" dev u0
    "$CUTTLE" genkey >"$WORK/e$i.key"
    peer_section "e$i" "$("$CUTTLE" pubkey <"$WORK/e$i.key")" "$(end_address "$i")" >>"$WORK/a.toml"
    {
      node_section "e$i" "$(end_address "$i")" "$shape"
      peer_section "a$i" "$("$CUTTLE" pubkey <"$WORK/a.key")" "${V4[a]}"
    } >"$WORK/e$i.toml"
  done
  start_agent a "${A_OPTIONS[@]}"
  ip netns exec "$NET-b" timeout 120 "$LINK_ENDS" "$WORK"/e*.toml >"$WORK/b.log" 2>&1 &
  eventually 40 all_up || fail "only $(links_up) of $LINKS links come up: $(<"$WORK/status.log")"
}
links_up() { status a '[.links[] | select(.state == "up")] | length'; }
all_up() { [[ $(links_up) == "$LINKS" ]]; }

# Each link carries every cell of every slot, both ways.
carries_all() { # SHAPE CELLS_A_SECOND
  local i before after least
  star "$1"
  sleep 1
  status a . >"$WORK/before.json"
  sleep "$SECONDS_WATCHED"
  status a . >"$WORK/after.json"
  for i in sent received; do
    before=$(jq "[.links[].cells.$i]" "$WORK/before.json")
    after=$(jq "[.links[].cells.$i]" "$WORK/after.json")
    least=$(jq -n --argjson b "$before" --argjson a "$after" '[$a, $b] | transpose | map(.[0] - .[1]) | min')
    echo "  $i on the link with least: $least in $SECONDS_WATCHED s"
    expect "cells $i on the link with least" "$least" '>=' "0.97 * $2 * $SECONDS_WATCHED"
  done
  # A cell on its way is of no use to the one that counts it.
  expect "cells lost" "$(jq -n --slurpfile b "$WORK/before.json" --slurpfile a "$WORK/after.json" \
    'def lost: [.[0].links[].drops | .cell_lost_on_the_way + .cell_receive_buffer_full + .cell_late] | add;
     ($a | lost) - ($b | lost)')" '<=' "$((LINKS * SECONDS_WATCHED / 4))"
  echo "  slots left out: $(jq '[.links[].deadlines_missed] | add' "$WORK/after.json")"
  more_watching
}

for shape in "plain 1_Mb/s 12_ms 83.3" "scattered 2_Mb/s 96_ms 166.7"; do
  # shellcheck disable=SC2086  # words
  set -- $shape
  line="rate = \"${2/_/ }\"\nslot = \"${3/_/ }\""
  [[ $1 == plain ]] || line+="\nscatter = true"
  run_case carries_all "$line" "$4"
done
finish
