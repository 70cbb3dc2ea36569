# shellcheck shell=bash
# The demo's cluster is a lab under a name of its own, so that it does not meet a lab of the user's.
LAB_NAME=cuttle-demo

lab() {
  local word=$1
  shift
  "$CUTTLE_ROOT/lab/lab" "$word" --name "$LAB_NAME" "$@"
}

bring_up_cluster() {
  local options=(--driver "$DRIVER")
  [[ $1 == shaped ]] || options=(--plain)
  "$CUTTLE_ROOT/lab/lab" up --name "$LAB_NAME" "${options[@]}" &
  LAB_PID=$!
  wait "$LAB_PID"
  LAB_PID=
}

# Whatever happened: nothing of the demo stays.
remove_cluster() {
  trap '' INT TERM
  stop_step
  if [[ -n ${LAB_PID:-} ]]; then
    kill -TERM "$LAB_PID" 2>/dev/null || true
    wait "$LAB_PID" 2>/dev/null || true
    LAB_PID=
  fi
  lab down >/dev/null
  trap demo_interrupted INT TERM
}

demo_interrupted() {
  warn ""
  warn "demo: interrupted; removing its cluster"
  exit 130
}
