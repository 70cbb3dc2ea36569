# shellcheck shell=bash
# Debian roots in folders, made once from a recipe and kept for every clone; when the recipe changes, made anew. Who makes
# one locks it for itself, who uses it shares it.
# shellcheck source=scripts/lib/mirror.sh
source "$CUTTLE_ROOT/scripts/lib/mirror.sh"
# shellcheck source=scripts/lib/packages.sh
source "$CUTTLE_ROOT/scripts/lib/packages.sh"

# Half made or half removed, it is not: the recipe is the last thing that comes and the first that goes.
root_is_ready() { # ROOT RECIPE
  [[ $(cat "$1/cuttle-recipe" 2>/dev/null) == "$2" ]]
}

# with_root ROOT shared|alone COMMAND...: the command while nobody makes the root anew, or nobody else uses it.
with_root() {
  local way=--exclusive lock status=0
  [[ $2 == alone ]] || way=--shared
  mkdir -p "$(dirname "$1")"
  exec {lock}>"$1.lock"
  flock "$way" "$lock"
  "${@:3}" || status=$?
  exec {lock}>&-
  return "$status"
}

# make_root ROOT READY RECIPE SUITE OPTIONS...: by mmdebstrap, from the sources on stdin, without documentation. Once others
# have made it meanwhile, which the command READY tells, there is nothing to do.
make_root() { with_root "$1" alone make_root_alone "$@"; }
make_root_alone() {
  local root=$1 recipe=$3 suite=$4 proxies
  ! "$2" || return 0
  mapfile -t proxies < <(proxy_options)
  rm -rf --one-file-system "$root.new"
  # shellcheck disable=SC2064  # as it is now
  trap "rm -rf --one-file-system '$root.new'" EXIT
  timeout 1200 mmdebstrap --mode=root --format=directory --aptopt='Acquire::Languages "none"' "${proxies[@]}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "${@:5}" "$suite" "$root.new" - || return 1
  echo "$recipe" >"$root.new/cuttle-recipe" || return 1
  rm -f "$root/cuttle-recipe"
  rm -rf --one-file-system "$root"
  mv "$root.new" "$root"
}
