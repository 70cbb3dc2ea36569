#!/bin/bash
# summary: a Linux of our own from Debian's newest source, with what Debian's kernels lack (IPTFS), and the tests that need it
# example: ./run kernel; ./run kernel test; ./run kernel test iptfs; ./run kernel sh uname -a
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/kernel/kernel.sh
source "$CUTTLE_ROOT/scripts/kernel/kernel.sh"
# shellcheck source=scripts/kernel/boot.sh
source "$CUTTLE_ROOT/scripts/kernel/boot.sh"
KERNEL_TESTS=$CUTTLE_ROOT/tests/kernel
word=${1:-make}
(($# == 0)) || shift
tests=()
case $word in
  make) (($# == 0)) || DIE_STATUS=2 die "'make' takes nothing" ;;
  sh) ;;
  test)
    for name in "$@"; do
      [[ -f $KERNEL_TESTS/${name}_test.sh ]] || DIE_STATUS=2 die "no test '$name'; there are: $(kernel_tests | paste -sd' ')"
    done
    if (($# > 0)); then tests=("$@"); else mapfile -t tests < <(kernel_tests); fi
    ;;
  *) DIE_STATUS=2 die "'$word' is nothing for 'kernel'; the words are make, test [NAME...] and sh [COMMAND...]" ;;
esac
reason=$(why_no_kernel)
[[ -z $reason ]] || DIE_STATUS=2 die "$reason"
setup_packages
trap stop_step EXIT
trap 'exit 130' INT TERM HUP

if ! kernel_is_ready; then
  heading "A kernel (User Mode Linux, in $KERNEL; once, some ten minutes)"
  with_root "$KERNEL" alone make_kernel
fi
case $word in
  make)
    say "Linux $(<"$KERNEL/version"): $KERNEL/linux"
    exit 0
    ;;
  sh)
    status=0
    boot_kernel "${@:-bash -i}" || status=$?
    exit "$status"
    ;;
esac

heading "Without a kernel"
bash "$KERNEL_TESTS/make_check.sh"
build_release cuttle iptfs stream
failed=0
for test in "${tests[@]}"; do
  heading "In Linux $(<"$KERNEL/version"): $test"
  run_kernel_test "$test" || failed=$((failed + 1))
done
say ""
say "$((${#tests[@]} - failed)) passed, $failed failed"
((failed == 0))
