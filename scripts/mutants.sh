#!/bin/bash
# summary: plant one-line defects in the sources, one at a time; the tests must catch each (those that match a FILTER)
# example: ./run mutants; ./run mutants replay; ./run mutants "preshared key" "an answer"; ./run mutants --list
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
for part in plant list; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/mutants/$part.sh"
done
if [[ ${1:-} == --list ]]; then
  # shellcheck disable=SC2317  # each_mutant calls it
  say_mutant() { printf '  %-58s %s\n' "$1" "$2"; }
  each_mutant say_mutant
  exit 0
fi
[[ ${1:-} != -* ]] || DIE_STATUS=2 die "no option '$1' for 'mutants'; there is --list, or words of a mutant's name"
filters=("$@")
setup_packages
mutants_began=$(now_ms)
trap put_back EXIT
trap 'exit 130' INT TERM
copy_tree
heading "The tests as they are"
step "they pass without a mutant" tests_pass_unchanged
heading "Mutants"
each_mutant try_mutant
((TRIED > 0)) || DIE_STATUS=2 die "no mutant's name has '${filters[*]}' in it (./run mutants --list)"
say ""
say "Mutants: $CAUGHT of $TRIED caught; $(seconds_since "$mutants_began") s"
((CAUGHT == TRIED))
