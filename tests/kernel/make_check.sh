#!/bin/bash
# What `./run kernel` says when it cannot make one: no source, no room, half a kernel in the cache. On the machine itself, with a
# cache of its own in memory; nothing is compiled.
set -euo pipefail
CUTTLE_ROOT=${CUTTLE_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
if [[ ${IN_OWN_MOUNTS:-} != yes ]]; then
  IN_OWN_MOUNTS=yes exec unshare --mount --propagation private bash "$0"
fi
CACHE=$(mktemp -d)
trap 'umount "$CACHE" 2>/dev/null || true; rm -rf "$CACHE"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
cache_of() { # SIZE
  ! mountpoint -q "$CACHE" || umount "$CACHE"
  mount -t tmpfs -o "size=$1" tmpfs "$CACHE"
}
# says STATUS TEXT ARGUMENTS...: in one line.
says() {
  local expected=$1 text=$2 status=0 said
  shift 2
  said=$(CUTTLE_KERNEL_CACHE=$CACHE CUTTLE_KERNEL_MIRROR=file:///not-there "$CUTTLE_ROOT/run" kernel "$@" 2>&1) || status=$?
  [[ $status == "$expected" ]] || fail "status $status instead of $expected: $said"
  grep -q "^run: .*$text" <<<"$said" || fail "no line with '$text' in: $said"
}

says 2 "'boil' is nothing for 'kernel'" boil
says 2 "no test 'nothing'; there are:.* iptfs" test nothing
cache_of 10m
says 1 'has room for 10 MB; a kernel takes 4096' make
cache_of 6g
says 1 'no kernel source; see out/kernel.log' make
# A recipe, and beside it something that is no kernel: it is not taken for one.
mkdir -p "$CACHE/kernel"
(
  source "$CUTTLE_ROOT/scripts/lib/common.sh"
  source "$CUTTLE_ROOT/scripts/kernel/kernel.sh"
  kernel_recipe >"$CACHE/kernel/cuttle-recipe"
)
printf '#!/bin/sh\nexit 1\n' >"$CACHE/kernel/linux"
chmod +x "$CACHE/kernel/linux"
echo 7.3.4 >"$CACHE/kernel/version"
says 1 'no kernel source' make
# A kernel made from another fragment.
printf '#!/bin/sh\necho 7.3.4\n' >"$CACHE/kernel/linux"
echo old >"$CACHE/kernel/cuttle-recipe"
says 1 'no kernel source' make
# Half a source is fetched anew.
mkdir -p "$CACHE/kernel.new"
echo half >"$CACHE/kernel.new/source.tar.xz"
says 1 'the source cannot be unpacked, and is fetched anew' make
[[ ! -e $CACHE/kernel.new/source.tar.xz ]] || fail "half a source is kept"
echo "what stands in the way of a kernel is said"
