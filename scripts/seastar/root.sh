# shellcheck shell=bash
# The root: a Debian 13 in a folder, with Seastar from Debian's packages. It is made once, in a minute or some, and
# serves every clone: who makes it locks it for itself, who compiles in it shares it. Only compilers run inside (chroot,
# in a mount namespace of their own, so that nothing stays mounted); the program that comes out runs on the machine
# itself, with the root's libraries.
SEASTAR_SUITE=trixie
SEASTAR_CACHE=${CUTTLE_SEASTAR_CACHE:-/var/cache/cuttle}
SEASTAR_ROOT=$SEASTAR_CACHE/seastar-root
SEASTAR_PACKAGES=$CUTTLE_ROOT/scripts/seastar/packages.txt

seastar_packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$SEASTAR_PACKAGES"; }

# What the root was made from: when that changes, it is made anew.
seastar_recipe() {
  echo "$SEASTAR_SUITE"
  seastar_packages
}
# Half made or half removed, it is not: the recipe is the last thing that comes and the first that goes.
seastar_root_is_ready() {
  [[ $(cat "$SEASTAR_ROOT/cuttle-recipe" 2>/dev/null) == "$(seastar_recipe)" && -x $SEASTAR_ROOT/usr/bin/g++ &&
    -n $(compgen -G "$SEASTAR_ROOT/usr/lib/*/cmake/Seastar/SeastarConfig.cmake") ]]
}

# with_seastar_root shared|alone COMMAND...: the command while nobody makes the root anew, or nobody else uses it.
with_seastar_root() {
  local way=--exclusive lock
  [[ $1 == alone ]] || way=--shared
  mkdir -p "$SEASTAR_CACHE"
  exec {lock}>"$SEASTAR_ROOT.lock"
  flock "$way" "$lock"
  local status=0
  "${@:2}" || status=$?
  exec {lock}>&-
  return "$status"
}

# seastar_is_installed: on the machine itself, so that no root is needed.
seastar_is_installed() { compgen -G '/usr/lib/*/cmake/Seastar/SeastarConfig.cmake' >/dev/null; }

# why_no_seastar_root: one line, or nothing when one can be made.
why_no_seastar_root() {
  if ((EUID != 0)); then
    echo "a Debian root needs root to be made and entered (sudo ./run seastar)"
  elif [[ $(uname -m) != x86_64 ]]; then
    echo "Debian has seastar-dev for x86-64 only, and this is $(uname -m)"
  elif ! command -v mmdebstrap >/dev/null && ! command -v apt-get >/dev/null; then
    echo "mmdebstrap is missing"
  elif ! unshare --mount true 2>/dev/null; then
    echo "this machine allows no mount namespaces"
  fi
}

# Everything but seastar-dev stays what the suite has: sid's libraries are too new for it.
pin_sid() {
  cat <<'END'
Package: *
Pin: release n=sid
Pin-Priority: -1

Package: seastar-dev
Pin: release n=sid
Pin-Priority: 990
END
}

# Once others have made it meanwhile, there is nothing to do.
make_seastar_root() { with_seastar_root alone make_seastar_root_alone; }
make_seastar_root_alone() {
  local mirror proxies new=$SEASTAR_ROOT.new
  ! seastar_root_is_ready || return 0
  mirror=$(debian_mirror)
  mapfile -t proxies < <(proxy_options)
  rm -rf --one-file-system "$new"
  # shellcheck disable=SC2064  # as it is now
  trap "rm -rf --one-file-system '$new'" EXIT
  pin_sid >"$SEASTAR_CACHE/sid-pin"
  # The archive's Release file of sid may be past its Valid-Until on a mirror that lags.
  # shellcheck disable=SC2016  # "$1" is mmdebstrap's
  timeout 1200 mmdebstrap --mode=root --variant=apt --format=directory \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' "${proxies[@]}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --setup-hook='mkdir -p "$1/etc/apt/preferences.d"' \
    --setup-hook="cp '$SEASTAR_CACHE/sid-pin' \"\$1/etc/apt/preferences.d/sid\"" \
    --include="$(seastar_packages | paste -sd,)" \
    "$SEASTAR_SUITE" "$new" "deb $mirror $SEASTAR_SUITE main" "deb $mirror sid main" || return 1
  seastar_recipe >"$new/cuttle-recipe" || return 1
  rm -f "$SEASTAR_ROOT/cuttle-recipe"
  rm -rf --one-file-system "$SEASTAR_ROOT"
  mv "$new" "$SEASTAR_ROOT"
}

# in_seastar_root COMMAND...: with the tree at its own path.
in_seastar_root() { with_seastar_root shared enter_seastar_root "$@"; }
enter_seastar_root() {
  mkdir -p "$SEASTAR_ROOT/$CUTTLE_ROOT" "$SEASTAR_ROOT/ccache" "$SEASTAR_CACHE/ccache"
  # shellcheck disable=SC2016  # expands inside
  unshare --mount --propagation private -- bash -euc '
    root=$1 tree=$2 ccache=$3
    shift 3
    mount --bind "$tree" "$root/$tree"
    mount --bind "$ccache" "$root/ccache"
    mount --bind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C CCACHE_DIR=/ccache \
      CCACHE_BASEDIR="$tree" CCACHE_NOHASHDIR=1 "$@"' in_seastar_root "$SEASTAR_ROOT" "$CUTTLE_ROOT" \
    "$SEASTAR_CACHE/ccache" "$@"
}
