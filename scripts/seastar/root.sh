# shellcheck shell=bash
# The root: a Debian 13 in a folder, with Seastar from Debian's packages. It is made once, in a minute or some, and
# serves every clone: who makes it locks it for itself, who compiles in it shares it. Only compilers run inside (chroot,
# in a mount namespace of their own, so that nothing stays mounted); the program that comes out runs on the machine
# itself, with the root's libraries.
# shellcheck source=scripts/lib/root.sh
source "$CUTTLE_ROOT/scripts/lib/root.sh"
SEASTAR_SUITE=trixie
SEASTAR_CACHE=${CUTTLE_SEASTAR_CACHE:-/var/cache/cuttle}
SEASTAR_ROOT=$SEASTAR_CACHE/seastar-root
SEASTAR_PACKAGES=$CUTTLE_ROOT/scripts/seastar/packages.txt

seastar_packages() { packages_of "$SEASTAR_PACKAGES"; }

# What the root was made from: when that changes, it is made anew.
seastar_recipe() {
  echo "$SEASTAR_SUITE"
  seastar_packages
}
seastar_root_is_ready() {
  root_is_ready "$SEASTAR_ROOT" "$(seastar_recipe)" && [[ -x $SEASTAR_ROOT/usr/bin/g++ &&
    -n $(compgen -G "$SEASTAR_ROOT/usr/lib/*/cmake/Seastar/SeastarConfig.cmake") ]]
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

make_seastar_root() {
  local mirror
  mirror=$(debian_mirror)
  mkdir -p "$SEASTAR_CACHE"
  pin_sid >"$SEASTAR_CACHE/sid-pin"
  # The archive's Release file of sid may be past its Valid-Until on a mirror that lags.
  # shellcheck disable=SC2016  # "$1" is mmdebstrap's
  make_root "$SEASTAR_ROOT" seastar_root_is_ready "$(seastar_recipe)" "$SEASTAR_SUITE" --variant=apt \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --setup-hook='mkdir -p "$1/etc/apt/preferences.d"' \
    --setup-hook="cp '$SEASTAR_CACHE/sid-pin' \"\$1/etc/apt/preferences.d/sid\"" \
    --include="$(seastar_packages | paste -sd,)" \
    < <(printf '%s main\n' "deb $mirror $SEASTAR_SUITE" "deb $mirror sid")
}

# in_seastar_root COMMAND...: with the tree at its own path.
in_seastar_root() { with_root "$SEASTAR_ROOT" shared enter_seastar_root "$@"; }
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
