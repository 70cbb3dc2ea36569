# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031  # CUTTLE_ROOT is the copy for what runs in it, and for nothing else
# Planting a defect in a copy of the tree, and looking which test notices. The copy shares the compiler's cache, so
# little more is compiled than what a mutant changes.
MUTANTS=$CUTTLE_ROOT/build/mutants
TRIED=0
CAUGHT=0
PLANTED= # the file that has a mutant in it

copy_tree() {
  mkdir -p "$MUTANTS"
  # What has not changed keeps its time, so that it is not compiled again.
  git ls-files -z | tar --create --null --files-from=- | tar --extract --directory "$MUTANTS" --skip-old-files
  local file
  git ls-files -z | while IFS= read -r -d '' file; do
    cmp -s "$file" "$MUTANTS/$file" || cp "$file" "$MUTANTS/$file"
  done
}

# Everything below is done to the copy.
in_copy() {
  (
    CUTTLE_ROOT=$MUTANTS
    export CCACHE_BASEDIR=$MUTANTS
    cd "$MUTANTS" && "$@"
  )
}
build_copy() { # TEST...
  configure release
  ninja -C "$MUTANTS/build/release" "${@/%/_test}"
}
run_tests() { # TEST...
  local names=$*
  # The first case that fails is enough.
  GTEST_FAIL_FAST=1 ctest --test-dir "$MUTANTS/build/release" --output-on-failure --no-tests=error --timeout 300 --stop-on-failure \
    -R "^(${names// /|})\$"
}

put_back() {
  [[ -z $PLANTED ]] || cp "$CUTTLE_ROOT/$PLANTED" "$MUTANTS/$PLANTED"
  PLANTED=
}

# has_place FILE FROM: FROM stands there exactly once; says so where it does not.
has_place() {
  local file=$1 from=$2 text
  text=$(<"$CUTTLE_ROOT/$file")
  [[ $text == *"$from"* ]] || { warn "$file has no '$from' any more; mend scripts/mutants/list.sh" && return 1; }
  [[ ${text#*"$from"} != *"$from"* ]] || { warn "$file has '$from' twice; mend scripts/mutants/list.sh" && return 1; }
}

# plant FILE FROM TO
plant() {
  local file=$1 from=$2 to=$3 text
  has_place "$file" "$from" || exit 1
  text=$(<"$CUTTLE_ROOT/$file")
  PLANTED=$file
  printf '%s\n' "${text%%"$from"*}$to${text#*"$from"}" >"$MUTANTS/$file"
}

names_of_tests() {
  local tests
  # shellcheck disable=SC2317  # each_mutant calls it
  collect() { ! is_wanted "$1" || tests+=" $5"; }
  each_mutant collect
  tr ' ' '\n' <<<"$tests" | sort -u | grep . | tr '\n' ' '
}
tests_pass_unchanged() {
  local tests
  read -ra tests <<<"$(names_of_tests)"
  in_copy build_copy "${tests[@]}" && in_copy run_tests "${tests[@]}"
}

is_wanted() { # WHAT
  # shellcheck disable=SC2154  # of mutants.sh
  ((${#filters[@]} > 0)) || return 0
  local filter
  for filter in "${filters[@]}"; do
    [[ $1 != *"$filter"* ]] || return 0
  done
  return 1
}

# try_mutant WHAT FILE FROM TO TESTS
try_mutant() {
  local what=$1 file=$2 log=$OUT/mutants.log began tests
  is_wanted "$what" || return 0
  began=$(now_ms)
  TRIED=$((TRIED + 1))
  plant "$file" "$3" "$4"
  read -ra tests <<<"$5"
  if ! in_copy build_copy "${tests[@]}" >"$log" 2>&1; then
    say "  $(printf '%-58s' "$what") does not compile: $(grep -m 1 'error:' "$log")"
  elif in_copy run_tests "${tests[@]}" >"$log" 2>&1; then
    say "  $(printf '%-58s' "$what") NOT CAUGHT by $5 ($(seconds_since "$began") s)"
  else
    CAUGHT=$((CAUGHT + 1))
    say "  $(printf '%-58s' "$what") caught by $(who_caught "$log") ($(seconds_since "$began") s)"
  fi
  put_back
}
# The first case that failed, or the program that did.
who_caught() {
  grep -o -m 1 -E '^(.*: )?\[  FAILED  \] [^ (]+' "$1" | sed 's/.*FAILED  \] //' | grep . ||
    sed -n 's/.*[0-9] - \([a-z_-]*\) (\(.*\))$/\1 (\2)/p' "$1" | head -n 1
}
