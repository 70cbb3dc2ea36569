# shellcheck shell=bash
# Packages of another release of Debian, looked up and fetched with lists of their own: this machine's stay as they are.

# suite_apt FOLDER SOURCE PROGRAM ARGUMENTS...: apt's PROGRAM, with its state in FOLDER; SOURCE is a line as in sources.list.
suite_apt() {
  local apt=$1/apt
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
  : >>"$apt/status"
  echo "$2" >"$apt/sources.list"
  "$3" -o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" \
    -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Acquire::Languages=none \
    -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false "${@:4}"
}
