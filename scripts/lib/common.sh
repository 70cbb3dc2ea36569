# shellcheck shell=bash
# What every word starts with: strict mode, the tree's root, the folder for logs, the helpers.
set -euo pipefail
cd "$CUTTLE_ROOT"
OUT=$CUTTLE_ROOT/out
mkdir -p "$OUT"
STEP_LOG=$OUT/run.log
# shellcheck source=scripts/lib/say.sh
source "$CUTTLE_ROOT/scripts/lib/say.sh"
# shellcheck source=scripts/lib/packages.sh
source "$CUTTLE_ROOT/scripts/lib/packages.sh"
