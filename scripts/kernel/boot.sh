# shellcheck shell=bash
# Running commands in the kernel of our own (kernel.sh). It sees this machine's files, which it can only read; what it
# writes lies in its memory and is gone with it. One processor; it has no network but what a command makes in it.

# boot_kernel COMMAND...: in a shell there, in the tree; its status is that of the command. Variables named in KERNEL_PASS go along.
boot_kernel() ( # in a shell of its own, which takes away what it made however it ends
  local job status=0 name input=null
  job=$(mktemp -d "${TMPDIR:-/tmp}/cuttle-kernel-XXXXXX")
  # shellcheck disable=SC2064  # this folder
  trap "rm -rf '$job'" EXIT
  trap 'exit 130' INT TERM HUP
  {
    for name in CUTTLE_ROOT PATH HOME TERM ${KERNEL_PASS:-}; do
      [[ -z ${!name+set} ]] || printf 'export %s=%q\n' "$name" "${!name}"
    done
    printf 'cd %q\n%s\n' "$CUTTLE_ROOT" "$*"
  } >"$job/command"
  [[ ! -t 0 ]] || input=fd:0
  # shellcheck disable=SC2086  # words are meant
  timeout --foreground "${KERNEL_SECONDS:-1200}" "$KERNEL/linux" "mem=${KERNEL_MEMORY:-1200M}" rootfstype=hostfs rootflags=/ ro \
    con=null "con0=$input,fd:1" quiet loglevel=3 panic=-1 ${KERNEL_OPTIONS:-} "CUTTLE_JOB=$job" "CUTTLE_ROOT=$CUTTLE_ROOT" \
    "init=$CUTTLE_ROOT/scripts/kernel/init.sh" 2>"$job/log" || status=$?
  if [[ -s $job/status ]]; then
    status=$(<"$job/status")
  else
    status=125
    warn "the kernel ended before its command ($(tail -n 2 "$job/log" | tr '\n' ' '))"
  fi
  exit "$status"
)

kernel_tests() { find "$KERNEL_TESTS" -name '*_test.sh' -printf '%f\n' | sed 's/_test\.sh$//' | sort; }

# run_kernel_test NAME: as ctest would call it, but there.
run_kernel_test() {
  # shellcheck disable=SC2034  # named in KERNEL_PASS
  local CUTTLE=$CUTTLE_ROOT/build/release/src/cuttle/cuttle CUTTLE_TOOLS=$CUTTLE_ROOT/build/release/tests/tools
  local KERNEL_PASS="CUTTLE CUTTLE_TOOLS CUTTLE_TEST_CASES KERNEL_TEST_BYTES KERNEL_TEST_LEAD"
  local KERNEL_MEMORY KERNEL_OPTIONS
  KERNEL_OPTIONS=$(sed -n 's/^# options: //p' "$KERNEL_TESTS/${1}_test.sh")
  KERNEL_MEMORY=$(sed -n 's/^# memory: //p' "$KERNEL_TESTS/${1}_test.sh")
  boot_kernel bash "$KERNEL_TESTS/${1}_test.sh"
}
