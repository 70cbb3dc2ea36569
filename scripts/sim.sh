#!/bin/bash
# summary: trials in virtual time: whole nodes, a hostile network, two payloads and one wire
# example: ./run sim --seeds 10000; ./run sim --family pairs --seed 42
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
setup_packages
build_release cuttle-sim
exec "$CUTTLE_ROOT/build/release/sim/cuttle-sim" "$@"
