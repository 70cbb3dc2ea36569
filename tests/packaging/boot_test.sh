#!/bin/bash
# The order of a boot and of a shutdown, as systemd makes it out of our unit files and those of Ceph, nftables and
# systemd-networkd on this machine: addresses closed before the network comes up and after the firewall has flushed its
# rules; Ceph's daemons, mounts and block devices after the links, and at shutdown before them. Nothing is started.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
UNITS=$ROOT/packaging/systemd
SYSTEM=/lib/systemd/system
WORK=$(mktemp -d)
chmod 755 "$WORK"
trap 'rm -rf "$WORK"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
if ! [[ -x /lib/systemd/systemd && -e $SYSTEM/ceph-osd@.service && -e $SYSTEM/nftables.service ]]; then
  echo "SKIPPED: needs the packages systemd, nftables and ceph-osd" >&2
  exit 77
fi

mkdir -p "$WORK/units/ceph-.service.d" "$WORK/units/multi-user.target.wants" "$WORK/units/remote-fs.target.wants"
cp "$UNITS"/*.service "$UNITS"/*.target "$WORK/units"
cp "$UNITS/ceph-after-cuttle.conf" "$WORK/units/ceph-.service.d/cuttle.conf"
# As cephadm writes them.
CLUSTER=ceph-2f0a6d6c-0000-11ef-8000-000000000000
cat >"$WORK/units/$CLUSTER@.service" <<END
[Unit]
After=network-online.target local-fs.target time-sync.target
Wants=network-online.target local-fs.target time-sync.target
Before=$CLUSTER.target
[Service]
ExecStart=/bin/true
END
cat >"$WORK/units/mnt-ceph.mount" <<'END'
[Mount]
What=10.77.0.10:/
Where=/mnt/ceph
Type=ceph
Options=_netdev
END
ln -s ../mnt-ceph.mount "$WORK/units/remote-fs.target.wants/mnt-ceph.mount"

# enable UNIT TEMPLATE: both units of a node, as `systemctl enable cuttle@osd0` does by [Install].
enable() { ln -s "$2" "$WORK/units/multi-user.target.wants/$1"; }
grep -qx 'WantedBy=multi-user.target' "$UNITS/cuttle-close@.service" || fail "the unit that closes is wanted by nobody"
grep -qx 'Also=cuttle-close@%i.service' "$UNITS/cuttle@.service" || fail "enabling an agent does not close at boot"
enable cuttle@osd0.service ../cuttle@.service
enable cuttle-close@osd0.service ../cuttle-close@.service
enable nftables.service "$SYSTEM/nftables.service"
enable systemd-networkd.service "$SYSTEM/systemd-networkd.service"
enable remote-fs.target "$SYSTEM/remote-fs.target"

# plan UNIT...: what systemd would start, these besides. It does not run its test as root.
plan() {
  local as_nobody=() unit
  for unit in "$@"; do enable "$unit" "$(template_of "$unit")"; done
  ((EUID != 0)) || as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  (cd / && SYSTEMD_UNIT_PATH=$WORK/units:$SYSTEM XDG_RUNTIME_DIR=$WORK/run timeout 50 "${as_nobody[@]}" \
    /lib/systemd/systemd --test --system --unit=multi-user.target >"$WORK/plan" 2>&1) ||
    fail "systemd --test: $(tail -n 3 "$WORK/plan")"
  [[ ${ring_is_fine:-no} == yes ]] || ! grep -i 'ordering cycle' "$WORK/plan" || fail "the units are in a ring"
  sed -n 's/^.*Action: \([^ ]*\) -> start$/\1/p' "$WORK/plan" >"$WORK/started"
  # "FIRST SECOND" a line, of what is to be started: others order nothing. What is ordered after at a start is ordered
  # before at a stop.
  awk 'NR == FNR { started[$1]; next }
    /^\t-> Unit / { unit = $3; sub(/:$/, "", unit) }
    /^\t\tBefore: / && unit in started && $2 in started { print unit, $2 }
    /^\t\tAfter: / && unit in started && $2 in started { print $2, unit }' "$WORK/started" "$WORK/plan" | sort -u >"$WORK/order"
}
template_of() { # UNIT
  local name=${1/@*/@.service}
  if [[ -e $WORK/units/$name ]]; then echo "../$name"; else echo "$SYSTEM/$name"; fi
}
# after FIRST SECOND: whether a chain of orderings leads from the one to the other.
after() {
  FROM=$1 TO=$2 awk '
    { next_of[$1] = next_of[$1] " " $2 }
    END {
      queue[last = 1] = ENVIRON["FROM"]
      for (first = 1; first <= last; ++first) {
        n = split(next_of[queue[first]], follow, " ")
        for (i = 1; i <= n; ++i) {
          if (follow[i] == ENVIRON["TO"]) exit 0
          if (!(follow[i] in seen)) { seen[follow[i]]; queue[++last] = follow[i] }
        }
      }
      exit 1
    }' "$WORK/order"
}
expect_order() { # UNIT...
  while (($# > 1)); do
    grep -qxF "$1" "$WORK/started" || fail "$1 is not part of the boot"
    grep -qxF "$2" "$WORK/started" || fail "$2 is not part of the boot"
    after "$1" "$2" || fail "$2 is not ordered after $1"
    ! after "$2" "$1" || fail "$1 and $2 are ordered both ways"
    shift
  done
}
# A client: nothing but what it mounts.
plan
expect_order nftables.service cuttle-close@osd0.service network-pre.target systemd-networkd.service \
  network-online.target cuttle@osd0.service remote-fs-pre.target mnt-ceph.mount
expect_order cuttle-close@osd0.service cuttle@osd0.service
plan rbdmap.service
expect_order cuttle@osd0.service rbdmap.service

# A host of the cluster.
daemons=(ceph-osd@0.service ceph-mon@osd0.service "$CLUSTER@osd.1.service")
plan "${daemons[@]}"
for unit in "${daemons[@]}"; do
  expect_order cuttle@osd0.service cuttle.target "$unit"
  # An agent that is restarted takes no daemon along.
  ! sed -n "/^	-> Unit $unit:/,/^	-> Unit /p" "$WORK/plan" | grep -E '(Requires|Requisite|BindsTo|PartOf): cuttle' ||
    fail "$unit stops with the agent"
done
expect_order cuttle@osd0.service mnt-ceph.mount

# cuttle-mesh's folder on a disk of its own: waited for as part of local-fs.target, but closing does not depend on it.
closing=$(sed -n '/^	-> Unit cuttle-close@osd0.service:/,/^	-> Unit /p' "$WORK/plan")
grep -qF 'After: local-fs.target' <<<"$closing" || fail "closing does not wait for cuttle-mesh's folder"
! grep -E '(Requires|Requisite|BindsTo|RequiresMountsFor): .*/?var' <<<"$closing" || fail "without /var nothing is closed"

# One that needs the network makes no ring.
cat >"$WORK/units/var-lib-cuttle\x2dmesh.mount" <<'END'
[Mount]
What=10.77.0.10:/mesh
Where=/var/lib/cuttle-mesh
Type=nfs
Options=_netdev
END
ln -s '../var-lib-cuttle\x2dmesh.mount' "$WORK/units/remote-fs.target.wants/var-lib-cuttle\x2dmesh.mount"
plan
expect_order nftables.service cuttle-close@osd0.service network-pre.target systemd-networkd.service \
  network-online.target 'var-lib-cuttle\x2dmesh.mount'

# A /var that needs the network: whatever else systemd gives up for it, not closing before the network.
cat >"$WORK/units/var.mount" <<'END'
[Mount]
What=10.77.0.10:/var
Where=/var
Type=nfs
Options=_netdev
END
ln -s ../var.mount "$WORK/units/remote-fs.target.wants/var.mount"
ring_is_fine=yes
plan
expect_order nftables.service cuttle-close@osd0.service network-pre.target systemd-networkd.service
echo "boot: closed before the network, links before Ceph, mounts and block devices"
