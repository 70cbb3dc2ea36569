#!/bin/bash
# summary: build the fuzz targets with libFuzzer and run each for SECONDS (default 60); --coverage: what they reach
# example: ./run fuzz; ./run fuzz 600 receiver; ./run fuzz --coverage; ./run fuzz --keep
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
for part in run coverage keep; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/fuzz/$part.sh"
done
mode=run
seconds=60
case ${1:-} in
  '') ;;
  --coverage | --keep)
    mode=${1#--}
    shift
    ;;
  *)
    [[ $1 =~ ^[0-9]+$ ]] || DIE_STATUS=2 die "'$1' is no number of seconds; for example: ./run fuzz 600 receiver"
    seconds=$1
    shift
    ;;
esac
# shellcheck disable=SC2034  # the parts read it
filter=${1:-}
setup_packages
"fuzz_$mode" "$seconds"
