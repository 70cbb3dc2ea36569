# shellcheck shell=bash
# --driver of the words that bring a lab up.
# shellcheck source=scripts/lib/seastar.sh
source "$CUTTLE_ROOT/scripts/lib/seastar.sh"

check_driver() { # NAME
  [[ $1 == native || $1 == seastar ]] || DIE_STATUS=2 die "--driver '$1': it is native or seastar"
}

# build_driver NAME: beside `cuttle` itself, which has the native one.
build_driver() {
  [[ $1 == seastar ]] || return 0
  build_seastar || die "no Seastar driver here: $WHY_NO_SEASTAR"
}
