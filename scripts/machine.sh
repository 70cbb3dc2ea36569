#!/bin/bash
# summary: a whole machine of its own, emulated, with Debian's kernel and the package: its boot, memory that runs out, Ceph's kernel clients, snapshots
# example: ./run machine; ./run machine boot; ./run machine memory --without flusher; ./run machine snapshot --kernel trixie-backports
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/machine/root.sh
source "$CUTTLE_ROOT/scripts/machine/root.sh"
# shellcheck source=scripts/machine/kernel.sh
source "$CUTTLE_ROOT/scripts/machine/kernel.sh"
tests=()
without=
while (($# > 0)); do
  case $1:${2:-} in
    boot:* | memory:* | rbd:* | snapshot:*) tests+=("$1") ;;
    --without:close | --without:flusher | --without:lock | --without:redirect | --without:notice | --without:clock)
      without=$2
      shift
      ;;
    --kernel:[a-z]*)
      choose_machine_kernel "$2"
      shift
      ;;
    *)
      DIE_STATUS=2 die "'$*' is nothing for 'machine'; the words are boot (--without close), memory (--without flusher, --without lock)," \
        "rbd (--without redirect) and snapshot (--without notice, --without clock), each with --kernel SUITE (bullseye, trixie-backports)"
      ;;
  esac
  shift
done
# What is taken away is taken from one of them.
case $without in
  close) belongs=boot ;;
  flusher | lock) belongs=memory ;;
  redirect) belongs=rbd ;;
  notice | clock) belongs=snapshot ;;
  *) belongs= ;;
esac
[[ -z $belongs || ${tests[*]:-$belongs} == "$belongs" ]] || DIE_STATUS=2 die "--without $without is for 'machine $belongs'"
if ((${#tests[@]} == 0)); then
  if [[ -n $belongs ]]; then tests=("$belongs"); else tests=(boot memory rbd snapshot); fi
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
machine_kernel_is_ready || step "its kernel, of $MACHINE_KERNEL (once)" make_machine_kernel
bash scripts/package.sh
build_release cuttle past dirty reuse

failed=0
for test in "${tests[@]}"; do
  heading "In the machine${MACHINE_KERNEL:+, with the kernel of $MACHINE_KERNEL}: $test"
  CUTTLE=$CUTTLE_ROOT/build/release/src/cuttle/cuttle CUTTLE_TOOLS=$CUTTLE_ROOT/build/release/tests/tools \
    CUTTLE_PACKAGE=$(echo "$OUT"/package/cuttle_*.deb) CUTTLE_TEST_PREFIX=machine MACHINE_WITHOUT=$without \
    MACHINE_KERNEL=$MACHINE_KERNEL \
    bash "$CUTTLE_ROOT/tests/machine/${test}_test.sh" &
  # As a step, which a signal ends at once.
  STEP_PID=$!
  wait "$STEP_PID" || failed=$((failed + 1))
  STEP_PID=
done
say ""
say "$((${#tests[@]} - failed)) passed, $failed failed"
((failed == 0))
