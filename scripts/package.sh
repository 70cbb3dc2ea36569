#!/bin/bash
# summary: build the Debian packages cuttle, cuttle-mesh, cuttle-tools and cuttle-mgr (--seastar: cuttle and cuttle-seastar, for Debian 13) into out/package
# example: ./run package; ./run package --try (also installs, upgrades and purges them in a fresh root); ./run package --seastar --try
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
setup_packages
seastar=no
try=no
for option in "$@"; do
  case $option in
    --seastar) seastar=yes ;;
    --try) try=yes ;;
    *) DIE_STATUS=2 die "no option '$option'; expected ./run package [--seastar] [--try]" ;;
  esac
done
# shellcheck source=scripts/package/debian13.sh
[[ $seastar == no ]] || source "$CUTTLE_ROOT/scripts/package/debian13.sh"
# CUTTLE_BUILD: a folder that is built already.
if [[ $seastar == no && -z ${CUTTLE_BUILD:-} ]]; then
  build_release
  CUTTLE_BUILD=$CUTTLE_ROOT/build/release
fi
export CUTTLE_BUILD=${CUTTLE_BUILD:-}
PACKAGE=$OUT/package
VERSION=$(sed -n 's/^project(cuttle VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)

# Only what is committed or about to be, in a tree of its own: dpkg-buildpackage writes next to what it builds.
make_tree() {
  rm -rf "$PACKAGE"
  mkdir -p "$PACKAGE/tree"
  git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$PACKAGE/tree"
  cp -r "$PACKAGE/tree/packaging/debian" "$PACKAGE/tree/debian"
  printf 'cuttle (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- The Cuttle developers <cuttle@example.org>  %s\n' \
    "$VERSION" "$(date -R -d "@$(git log -1 --format=%ct)")" >"$PACKAGE/tree/debian/changelog"
}
build_packages() { (cd "$PACKAGE/tree" && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps); }
# Errors fail; warnings are shown in the log.
look_at_packages() { lintian --fail-on error --allow-root "$PACKAGE"/*.deb; }

heading "Debian packages (out/package)"
# shellcheck disable=SC2034  # step reads it
STEP_LOG=$OUT/package.log
step "a tree to build in" make_tree
if [[ $seastar == yes ]]; then
  package_13
else
  step "the packages" build_packages
fi
step "lintian" look_at_packages
rm -rf "$PACKAGE/tree"
if [[ $try == yes && $seastar == yes ]]; then
  heading "In a fresh Debian 13"
  bash "$CUTTLE_ROOT/scripts/package/try.sh" "$PACKAGE" "$SEASTAR_SUITE" cuttle-seastar
elif [[ $try == yes ]]; then
  heading "In a fresh Debian 12"
  bash "$CUTTLE_ROOT/scripts/package/try.sh" "$PACKAGE"
fi
for file in "$PACKAGE"/*.deb; do
  [[ $file == *dbgsym* ]] || say "  $(basename "$file"), $(($(stat -c %s "$file") / 1024)) kB"
done
