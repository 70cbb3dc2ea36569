#!/bin/bash
# summary: the unit and simulation tests under the address, undefined-behaviour and thread sanitizers
# example: ./run sanitize
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/ctest.sh
source "$CUTTLE_ROOT/scripts/lib/ctest.sh"
setup_packages

# The programs of the tests that carry one of these labels; only these are built and run. The test NAME is the program
# NAME_test (cmake/CuttleTargets.cmake); a script would run programs that are not built so.
test_programs() {
  local only=()
  # What crunches numbers in one thread shows ThreadSanitizer nothing, and takes the longest.
  [[ $1 != tsan ]] || only=(-LE one_thread)
  comm -12 \
    <(ctest --test-dir "build/$1" --show-only=json-v1 -L 'unit|sim' -E '^sim_mutants$' "${only[@]}" | jq -r '.tests[].name + "_test"' | sort -u) \
    <(targets_like "$1" _test)
}

# ThreadSanitizer of this compiler cannot place its memory where the kernel randomizes addresses widely.
# shellcheck disable=SC2034  # run_ctest reads it
if setarch -R true 2>/dev/null; then
  CTEST_PREFIX=(setarch -R)
fi
# Everything is ten times slower so: a tenth of the simulation's seeds, no mutants of its own (they try the checkers, not
# the code), and one thread for the trees (OpenMP's own synchronisation is unknown to ThreadSanitizer).
export CUTTLE_SIM_SHARE=${CUTTLE_SIM_SHARE:-0.1} OMP_NUM_THREADS=1

# sanitize FOLDER SANITIZERS
sanitize() {
  local programs
  heading "Sanitizers: $2 (build/$1)"
  configure "$1" -DCUTTLE_SANITIZE="$2"
  mapfile -t programs < <(test_programs "$1")
  ((${#programs[@]} > 0)) || die "no tests with the labels unit or sim"
  run_ninja "$1" "${programs[@]}"
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  run_ctest "$1" -j "$(nproc)" -R "^($(IFS='|' && echo "${programs[*]%_test}"))\$"
  say "  left to ./run test: what only crunches numbers (leave_to_unsanitized in tests/*/CMakeLists.txt)"
}

begin_counting
sanitize asan address,undefined
count_cases
passed=$CASES_PASSED
failed=$CASES_FAILED
begin_counting
sanitize tsan thread
count_cases
say ""
say "$((passed + CASES_PASSED)) passed, $((failed + CASES_FAILED)) failed"
((failed + CASES_FAILED == 0))
