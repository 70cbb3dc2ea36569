#!/bin/bash
# summary: build the driver on Seastar (in a Debian 13 root where this machine has no Seastar) and test it
# example: ./run seastar; ./run seastar build; ./run seastar test split
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/ctest.sh
source "$CUTTLE_ROOT/scripts/lib/ctest.sh"
# shellcheck source=scripts/lib/seastar.sh
source "$CUTTLE_ROOT/scripts/lib/seastar.sh"
word=${1:-test}
filter=${2:-}
[[ $word == build || $word == test ]] || DIE_STATUS=2 die "no word '$word' for 'seastar'; the words are build and test"
setup_packages
if ! build_seastar; then
  say "The Seastar driver: SKIPPED, $WHY_NO_SEASTAR"
  exit 0
fi
say "  the program: $CUTTLE_SEASTAR_PROGRAM"
say "  it runs by: cuttle up --config FILE --driver seastar --driver-program PROGRAM"
[[ $word == test ]] || exit 0
build_release cuttle impair inject notified sequence stream
if ((EUID != 0)); then
  say "Its tests: SKIPPED, they need root (sudo ./run seastar)"
  exit 0
fi
heading "Tests of the Seastar driver, with network namespaces (one after the other)"
began=$(now_ms)
begin_counting
run_ctest release -L seastar ${filter:+-R "$filter"}
count_cases
say ""
say "$CASES_PASSED passed, $CASES_FAILED failed, $CASES_SKIPPED skipped; $(seconds_since "$began") s"
((CASES_PASSED + CASES_FAILED > 0)) || die "no test matches '$filter'"
((CASES_FAILED == 0))
