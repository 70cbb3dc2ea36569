# shellcheck shell=bash
# A lab under a name of its own ($LAB_NAME), so that it does not meet a lab of the user's. It goes whatever happens.
# shellcheck source=scripts/lib/lab_state.sh
source "$CUTTLE_ROOT/scripts/lib/lab_state.sh"
LAB_PID=

lab() { # WORD ARGUMENTS...
  local word=$1
  shift
  "$CUTTLE_ROOT/lab/lab" "$word" --name "$LAB_NAME" "$@"
}

# In the background, so that an interrupt is heard while it comes up.
bring_up_lab() { # OPTIONS...
  lab up "$@" &
  LAB_PID=$!
  wait "$LAB_PID"
  LAB_PID=
}

remove_lab() {
  trap '' INT TERM
  stop_step
  if [[ -n $LAB_PID ]]; then
    kill -TERM "$LAB_PID" 2>/dev/null || true
    wait "$LAB_PID" 2>/dev/null || true
    LAB_PID=
  fi
  lab down >/dev/null
  trap lab_interrupted INT TERM
}

lab_interrupted() {
  warn ""
  warn "$(basename "$0" .sh): interrupted; removing its cluster"
  exit 130
}
