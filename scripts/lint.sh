#!/bin/bash
# summary: the format, clang-tidy, shellcheck, pyflakes, every header alone, who includes whom, the walks of docs/architecture.md, the places of the mutants; results are cached by content
# example: ./run lint; ./run lint --changed (clang-tidy for the last commit and the work since)
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
for part in format shell python layers walks mutants headers tidy; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/lint/$part.sh"
done
TIDY_SELECTION='cat'
tidy_scope="every source"
case ${1:-} in
  '') ;;
  --changed)
    # shellcheck disable=SC2034  # lint_tidy reads it
    TIDY_SELECTION=only_changed
    tidy_scope="what the last commit changed, or the work since"
    ;;
  *) DIE_STATUS=2 die "no option '$1' for 'lint'; there is --changed" ;;
esac
setup_packages

# lint_one NAME FUNCTION: a check passes or fails as a whole; its complaints are printed at its end. What it writes
# to descriptor 3 is shown at once.
passed=0
failed=0
lint_one() {
  local began log=$OUT/lint-$2.log
  began=$(now_ms)
  printf '  %-58s' "$1"
  if "$2" 3>&1 >"$log" 2>&1; then
    printf 'ok  %6s s\n' "$(seconds_since "$began")"
    passed=$((passed + 1))
  else
    printf 'FAILED, %s s\n' "$(seconds_since "$began")"
    tail -n 60 "$log" >&2
    warn "The whole log is in ${log#"$CUTTLE_ROOT"/}"
    failed=$((failed + 1))
  fi
}

# clang-tidy takes the flags and the dependencies of each source from a finished build.
build_release all
heading "Lint"
lint_one "clang-format: every source as .clang-format says" lint_format
lint_one "shellcheck: every script" lint_shell
lint_one "pyflakes, black: the Python of the manager's module" lint_python
lint_one "layers: who includes whom, as file and page say" lint_layers
lint_one "walks: each call where docs/architecture.md says" lint_walks
lint_one "mutants: each has its place in the sources" lint_mutants
lint_one "every header compiles alone" lint_headers
lint_one "clang-tidy: $tidy_scope" lint_tidy
echo "$passed $failed" >"$OUT/lint.counts"
((failed == 0))
