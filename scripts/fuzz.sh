#!/bin/bash
# summary: build the fuzz targets with libFuzzer and run each for SECONDS (default 60), or only those that match FILTER
# example: ./run fuzz; ./run fuzz 600 open
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
seconds=${1:-60}
filter=${2:-}
[[ $seconds =~ ^[0-9]+$ ]] || DIE_STATUS=2 die "'$seconds' is no number of seconds; for example: ./run fuzz 600 open"
setup_packages
[[ -f fuzz/CMakeLists.txt ]] || die "there are no fuzz targets in fuzz/ yet"
heading "Build (build/fuzz)"
configure fuzz -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang -DCUTTLE_FUZZ=ON -DCUTTLE_TESTS=OFF \
  -DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link \
  -DCUTTLE_SANITIZE=address,undefined
mapfile -t programs < <(targets_like fuzz _fuzz | grep -E -- "$filter")
((${#programs[@]} > 0)) || die "no fuzz target matches '$filter'; they are the programs fuzz/NAME_fuzz"
run_ninja fuzz "${programs[@]}"
failed=0
for name in "${programs[@]}"; do
  # What was found interesting is kept from run to run; seeds may lie beside the target's source.
  corpus=$OUT/fuzz/$name
  mkdir -p "$corpus"
  seeds=()
  [[ ! -d fuzz/corpus/$name ]] || seeds=("fuzz/corpus/$name")
  heading "$name, $seconds s (corpus: out/fuzz/$name)"
  if ! "build/fuzz/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$corpus/failure-" "$corpus" "${seeds[@]}" >"$OUT/fuzz/$name.log" 2>&1; then
    failed=$((failed + 1))
    tail -n 40 "$OUT/fuzz/$name.log" >&2
  fi
  tail -n 8 "$OUT/fuzz/$name.log" | sed -n 's/^stat::/  /p'
done
say ""
say "$((${#programs[@]} - failed)) passed, $failed failed"
((failed == 0))
