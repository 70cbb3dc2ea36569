#!/bin/bash
# summary: build, lint, and run the tests (all, or those whose program's name matches FILTER)
# example: ./run test; ./run test crypto
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/ctest.sh
source "$CUTTLE_ROOT/scripts/lib/ctest.sh"
# shellcheck source=scripts/lib/seastar.sh
source "$CUTTLE_ROOT/scripts/lib/seastar.sh"
filter=${1:-}
FUZZ_SECONDS=2 # each target: enough for every input that was kept, and some new ones
test_began=$(now_ms)
setup_packages

# With a filter somebody is at work on something: the tests alone, then, and no lint.
lint_passed=0
lint_failed=0
if [[ -z $filter ]]; then
  rm -f "$OUT/lint.counts"
  bash scripts/lint.sh --changed || [[ -f $OUT/lint.counts ]] || die "the lint did not get to its end"
  read -r lint_passed lint_failed <"$OUT/lint.counts"
else
  build_release
fi

begin_counting
heading "Tests of units and simulation (two at a time)"
run_ctest release -j "$(nproc)" -L 'unit|sim' ${filter:+-R "$filter"}
if ((EUID == 0)); then
  heading "Tests with network namespaces (one after the other; two at a time where none looks at the time)"
  run_ctest_twice release -j 2 -L root ${filter:+-R "$filter"}
else
  heading "Tests with network namespaces: SKIPPED, they need root (sudo ./run test)"
fi
if ((EUID == 0)) && build_seastar; then
  heading "Tests of the Seastar driver, with network namespaces (the others: ./run seastar)"
  run_ctest_twice release -L '^seastar$' ${filter:+-R "$filter"}
else
  heading "Tests of the Seastar driver: SKIPPED, ${WHY_NO_SEASTAR:-they need root (sudo ./run test)}"
fi

fuzz_passed=0
fuzz_failed=0
if [[ -z $filter ]]; then
  rm -f "$OUT/fuzz.counts"
  bash scripts/fuzz.sh "$FUZZ_SECONDS" || [[ -f $OUT/fuzz.counts ]] || die "the fuzz targets did not get to their end"
  read -r fuzz_passed fuzz_failed <"$OUT/fuzz.counts"
fi

count_cases
say ""
say "Test cases: $CASES_PASSED passed, $CASES_FAILED failed, $CASES_SKIPPED skipped; checks of the lint: $lint_passed passed, $lint_failed failed; fuzz targets: $fuzz_passed passed, $fuzz_failed failed; $(seconds_since "$test_began") s"
((${#RUN_AGAIN[@]} == 0)) || say "Passed only when run once more: ${RUN_AGAIN[*]}"
((CASES_PASSED + CASES_FAILED > 0)) || die "no test matches '$filter'"
total_failed=$((CASES_FAILED + lint_failed + fuzz_failed))
say "$((CASES_PASSED + lint_passed + fuzz_passed)) passed, $total_failed failed"
((total_failed == 0))
