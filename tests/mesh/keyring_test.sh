#!/bin/bash
# `cuttle mesh join` takes no keyring that others can read: it would copy it for cuttle-mesh alone, and leave the original.
# No monitor is asked.
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
join() {
  ! timeout 30 "$CUTTLE" mesh join --host osd0 --folder "$WORK/etc" --state "$WORK/state" --no-systemd \
    --conf "$WORK/no.conf" --keyring "$WORK/keyring" >"$WORK/said" 2>&1 || fail "it joins without a cluster"
}
printf '[client.cuttle.osd0]\n\tkey = AQDpxBFlAAAAABAAh3cCvYV0Jp0rYVWlTZB0ag==\n' >"$WORK/keyring"
for mode in 644 640 604 602; do
  chmod "$mode" "$WORK/keyring"
  join
  grep -q "keyring: others can read it (mode 0$mode).*chmod 600" "$WORK/said" || fail "of mode $mode, join says: $(<"$WORK/said")"
done
chmod 600 "$WORK/keyring"
join
! grep -q 'others can read it' "$WORK/said" || fail "of mode 600, join says: $(<"$WORK/said")"
[[ ! -e $WORK/etc && ! -e $WORK/state ]] || fail "a join that fails leaves something behind"
grep -q 'umask 077; ceph auth' <("$CUTTLE" mesh capabilities --help) || fail "what help shows makes a keyring that others can read"
echo "a keyring that others can read is refused"
