# shellcheck shell=bash
# The experiment's cluster is a lab under a name of its own, so that it does not meet a lab of the user's.
LAB_NAME=cuttle-audit
# shellcheck disable=SC2034  # the loads read it
LAB_STATE=/var/tmp/$LAB_NAME-lab
LAB_PID=

lab() {
  local word=$1
  shift
  "$CUTTLE_ROOT/lab/lab" "$word" --name "$LAB_NAME" "$@"
}

bring_up_cluster() {
  local options=(--rate "$RATE")
  [[ -z $SLOT ]] || options+=(--slot "$SLOT")
  [[ -z $POLL_BEFORE ]] || options+=(--poll-before "$POLL_BEFORE")
  [[ -z $RELEASE ]] || options+=(--release "$RELEASE")
  [[ -z $JITTER ]] || options+=(--jitter "$JITTER")
  [[ $SCATTER == no ]] || options+=(--scatter)
  [[ $DRIVER == native ]] || options+=(--driver "$DRIVER")
  [[ $1 == shaped ]] || options=(--plain)
  [[ $ONE_OSD == no ]] || options+=(--one-osd)
  "$CUTTLE_ROOT/lab/lab" up --name "$LAB_NAME" "${options[@]}" &
  LAB_PID=$!
  wait "$LAB_PID"
  LAB_PID=
}

# Whatever happened: nothing of the experiment stays.
remove_cluster() {
  trap '' INT TERM
  stop_step
  if [[ -n $LAB_PID ]]; then
    kill -TERM "$LAB_PID" 2>/dev/null || true
    wait "$LAB_PID" 2>/dev/null || true
    LAB_PID=
  fi
  lab down >/dev/null
  trap audit_interrupted INT TERM
}

audit_interrupted() {
  warn ""
  warn "audit: interrupted; removing its cluster"
  exit 130
}
