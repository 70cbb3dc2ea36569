# shellcheck shell=bash
# A mutant whose place is gone would be noticed only by `./run mutants`, which takes an hour.
# shellcheck source=scripts/mutants/list.sh
source "$CUTTLE_ROOT/scripts/mutants/list.sh"
# shellcheck source=scripts/mutants/plant.sh
source "$CUTTLE_ROOT/scripts/mutants/plant.sh"
lint_mutants() {
  local status=0
  # shellcheck disable=SC2317  # each_mutant calls it
  look() { has_place "$2" "$3" || status=1; }
  each_mutant look
  return "$status"
}
