#!/bin/bash
# Network managers leave alone what Cuttle sets up: their files name every interface that the code makes, and the package
# has them where they are read.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NETWORK=$ROOT/packaging/network

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# What the code calls them.
link=$(sed -n 's/.*interface_name() const { return "\(.*\)" + name.*/\1/p' "$ROOT/src/config/config.hh")
clock=$(sed -n 's/.*kClockDevicePrefix = "\(.*\)";/\1/p' "$ROOT/src/io/interface_name.hh")
[[ -n $link && -n $clock ]] || fail "the code does not say how its interfaces are called: '$link', '$clock'"

for name in "${link}osd0" "${link}a.b" "${clock}0"; do
  patterns=$(sed -n 's/^Name=//p' "$NETWORK/05-cuttle.network")
  matched=no
  for pattern in $patterns; do
    # shellcheck disable=SC2053  # a pattern
    [[ $name != $pattern ]] || matched=yes
  done
  [[ $matched == yes ]] || fail "systemd-networkd would manage $name: $patterns"
  matched=no
  IFS=';' read -ra patterns < <(sed -n 's/^match-device=//p' "$NETWORK/cuttle-networkmanager.conf")
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2053  # a pattern
    [[ $name != ${pattern#interface-name:} ]] || matched=yes
  done
  [[ $matched == yes ]] || fail "NetworkManager would manage $name"
  grep -qE "^-net\.ipv6\.conf\.${name%%[-0-9]*}(-clock)?(-?)\*\.disable_ipv6 = 0$" "$NETWORK/60-cuttle.conf" ||
    fail "60-cuttle.conf does not switch IPv6 on for $name"
done
grep -q '^Unmanaged=yes$' "$NETWORK/05-cuttle.network" || fail "systemd-networkd is not told to leave them alone"
grep -q '^managed=0$' "$NETWORK/cuttle-networkmanager.conf" || fail "NetworkManager is not told to leave them alone"

# What is renamed when it is complete is not new when it has its name, and udev applies sysctl.d to what is new.
if grep -rqE 'rename_link|IFLA_IFNAME' "$ROOT/src/io/tun.cc" "$ROOT/src/io/links.cc"; then
  grep -qE "^ACTION==\"move\", SUBSYSTEM==\"net\", KERNEL==\"$link\*\", RUN\+=\".*systemd-sysctl --prefix=/net/ipv6/conf/\\\$name\"$" \
    "$ROOT/packaging/debian/cuttle.udev" || fail "nobody switches IPv6 on for an interface that was renamed"
fi

for file in "$NETWORK"/*; do
  target=$(sed -n "s|.*packaging/network/${file##*/} debian/tmp/||p" "$ROOT/packaging/debian/rules")
  [[ -n $target ]] || fail "the package does not install ${file##*/}"
  grep -qxF "$target" "$ROOT/packaging/debian/cuttle.install" || fail "$target is in no package"
done
echo "network managers leave ${link}* and ${clock}* alone"
