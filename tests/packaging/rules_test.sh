#!/bin/bash
# packaging/debian/rules: make understands it for both sets of packages, and each file of the tree that it names is there.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$ROOT"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

for profiles in '' pkg.cuttle.seastar; do
  steps=$(DEB_BUILD_PROFILES=$profiles make -n -f packaging/debian/rules override_dh_auto_install CUTTLE_BUILD=build 2>&1) ||
    fail "make cannot read packaging/debian/rules${profiles:+ for $profiles}: $steps"
  while read -r file; do
    compgen -G "$file" >/dev/null || fail "packaging/debian/rules names $file, which is not there"
  done < <(grep -oE '(^| )(packaging|scripts|mgr|docs)/[^ ]+' <<<"$steps")
  while read -r _ page; do
    [[ -e packaging/man/$page.md ]] || fail "there is no packaging/man/$page.md"
  done < <(grep -oE 'man\.sh [^ ]+' <<<"$steps")
  echo "${profiles:-without a profile}: $(wc -l <<<"$steps") steps"
done
