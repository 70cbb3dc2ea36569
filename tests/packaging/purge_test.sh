#!/bin/bash
# What the package leaves when it is purged: configurations and keys, where there are any, with what agents keep for
# them, and the users whose they are; else neither.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# The script itself, in folders of the test's, with a deluser that says whom it is to delete.
mkdir "$WORK/bin" "$WORK/etc" "$WORK/run" "$WORK/lib"
printf '#!/bin/sh\necho "$@" >>"%s/deleted"\n' "$WORK" >"$WORK/bin/deluser"
chmod 755 "$WORK/bin/deluser"
sed "s|/etc/cuttle|$WORK/etc/cuttle|g; s|/run/cuttle|$WORK/run/cuttle|g; s|/var/lib/cuttle|$WORK/lib/cuttle|g; s|/sys/class/net|$WORK/net|g" \
  "$ROOT/packaging/debian/cuttle.postrm" >"$WORK/postrm"
purge() {
  rm -f "$WORK/deleted"
  PATH=$WORK/bin:$PATH sh "$WORK/postrm" purge 2>"$WORK/said" || fail "purge: $(<"$WORK/said")"
}

mkdir "$WORK/etc/cuttle" "$WORK/run/cuttle" "$WORK/lib/cuttle"
touch "$WORK/etc/cuttle/node.key" "$WORK/lib/cuttle/node.preshared"
purge
[[ -e $WORK/etc/cuttle/node.key ]] || fail "a key is gone"
[[ ! -e $WORK/deleted ]] || fail "users are deleted while there are keys of theirs: $(<"$WORK/deleted")"
grep -q 'still has configurations or keys' "$WORK/said" || fail "it says: $(<"$WORK/said")"
[[ -e $WORK/lib/cuttle/node.preshared ]] || fail "renewed keys are gone, though a configuration may need them"
rm "$WORK/etc/cuttle/node.key"
mkdir "$WORK/lib/cuttle-mesh"
purge
[[ ! -e $WORK/deleted ]] || fail "users are deleted while the mesh's folder is there: $(<"$WORK/deleted")"
grep -q 'still says what stays closed' "$WORK/said" || fail "it says: $(<"$WORK/said")"
rmdir "$WORK/lib/cuttle-mesh"
mkdir -p "$WORK/net/ct-osd1" "$WORK/net/eth0"
echo "cuttle osd0" >"$WORK/net/ct-osd1/ifalias"
echo "an uplink" >"$WORK/net/eth0/ifalias"
purge
[[ ! -e $WORK/deleted ]] || fail "users are deleted while an interface is theirs: $(<"$WORK/deleted")"
grep -q 'interfaces of links' "$WORK/said" || fail "it says: $(<"$WORK/said")"
rm -r "$WORK/net/ct-osd1"
mkdir "$WORK/etc/cuttle"
purge
[[ ! -e $WORK/etc/cuttle ]] || fail "the empty folder stays"
[[ ! -e $WORK/run/cuttle ]] || fail "the sockets' folder stays"
[[ ! -e $WORK/lib/cuttle ]] || fail "what agents kept stays"
grep -q 'cuttle-metrics$' "$WORK/deleted" || fail "the metrics' user stays"
grep -q 'cuttle$' "$WORK/deleted" || fail "the agent's user stays"
echo "purge: keys keep their owner"
