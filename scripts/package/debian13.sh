# shellcheck shell=bash
# The packages cuttle and cuttle-seastar for Debian 13: compiled and packed inside the root that Seastar's driver is built in
# (scripts/seastar/root.sh), over which lies, while it lasts, a layer with what else it takes. Sourced by package.sh.
# shellcheck source=scripts/lib/seastar.sh
source "$CUTTLE_ROOT/scripts/lib/seastar.sh"
PACKAGE_BUILD=build/package-13
# What neither package has.
PACKAGE_SKIPS='report;audit;trace;plan;capture'

package_13_packages() { echo debhelper lowdown prometheus-cpp-dev; }

# in_package_root COMMAND...: in the root with the layer, with the tree at its own path.
in_package_root() { with_root "$SEASTAR_ROOT" shared enter_package_root "$@"; }
enter_package_root() {
  mkdir -p "$SEASTAR_CACHE/ccache" "$PACKAGE_LAYER"/{upper,work,root}
  # shellcheck disable=SC2016  # expands inside
  unshare --mount --propagation private -- bash -euc '
    below=$1 layer=$2 tree=$3 ccache=$4
    shift 4
    root=$layer/root
    mount -t overlay overlay -o "lowerdir=$below,upperdir=$layer/upper,workdir=$layer/work" "$root"
    mkdir -p "$root/$tree" "$root/ccache"
    mount --bind "$tree" "$root/$tree"
    mount --bind "$ccache" "$root/ccache"
    mount --bind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    cd "$tree"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 CCACHE_DIR=/ccache \
      DEBIAN_FRONTEND=noninteractive CCACHE_BASEDIR="$tree" CCACHE_NOHASHDIR=1 \
      sh -c "cd \"\$0\" && exec \"\$@\"" "$tree" "$@"' in_package_root \
    "$SEASTAR_ROOT" "$PACKAGE_LAYER" "$CUTTLE_ROOT" "$SEASTAR_CACHE/ccache" "$@"
}

add_package_tools() {
  in_package_root apt-get -qq update
  # shellcheck disable=SC2046  # words are meant
  in_package_root apt-get -qq install --yes --no-install-recommends $(package_13_packages)
}
compile_for_13() {
  in_package_root cmake -G Ninja -S . -B "$PACKAGE_BUILD" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCUTTLE_SEASTAR=ON \
    -DCUTTLE_TESTS=OFF "-DCUTTLE_SKIP=$PACKAGE_SKIPS" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
  in_package_root ninja -C "$PACKAGE_BUILD" cuttle cuttle-metrics cuttle-seastar
}
pack_for_13() {
  in_package_root env "CUTTLE_BUILD=$CUTTLE_ROOT/$PACKAGE_BUILD" sh -c \
    'cd out/package/tree && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps -Ppkg.cuttle.seastar'
}

# package_13: after the tree is made.
package_13() {
  PACKAGE_LAYER=$(mktemp -d /var/tmp/cuttle-package-13-XXXXXX)
  # shellcheck disable=SC2064  # as it is now
  trap "rm -rf --one-file-system '$PACKAGE_LAYER'" EXIT
  prepare_seastar_root || die "no packages for Debian 13 can be made here: $WHY_NO_SEASTAR"
  step "what packages take, over the root" add_package_tools
  step "cuttle and cuttle-seastar for Debian 13" compile_for_13
  step "the packages" pack_for_13
}
