#!/bin/bash
# summary: a real three-node Ceph cluster in network namespaces, with Cuttle or --plain
# example: ./run lab up [--plain] [--one-osd]; ./run lab sh mon -- ceph -s; ./run lab status; ./run lab down
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
setup_packages
# A shaped lab needs the agent; ninja finds out at once whether there is something to compile.
if [[ ${1:-} == up && " $* " != *' --plain '* ]]; then
  build_release cuttle
  say ""
fi
exec "$CUTTLE_ROOT/lab/lab" "$@"
