#!/bin/bash
# A machine that is a client of Ceph's and nothing else: node a (machine.sh), whose peers are the monitor and the OSD of a real cluster,
# the lab. Its kernel maps an image (rbd) and mounts CephFS over the links, also while its agent is restarted, killed and stopped: the
# kernel waits, and nothing fails. All that crosses between the machine and the cluster is seen at ma, and has to be cells. The image's
# commands are those of docs/ceph.md, "Hosts that are only clients".
#
#   machine (QEMU): eth0  --  ma (tap) [m] mb  --  client [fabric of the lab] --  mon, osd0
#
#   MACHINE_WITHOUT=redirect: neither the OSD nor the machine redirects the other's address, to see that this test would notice.
# shellcheck source=tests/machine/machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/machine.sh"
# shellcheck source=scripts/lib/lab_state.sh
source "$CUTTLE_ROOT/scripts/lib/lab_state.sh"
LAB=$NET
STATE=$(lab_state "$LAB")
MON=10.77.0.10
OSD=10.77.0.11
V4[a]=10.77.0.13
# Emulated processors take long for each datagram, so these are large. The cluster's own link is slow as well, so that its agents leave
# the host time.
MTU=9000
CELL=8972
RATE="4 Mb/s"
SLOT="20 ms"
CELLS=$(cells_v4 "$CELL" 4410)
MIB=4 # of a file
LONG_MIB=12 # of one that takes half a minute
IMAGE=rbd/disk
PAGE=$CUTTLE_ROOT/docs/ceph.md
FILE_SYSTEM=files

clean_up() {
  "$CUTTLE_ROOT/lab/lab" down --name "$LAB" >/dev/null 2>&1 || true
  remove_network
  rm -rf "$WORK"
}

lab() { "$CUTTLE_ROOT/lab/lab" "$1" --name "$LAB" "${@:2}"; }
# ceph, rbd and the like, by their names, where the monitor is.
at_cluster() { lab sh mon -- timeout 60 "$@"; }
# box WORD: the commands of the section's box that has this word in it, one line of them.
box() {
  local found
  found=$(awk -v word="$1" '
    /^## / { inside = ($0 == "## Hosts that are only clients") }
    /^```/ { if (code) { if (text ~ word) print text; code = 0 } else if (inside && $0 == "```sh") { code = 1; text = "" }; next }
    code { text = text (text == "" ? "" : " && ") $0 }' "$PAGE")
  [[ -n $found ]] || fail "the page has no box with '$1'"
  echo "$found"
}

cluster_comes_up() {
  progress "a cluster: monitor, manager, OSD"
  local commands
  commands=$(box 'rbd create')
  { lab up --one-osd --rate 20Mb/s --slot "${SLOT// /}" && at_cluster bash -euc "cd $WORK && $commands"; } >"$WORK/ceph.log" 2>&1 ||
    fail "the cluster: $(tail -n 5 "$WORK/ceph.log")"
}
# What a client of a Debian 12 has: rbd, as it is on this machine, and what it was given of the cluster.
describe_client() {
  local files=$WORK/files file
  mkdir -p "$files"/usr/{bin,lib/udev/rules.d} "$files/etc/ceph"
  cp /usr/bin/rbd /usr/bin/ceph-rbdnamer "$files/usr/bin"
  cp /lib/udev/rules.d/50-rbd.rules "$files/usr/lib/udev/rules.d"
  while read -r file; do
    [[ ! -e $MACHINE_ROOT/usr/${file#/usr/} ]] || continue
    mkdir -p "$files/usr/$(dirname "${file#/usr/}")"
    cp -L "$file" "$files/usr/${file#/usr/}"
  done < <(ldd /usr/bin/rbd | awk '$3 ~ "^/" { print $3 }')
  printf '[global]\nmon host = %s\n' "$MON" >"$files/etc/ceph/ceph.conf"
  cp "$WORK/ceph.client.vm0.keyring" "$files/etc/ceph"
}

# Its metadata server is where the monitor is.
file_system_comes_up() {
  local pool
  for pool in metadata data; do at_cluster ceph osd pool create "$pool" 8 8 replicated --size 1 --autoscale-mode off || return 1; done
  at_cluster ceph auth get-or-create mds.a mon 'profile mds' mgr 'profile mds' mds 'allow *' osd 'allow *' -o "$STATE/mds.a.keyring" &&
    mkdir -p "$STATE/mds" || return 1
  lab sh mon -- ceph-mds -f -i a --mds-data "$STATE/mds" >"$STATE/log/ceph-mds.out" 2>&1 </dev/null &
  disown # so that bash does not comment on its end
  at_cluster ceph fs new "$FILE_SYSTEM" metadata data &&
    at_cluster ceph fs authorize "$FILE_SYSTEM" client.files / rw &&
    eventually 60 file_system_is_active
}
file_system_is_active() { at_cluster ceph mds stat | grep -q 'up:active'; }
secret_of() { at_cluster ceph auth print-key "$1"; } # CLIENT

# The lab's fabric takes the place of b, and the lab's two nodes that of the agent there.
lab_network() {
  network
  tap_for_a
  ip netns del "$NET-b"
  eventually 10 no_device mb || fail "the old mb does not go"
}
plug_in() {
  local node
  ip -n "$NET-m" link add mb mtu "$MTU" type veth peer name client netns "$LAB-fabric" mtu "$MTU"
  for node in mon osd0; do
    ip -n "$LAB-$node" link set dev eth0 mtu "$MTU"
    ip -n "$LAB-fabric" link set dev "$node" mtu "$MTU"
  done
  ip -n "$LAB-fabric" link set dev client master br0 up
  ip -n "$NET-m" link set dev mb up
  connect
}

peer() { # NAME ADDRESS PUBLIC_KEY PRESHARED_KEY_FILE
  printf '[[peer]]\nname = "%s"\npublic_key = "%s"\npreshared_key_file = "%s"\nendpoint = "%s:4410"\nredirect = ["%s"]\n' \
    "$1" "$3" "$4" "$2" "$2"
}
# configure_machine: a's files; and as it is done by hand for a host that comes, a peer more in the cluster's, which are read again.
configure_machine() {
  local node
  "$CUTTLE" genkey >"$WORK/a.key"
  "$CUTTLE" pubkey <"$WORK/a.key" >"$WORK/a.pub"
  "$CUTTLE" genpsk >"$WORK/psk"
  cp "$WORK/psk" "$STATE/cuttle/client.psk"
  {
    printf '[node]\nname = "a"\nprivate_key_file = "%s"\nlisten = "%s:4410"\n' "$WORK/a.key" "${V4[a]}"
    printf '[shape]\nrate = "%s"\nslot = "%s"\ncell = %s\n' "$RATE" "$SLOT" "$CELL"
  } >"$WORK/a.toml"
  for node in $(closed_nodes); do
    peer "$node" "$(address_of "$node")" "$(<"$STATE/cuttle/$node.pub")" "$WORK/psk" >>"$WORK/a.toml"
    {
      peer client "${V4[a]}" "$(<"$WORK/a.pub")" "$STATE/cuttle/client.psk"
      printf '[peer.shape]\nrate = "%s"\nslot = "%s"\ncell = %s\n' "$RATE" "$SLOT" "$CELL"
    } >>"$STATE/cuttle/$node.toml"
    "$CUTTLE" reload --socket "$STATE/cuttle/$node.sock" >"$WORK/reload.log" 2>&1 || fail "$node: $(<"$WORK/reload.log")"
  done
}
address_of() { if [[ $1 == mon ]]; then echo "$MON"; else echo "$OSD"; fi; }
closed_nodes() {
  echo mon
  [[ ${MACHINE_WITHOUT:-} == redirect ]] || echo osd0
}

links_carry() { ask "$PATIENCE_S" "ping -q -n -c 1 -W 3 $MON >/dev/null 2>&1 && ping -q -n -c 1 -W 3 $OSD >/dev/null 2>&1"; }
agent_log() { ask "$PATIENCE_S" 'tail -n 10 /run/agent.log'; }
kernel_says() { ask "$PATIENCE_S" "dmesg | grep -E 'libceph|rbd|ceph:|EXT4|I/O error' | tail -n 10"; }

comes_up() {
  lab_network
  cluster_comes_up
  plug_in
  configure_machine
  describe_machine
  describe_client
  build_machine
  start_capture client ma 96
  power_on quiet init=/test/init.sh "MTU=$MTU" "V4=${V4[a]}" "V6=${V6[a]}"
  wait_ready
  eventually "$PATIENCE_S" links_carry || fail "the links do not carry: $(agent_log)"
  progress "both links carry, Linux $(ask "$PATIENCE_S" 'uname -r')"
}

# in_machine WHAT COMMAND
in_machine() {
  local status=0
  ask "$PATIENCE_S" "$2" >"$WORK/said" || status=$?
  ((status == 0)) || fail "$1: status $status: $(<"$WORK/said") $(kernel_says)"
  progress "$1"
}
maps_an_image() {
  in_machine "udev" '/usr/lib/systemd/systemd-udevd --daemon'
  in_machine "an image is mapped by the kernel, with a file system on it, mounted" "$(box 'rbd map')"
  in_machine "  it is a block device of the kernel's rbd" 'test -b /dev/rbd0 && grep -q "^/dev/rbd.* /mnt/disk ext4" /proc/mounts'
}

begin_writing() { # FILE MIB SEED
  in_machine "$2 MiB are written to $1" "rm -f /run/written; (/test/dirty write $1 --mib $2 --seed $3 >/run/writer.log 2>&1; echo \$? >/run/written) &"
}
is_written() { ask "$PATIENCE_S" 'test -e /run/written'; }
still_writing() { ! is_written || fail "the writer ended before $1: $(ask "$PATIENCE_S" 'cat /run/writer.log /run/written')"; }
ends_writing() {
  eventually "$PATIENCE_S" is_written || fail "the writer is not at its end after $PATIENCE_S s: $(kernel_says)"
  expect_same "the writer's status" 0 "$(ask "$PATIENCE_S" 'cat /run/written')"
  progress "  written, and on the disk"
}
# Not from memory.
reads_back() { # FILE MIB SEED
  in_machine "  read back, every byte" "echo 3 >/proc/sys/vm/drop_caches; /test/dirty check $1 --mib $2 --seed $3 >/run/reader.log 2>&1"
}
# An image's watch that the OSD gave up while the link was down is no error of anything that is read or written: it is set up anew.
expect_no_error() {
  expect_same "errors of the kernel's" "" "$(ask "$PATIENCE_S" "dmesg | grep -iE 'I/O error|EXT4-fs.*(error|warning)|rbd.*(error|result -)|ceph.*(error|corrupt)' |
    grep -v 'encountered watch error: -107' | head -n 5")"
}

writes_and_reads_back() {
  begin_writing /mnt/disk/quiet $MIB 1
  ends_writing
  reads_back /mnt/disk/quiet $MIB 1
  expect_no_error
}
waits_for_the_agent() {
  begin_writing /mnt/disk/restarted $LONG_MIB 2
  sleep 2
  still_writing "the restart"
  in_machine "  the agent is restarted" 'stop_agent TERM && start_agent'
  still_writing "the kill"
  in_machine "  the agent is killed, and started" 'stop_agent KILL && start_agent'
  still_writing "the stop"
  in_machine "  the agent is stopped for 10 s" 'stop_agent TERM && sleep 10 && start_agent'
  ends_writing
  reads_back /mnt/disk/restarted $LONG_MIB 2
  expect_no_error
}
is_in_image() { # FILE MIB SEED
  debugfs -R "dump /$1 $WORK/dumped" "$WORK/image" >/dev/null 2>&1
  "$CUTTLE_TOOLS/dirty" check "$WORK/dumped" --mib "$2" --seed "$3" >"$WORK/said" 2>&1 ||
    fail "$1, in the cluster, is not what was written: $(<"$WORK/said")"
}
# What the cluster has is what was written.
unmaps_it() {
  in_machine "unmounted, and unmapped" "$(box 'rbd unmap') && ! test -e /dev/rbd0"
  at_cluster rbd export --no-progress "$IMAGE" "$WORK/image" || fail "the image cannot be exported"
  is_in_image quiet "$MIB" 1
  is_in_image restarted "$LONG_MIB" 2
  progress "the cluster has both files"
}
mounts_cephfs() {
  file_system_comes_up >>"$WORK/ceph.log" 2>&1 || fail "no CephFS: $(tail -n 5 "$WORK/ceph.log")"
  in_machine "CephFS is mounted" "modprobe ceph && mkdir -p /mnt/files &&
    mount -t ceph $MON:6789:/ /mnt/files -o name=files,secret=$(secret_of client.files)"
  begin_writing /mnt/files/written $LONG_MIB 3
  sleep 2
  still_writing "the restart"
  in_machine "  the agent is restarted" 'stop_agent TERM && start_agent'
  ends_writing
  reads_back /mnt/files/written $LONG_MIB 3
  in_machine "unmounted" 'umount /mnt/files'
  expect_no_error
}
# From power on to the end, and whoever sent it.
nothing_but_cells() {
  local node others="(ip host ${V4[a]} and not $CELLS) or (ip6 and not ip6 multicast)"
  end_capture client
  for node in mon osd0; do
    progress "$(count_captured client "$CELLS and src host ${V4[a]} and dst host $(address_of "$node")") cells to $node," \
      "$(count_captured client "$CELLS and dst host ${V4[a]} and src host $(address_of "$node")") from it," \
      "$(count_captured client "($others) and host $(address_of "$node")") other packets"
  done
  expect_same "packets at the machine's port that are no cells" "" "$(captured client "$others" | head -n 5)"
  expect "cells to the OSD" "$(count_captured client "$CELLS and src host ${V4[a]} and dst host $OSD")" '>' 1000
  expect "cells from the OSD" "$(count_captured client "$CELLS and dst host ${V4[a]} and src host $OSD")" '>' 1000
}

comes_up
for case in maps_an_image writes_and_reads_back waits_for_the_agent unmaps_it mounts_cephfs; do
  run_case "$case"
  ((CASES_FAILED == 0)) || break
done
run_case nothing_but_cells
finish
