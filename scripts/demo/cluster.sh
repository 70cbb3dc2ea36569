# shellcheck shell=bash
# The demo's cluster.
LAB_NAME=cuttle-demo

bring_up_cluster() {
  local options=(--driver "$DRIVER")
  [[ $1 == shaped ]] || options=(--plain)
  bring_up_lab "${options[@]}"
}
