#!/bin/bash
# summary: build and run the benchmarks (all, or those whose program's name matches FILTER)
# example: ./run bench; ./run bench seal
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
filter=${1:-}
setup_packages
[[ -f bench/CMakeLists.txt ]] || die "there are no benchmarks in bench/ yet"
heading "Build (build/bench)"
configure bench -DCUTTLE_BENCH=ON -DCUTTLE_TESTS=OFF
mapfile -t programs < <(targets_like bench _bench | grep -E -- "$filter")
((${#programs[@]} > 0)) || die "no benchmark matches '$filter'; they are the programs bench/NAME_bench"
mkdir -p "$OUT/bench"
run_ninja bench "${programs[@]}"
for name in "${programs[@]}"; do
  heading "$name (figures: out/bench/$name.json)"
  timeout 600 "build/bench/bench/$name" --benchmark_out="$OUT/bench/$name.json" --benchmark_out_format=json
done
