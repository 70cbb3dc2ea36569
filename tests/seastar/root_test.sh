#!/bin/bash
# The Debian root that the Seastar driver is built in (scripts/seastar/root.sh): one that is half made is made anew, one
# that cannot be made leaves nothing behind, and two trees that want it at once make it once. The programs that would
# make it are doubles.
set -euo pipefail
WORK=$(mktemp -d /tmp/ctt-root-XXXXXX)
trap 'rm -rf "$WORK"' EXIT
TEST=seastar_root
CASES=0
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
if ((EUID != 0)) || [[ $(uname -m) != x86_64 ]]; then
  echo "SKIPPED: such a root is made by root, on x86-64" >&2
  exit 77
fi

# A double of mmdebstrap: the folder it is to make is its last argument but one.
mkdir "$WORK/bin"
cat >"$WORK/bin/mmdebstrap" <<'END'
#!/bin/bash
echo made >>"$DOUBLE/made"
words=("$@")
root=${words[-2]}
mkdir -p "$root/usr/bin"
[[ ! -e $DOUBLE/fails ]] || { echo "the archive does not answer" >&2; exit 1; }
sleep 0.3
mkdir -p "$root/usr/lib/x/cmake/Seastar" && touch "$root/usr/lib/x/cmake/Seastar/SeastarConfig.cmake"
touch "$root/usr/bin/g++" && chmod +x "$root/usr/bin/g++"
END
chmod +x "$WORK/bin/mmdebstrap"
export PATH=$WORK/bin:$PATH DOUBLE=$WORK CUTTLE_SEASTAR_CACHE=$WORK/cache

# prepare: as ./run test does it.
prepare() {
  bash -c 'source "$CUTTLE_ROOT/scripts/lib/common.sh"; source "$CUTTLE_ROOT/scripts/lib/seastar.sh"
    prepare_seastar_root && exit 0; status=$?; echo "$WHY_NO_SEASTAR"; exit "$status"' >"$WORK/said" 2>&1
}
made() { wc -l <"$WORK/made"; }
expect_made() { # TIMES WHEN
  [[ $(made) == "$1" ]] || fail "made $(made) times instead of $1, $2: $(<"$WORK/said")"
}
passed() {
  CASES=$((CASES + 1))
  echo "[       OK ] $1"
}
root=$CUTTLE_SEASTAR_CACHE/seastar-root

touch "$WORK/made"
prepare & prepare
wait $! || fail "two at once: $(<"$WORK/said")"
expect_made 1 "by two trees at once"
prepare || fail "a root that is there"
expect_made 1 "though it is there"
passed made_once

rm "$root/usr/bin/g++"
prepare || fail "a root without a compiler: $(<"$WORK/said")"
expect_made 2 "after it was half removed"
rm "$root/cuttle-recipe"
prepare || fail "a root without its recipe: $(<"$WORK/said")"
expect_made 3 "after it was half made"
mkdir -p "$root.new/half"
rm "$root/cuttle-recipe"
prepare || fail "what an interrupted one left: $(<"$WORK/said")"
[[ ! -e $root.new && ! -e $root/half ]] || fail "what an interrupted one left is still there"
passed half_made

rm "$root/cuttle-recipe"
touch "$WORK/fails"
! prepare || fail "no error though the archive does not answer"
[[ $(tail -n 1 "$WORK/said") == "the root could not be made, see out/seastar-root.log" ]] || fail "it says: $(<"$WORK/said")"
[[ ! -e $root.new ]] || fail "half a root is left"
passed cannot_be_made
echo "$TEST: $CASES of $CASES passed"
