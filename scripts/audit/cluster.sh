# shellcheck shell=bash
# The experiment's cluster.
LAB_NAME=cuttle-audit
# shellcheck disable=SC2034  # the loads read it
LAB_STATE=$(lab_state "$LAB_NAME")

bring_up_cluster() {
  local options=(--rate "$RATE")
  [[ -z $LADDER ]] || options+=(--ladder "$LADDER")
  [[ -z $SLOT ]] || options+=(--slot "$SLOT")
  [[ -z $POLL_BEFORE ]] || options+=(--poll-before "$POLL_BEFORE")
  [[ -z $RELEASE ]] || options+=(--release "$RELEASE")
  [[ -z $JITTER ]] || options+=(--jitter "$JITTER")
  [[ $SCATTER == no ]] || options+=(--scatter)
  [[ $DRIVER == native ]] || options+=(--driver "$DRIVER")
  [[ $1 == shaped ]] || options=(--plain)
  [[ $ONE_OSD == no ]] || options+=(--one-osd)
  bring_up_lab "${options[@]}"
}
