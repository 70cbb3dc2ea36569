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

# fuzz_start SECONDS NAME: one target, in the background; notes in fuzz_run's `running` which process it is.
fuzz_start() {
  local corpora
  corpora "$2"
  "build/fuzz/fuzz/$2" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$OUT/fuzz/failure-$2-" "${corpora[@]}" >"$OUT/fuzz/$2.log" 2>&1 &
  running[$!]=$2
}

# Waits for one of `running` and shows its figures; of one that failed, the end of its log.
fuzz_end() {
  local pid status=0 log
  wait -n -p pid "${!running[@]}" || status=1
  log=$OUT/fuzz/${running[$pid]}.log
  heading "${running[$pid]} (corpus: out/fuzz/${running[$pid]})"
  unset "running[$pid]"
  ((status == 0)) || tail -n 40 "$log" >&2
  tail -n 8 "$log" | sed -n 's/^stat::/  /p'
  return "$status"
}

# As many at a time as there are CPUs.
fuzz_run() {
  local name failed=0 at_a_time running=()
  at_a_time=$(nproc)
  build_fuzzers
  say "  ${#programs[@]} targets, $at_a_time at a time, $1 s each"
  # In the background a signal to this script does not reach them.
  trap 'kill "${!running[@]}" 2>/dev/null; exit 130' INT TERM
  for name in "${programs[@]}"; do
    ((${#running[@]} < at_a_time)) || fuzz_end || failed=$((failed + 1))
    fuzz_start "$1" "$name"
  done
  while ((${#running[@]} > 0)); do
    fuzz_end || failed=$((failed + 1))
  done
  say ""
  say "$((${#programs[@]} - failed)) passed, $failed failed"
  echo "$((${#programs[@]} - failed)) $failed" >"$OUT/fuzz.counts"
  ((failed == 0))
}
