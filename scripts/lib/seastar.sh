# shellcheck shell=bash
# The program with the Seastar driver: from this machine's own packages where they suffice, else from a Debian root.
# shellcheck source=scripts/seastar/root.sh
source "$CUTTLE_ROOT/scripts/seastar/root.sh"
# shellcheck source=scripts/seastar/build.sh
source "$CUTTLE_ROOT/scripts/seastar/build.sh"

# prepare_seastar_root: makes it unless it is there. When it cannot, WHY_NO_SEASTAR says why, and it fails.
prepare_seastar_root() {
  ! seastar_root_is_ready || return 0
  WHY_NO_SEASTAR=$(why_no_seastar_root)
  [[ -z $WHY_NO_SEASTAR ]] || return 1
  # shellcheck disable=SC2034  # step reads it
  local STEP_LOG=$OUT/seastar-root.log
  step "a Debian 13 root with Seastar (once, a few minutes)" make_seastar_root || {
    WHY_NO_SEASTAR="the root could not be made, see out/seastar-root.log"
    return 1
  }
}

# build_seastar: afterwards CUTTLE_SEASTAR_PROGRAM names the program, for the tests, too. Fails, with WHY_NO_SEASTAR,
# where no root can be had; ends the script where the code does not compile.
build_seastar() {
  local began
  began=$(now_ms)
  if seastar_is_installed; then
    build_release cuttle-seastar cuttle-seastar-faulty
    export CUTTLE_SEASTAR_PROGRAM=$CUTTLE_ROOT/build/release/src/seastar/cuttle-seastar
    return 0
  fi
  prepare_seastar_root || return 1
  heading "Build of the Seastar driver, in $SEASTAR_ROOT ($SEASTAR_BUILD)"
  # shellcheck disable=SC2119  # none is meant
  compile_seastar >"$OUT/build-seastar.log" 2>&1 || {
    grep -A 40 -m 1 -E '^(FAILED:|ninja: error)' "$OUT/build-seastar.log" >&2 || tail -n 40 "$OUT/build-seastar.log" >&2
    die "the Seastar driver does not compile; the whole log is in out/build-seastar.log"
  }
  say "  built in $(seconds_since "$began") s"
  CUTTLE_SEASTAR_PROGRAM=$(seastar_program)
  export CUTTLE_SEASTAR_PROGRAM
}
