#!/bin/bash
# summary: compile everything into build/release
# example: ./run build
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
setup_packages
build_release "$@"
