#!/bin/bash
# summary: a whole machine of its own, emulated, with Debian's kernel and the package: its boot, and memory that runs out
# example: ./run machine; ./run machine boot; ./run machine memory; ./run machine memory --without flusher
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/machine/root.sh
source "$CUTTLE_ROOT/scripts/machine/root.sh"
tests=()
without=
while (($# > 0)); do
  case $1:${2:-} in
    boot:* | memory:*) tests+=("$1") ;;
    --without:close | --without:flusher | --without:lock)
      without=$2
      shift
      ;;
    *) DIE_STATUS=2 die "'$*' is nothing for 'machine'; the words are boot (--without close) and memory (--without flusher, --without lock)" ;;
  esac
  shift
done
# What is taken away is taken from one of them.
case $without in
  close) belongs=boot ;;
  flusher | lock) belongs=memory ;;
  *) belongs= ;;
esac
[[ -z $belongs || ${tests[*]:-$belongs} == "$belongs" ]] || DIE_STATUS=2 die "--without $without is for 'machine $belongs'"
if ((${#tests[@]} == 0)); then
  if [[ -n $belongs ]]; then tests=("$belongs"); else tests=(boot memory); fi
fi
reason=$(why_no_machine)
[[ -z $reason ]] || DIE_STATUS=2 die "$reason"
setup_packages
trap stop_step EXIT
trap 'exit 130' INT TERM HUP

heading "A machine (Debian 12 in $MACHINE_ROOT)"
# shellcheck disable=SC2034  # step reads it
STEP_LOG=$OUT/machine.log
machine_root_is_ready || step "its root (once, a minute or two)" make_machine_root
bash scripts/package.sh
build_release past dirty

failed=0
for test in "${tests[@]}"; do
  heading "In the machine: $test"
  CUTTLE=$CUTTLE_ROOT/build/release/src/cuttle/cuttle CUTTLE_TOOLS=$CUTTLE_ROOT/build/release/tests/tools \
    CUTTLE_PACKAGE=$(echo "$OUT"/package/cuttle_*.deb) CUTTLE_TEST_PREFIX=machine MACHINE_WITHOUT=$without \
    bash "$CUTTLE_ROOT/tests/machine/${test}_test.sh" || failed=$((failed + 1))
done
say ""
say "$((${#tests[@]} - failed)) passed, $failed failed"
((failed == 0))
