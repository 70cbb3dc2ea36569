# shellcheck shell=bash
# The demo's cluster.
# shellcheck disable=SC2034  # own_lab.sh reads it
LAB_NAME=cuttle-demo

bring_up_cluster() {
  local options=(--driver "$DRIVER")
  [[ $1 == shaped ]] || options=(--plain)
  bring_up_lab "${options[@]}"
}
