#!/bin/bash
# Trains left whole until a device cuts them: large records on the bridge, each a whole number of cells; single
# datagrams of one size at the tap behind a device that has to cut.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=scripts/lib/cut_tap.sh
source "$CUTTLE_ROOT/scripts/lib/cut_tap.sh"

in_m() { in_space m "$@"; }
# records NAME: "COUNT PAYLOAD" lines, of all UDP between the nodes.
records() {
  captured "$1" "udp and $BETWEEN" | awk '{ count[$NF]++ } END { for (size in count) print count[size], size }'
}

whole_on_the_bridge_single_behind_the_cut() {
  local node whole cells cut others
  network
  connect
  for node in a b; do in_space "$node" ethtool -K u0 tx on tx-udp-segmentation on >/dev/null; done
  add_cut_tap in_m ma mb >/dev/null
  RATE="40 Mb/s" SLOT="5 ms" configure
  start_capture bridge br0 96
  start_capture cut "$CUT_TAP" 96
  start_agents
  sleep 2
  stop_agent a
  stop_agent b
  stop_capture bridge
  stop_capture cut
  others=$(records bridge | awk '$2 % 1472 != 0')
  expect_same "records on the bridge that are no whole number of cells" "" "$others"
  whole=$(records bridge | awk '$2 > 1472 { n += $1 } END { print n + 0 }')
  cells=$(records bridge | awk '{ n += $1 * $2 / 1472 } END { print n }')
  expect "trains seen whole on the bridge" "$whole" '>' 300
  others=$(records cut | awk '$2 != 1472')
  expect_same "records behind the cut that are no single cells" "" "$others"
  cut=$(records cut | awk '{ n += $1 } END { print n + 0 }')
  expect "datagrams behind the cut for each cell on the bridge" "$cut / $cells" '>' 0.9
  expect "datagrams behind the cut for each cell on the bridge" "$cut / $cells" '<' 1.1
  echo "  $whole trains on the bridge, $cells cells in all; $cut single datagrams behind the cut"
}

run_case whole_on_the_bridge_single_behind_the_cut
finish
