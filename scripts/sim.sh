#!/bin/bash
# summary: trials in virtual time: whole nodes, a hostile network, two payloads and one wire
# example: ./run sim --seeds 10000; ./run sim --family pairs --seed 42; ./run sim cover
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
setup_packages
if [[ ${1:-} == cover ]]; then # what cover costs (docs/cover.md)
  shift
  build_release cuttle-cover
  exec "$CUTTLE_ROOT/build/release/sim/cover/cuttle-cover" "$@"
fi
build_release cuttle-sim
exec "$CUTTLE_ROOT/build/release/sim/cuttle-sim" "$@"
