#!/bin/bash
# variant.sh VARIANT NAME [CASES...]: the end-to-end test NAME, or these cases of it, with the Seastar driver as VARIANT
# says.
#   one                 both nodes on Seastar, one shard
#   two                 two shards
#   split               two shards, sending and receiving on different ones
#   poll                one shard that polls
#   native-to-seastar   a native node, and a Seastar node that it sends its load to
#   seastar-to-native   the other way round
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
variant=$1
name=$2
if [[ ! -x ${CUTTLE_SEASTAR_PROGRAM:-} ]]; then
  echo "SKIPPED: there is no program with the Seastar driver here (./run seastar builds it)" >&2
  exit 77
fi
options="--driver seastar --driver-program $CUTTLE_SEASTAR_PROGRAM"
case $variant in
  one) export CUTTLE_UP_OPTIONS=$options ;;
  # Four reactors and the bad cable's program want more than two CPUs at 200 Mb/s; and with eight lanes in slots of
  # 1 ms at any rate, for it is slots that cost: 0.11 ms of a CPU to send one and receive one (docs/benchmarks.md, "Two
  # drivers"), 1.8 CPUs for both nodes.
  two) export CUTTLE_UP_OPTIONS=$options RUNTIME="shards = 2" LINK_MBPS=100 SLOT_OF_EIGHT_LANES="2 ms" ;;
  split) export CUTTLE_UP_OPTIONS="$options --split" RUNTIME="shards = 2" LINK_MBPS=100 SLOT_OF_EIGHT_LANES="2 ms" ;;
  poll) export CUTTLE_UP_OPTIONS="$options --poll-mode" ;;
  native-to-seastar) export CUTTLE_UP_OPTIONS_b=$options ;;
  seastar-to-native) export CUTTLE_UP_OPTIONS_a=$options ;;
  *)
    echo "no variant '$variant'" >&2
    exit 2
    ;;
esac
export CUTTLE_TEST_PREFIX=seastar_$variant CUTTLE_TEST_CASES="${*:3}"
script=$here/${name}_test.sh
[[ -f $script ]] || script=$here/../node/${name}_test.sh
exec bash "$script"
