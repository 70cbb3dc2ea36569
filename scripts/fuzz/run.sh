# shellcheck shell=bash
# Building the targets and running them. What was found interesting stays in out/fuzz/NAME from run to run; what is
# worth keeping for everybody is in fuzz/corpus/NAME.

# build_targets FOLDER CMAKE_ARGUMENTS...: sets `programs` to those that match the filter.
build_targets() {
  heading "Build (build/$1)"
  configure "$1" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang -DCUTTLE_FUZZ=ON -DCUTTLE_TESTS=OFF "${@:2}"
  # shellcheck disable=SC2154  # fuzz.sh sets it
  mapfile -t programs < <(targets_like "$1" _fuzz | grep -E -- "$filter")
  ((${#programs[@]} > 0)) || die "no fuzz target matches '$filter'; they are the programs fuzz/NAME_fuzz"
  run_ninja "$1" "${programs[@]}"
}
build_fuzzers() {
  build_targets fuzz -DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link -DCUTTLE_SANITIZE=address,undefined
}

# corpora NAME: sets `corpora` to the folders of inputs, the one that is written to first.
corpora() {
  mkdir -p "$OUT/fuzz/$1"
  corpora=("$OUT/fuzz/$1")
  [[ ! -d fuzz/corpus/$1 ]] || corpora+=("fuzz/corpus/$1")
}

# fuzz_one SECONDS NAME: one target; what went wrong is the end of its log.
fuzz_one() {
  local seconds=$1 name=$2 corpora status=0
  corpora "$name"
  "build/fuzz/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$OUT/fuzz/failure-$name-" "${corpora[@]}" >"$OUT/fuzz/$name.log" 2>&1 || status=1
  heading "$name, $seconds s (corpus: out/fuzz/$name)"
  ((status == 0)) || tail -n 40 "$OUT/fuzz/$name.log" >&2
  tail -n 8 "$OUT/fuzz/$name.log" | sed -n 's/^stat::/  /p'
  return "$status"
}

# As many at a time as there are CPUs.
fuzz_run() {
  local name failed=0 running=0
  build_fuzzers
  say "  ${#programs[@]} targets, $(nproc) at a time, $1 s each"
  for name in "${programs[@]}"; do
    if ((running == $(nproc))); then
      wait -n || failed=$((failed + 1))
      running=$((running - 1))
    fi
    fuzz_one "$1" "$name" &
    running=$((running + 1))
  done
  while ((running > 0)); do
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
  done
  say ""
  say "$((${#programs[@]} - failed)) passed, $failed failed"
  echo "$((${#programs[@]} - failed)) $failed" >"$OUT/fuzz.counts"
  ((failed == 0))
}
