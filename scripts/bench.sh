#!/bin/bash
# summary: measure: cells, idle, tunnel, queueing, loss, links, intervals, ceph, drivers, transfers, xdp, flood, host, or all (docs/benchmarks.md); --help lists options
# example: ./run bench; ./run bench tunnel --rounds 5; ./run bench cells
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
[[ ${1:-} != flood ]] || exec bash "$CUTTLE_ROOT/bench/flood.sh"
export BENCH_OUT=$OUT/bench BENCH_BUILD=$CUTTLE_ROOT/build/bench
export CUTTLE=${CUTTLE:-$BENCH_BUILD/src/cuttle/cuttle} PYTHONDONTWRITEBYTECODE=1
if [[ " $* " != *" --help "* && " $* " != *" -h "* ]]; then
  setup_packages
  heading "Build (build/bench)"
  configure bench -DCUTTLE_BENCH=ON -DCUTTLE_TESTS=OFF
  run_ninja bench cells_bench link_ends sleeper past_socket cuttle
  if [[ $# == 0 || " $* " == *" drivers "* || " $* " == *" transfers "* || " $* " == *" all "* ]]; then
    # shellcheck source=scripts/lib/seastar.sh
    source "$CUTTLE_ROOT/scripts/lib/seastar.sh"
    build_seastar || say "no Seastar driver here: $WHY_NO_SEASTAR"
  fi
  if [[ $# == 0 || " $* " == *" transfers "* || " $* " == *" all "* ]]; then
    build_release impair
    export BENCH_IMPAIR=$CUTTLE_ROOT/build/release/tests/tools/impair
  fi
fi
exec python3 bench/main.py "$@"
