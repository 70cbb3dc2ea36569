# shellcheck shell=bash
# Running test programs by ctest, and counting their cases from what they wrote themselves: GoogleTest's XML
# where there is one (NAME_test.xml), otherwise one case a program, from ctest's own JUnit file.
RESULTS=$OUT/test-results
CTEST_PREFIX=() # a command to run ctest under

begin_counting() {
  rm -rf "$RESULTS"
  mkdir -p "$RESULTS"
  RUN_AGAIN=() # programs that failed and passed when run once more
}

# run_ctest FOLDER CTEST_ARGUMENTS...: never fails by itself; count_cases tells.
run_ctest() {
  local folder=$1
  shift
  LAST_RUN=$RESULTS/junit-$(now_ms).xml
  GTEST_OUTPUT="xml:$RESULTS/" "${CTEST_PREFIX[@]}" ctest --test-dir "$CUTTLE_ROOT/build/$folder" --output-on-failure \
    --no-tests=ignore --output-junit "$LAST_RUN" "$@" || true
}

# The same, and what failed once more, by itself: on a busy machine a test of real processes may come too late. That it
# did is said, with its name, for such a test is to be mended. Where more fail than that, it is no accident.
MOST_AGAIN=3
run_ctest_twice() {
  local name again=()
  run_ctest "$@"
  mapfile -t again < <(program_results "$LAST_RUN" | sed -n 's/ fail$//p')
  ((${#again[@]} > 0 && ${#again[@]} <= MOST_AGAIN)) || return 0
  heading "Once more: ${again[*]}"
  for name in "${again[@]}"; do rm -f "$RESULTS/${name}_test.xml"; done
  run_ctest "$@" -R "^($(IFS='|' && echo "${again[*]}"))\$"
  for name in "${again[@]}"; do
    ! program_results "$LAST_RUN" | grep -x "$name run" >/dev/null || RUN_AGAIN+=("$name")
  done
}

# attribute NAME FILE: of the file's first element that has it.
attribute() { grep -o -m 1 " $1=\"[0-9]*\"" "$2" | head -n 1 | tr -dc 0-9; }

# program_results FILE...: name and status of each program, its last where it ran twice, one a line: "crypto run",
# "config fail". A test that says it cannot run here (its SKIP_RETURN_CODE) is "skip"; one that was not run because its
# program is missing failed.
program_results() {
  cat "$@" 2>/dev/null | awk '
    /<testcase / {
      match($0, /name="[^"]*"/); name = substr($0, RSTART + 6, RLENGTH - 7)
      match($0, /status="[^"]*"/); status = substr($0, RSTART + 8, RLENGTH - 9)
      if (status == "notrun") status = "fail"
      if (status == "disabled") status = "skip"
    }
    /<skipped message="SKIP_/ { status = "skip" }
    /<\/testcase>/ { statuses[name] = status }
    END { for (name in statuses) print name, statuses[name] }'
}

count_cases() {
  local name status file tests failures skipped
  CASES_PASSED=0
  CASES_FAILED=0
  CASES_SKIPPED=0
  while read -r name status; do
    file=$RESULTS/${name}_test.xml
    tests=1 failures=0 skipped=0
    if [[ -s $file ]]; then
      tests=$(attribute tests "$file")
      failures=$(attribute failures "$file")
      skipped=$(($(attribute disabled "$file") + $(grep -c '<testcase .*result="skipped"' "$file" || true)))
    elif [[ $status == skip ]]; then
      skipped=1
    fi
    # A program that crashed, hung or leaked failed, whatever its cases said until then.
    if [[ $status == fail && $failures == 0 ]]; then
      failures=1
      ((tests > skipped)) || tests=$((skipped + 1))
    fi
    CASES_FAILED=$((CASES_FAILED + failures))
    CASES_SKIPPED=$((CASES_SKIPPED + skipped))
    CASES_PASSED=$((CASES_PASSED + tests - failures - skipped))
  done < <(program_results "$RESULTS"/junit-*.xml)
}
