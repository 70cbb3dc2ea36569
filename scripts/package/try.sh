#!/bin/bash
# try.sh FOLDER [SUITE OTHERS...]: the packages cuttle and OTHERS (cuttle-tools, cuttle-mgr) in FOLDER in a fresh root of
# Debian's SUITE (bookworm): installed, tried, upgraded, removed and purged. Needs root and Debian's mirror.
set -euo pipefail
# shellcheck source=scripts/lib/mirror.sh
source "$CUTTLE_ROOT/scripts/lib/mirror.sh"
folder=$(readlink -f "$1")
suite=${2:-bookworm}
others=(cuttle-tools cuttle-mgr)
(($# < 3)) || others=("${@:3}")
# Each brings a function try_NAME, its man pages, and what it needs to be there before.
OTHER_PAGES=()
OTHER_NEEDS=()
for other in "${others[@]}"; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/package/try_$other.sh"
done
root=$(mktemp -d /var/tmp/cuttle-package-XXXXXX)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# dpkg would like a terminal of its own in there; what it says otherwise stays.
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@" 2> >(grep -v -e posix_openpt -e apt-utils >&2); }
files() { mkdir -p "$root"/usr/lib/{sysctl.d,udev} && (cd "$root" && find etc usr/bin usr/lib/sysctl.d usr/lib/systemd usr/lib/udev usr/libexec usr/share -xdev \( -name '*cuttle*' -o -path '*cuttle/*' \) | sort); }
users() { cut -d: -f1 "$root/etc/passwd" | sort; }

# The same version with another number.
newer() {
  local name=$1 tree=$root/tmp/newer
  rm -rf "$tree"
  dpkg-deb --raw-extract "$folder"/"${name}"_*.deb "$tree"
  sed -i -e 's/^\(Version: .*\)/\1+1/' -e 's/\(cuttle (= [0-9.]*\))/\1+1)/' "$tree/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$tree" "$root/tmp/$name-newer.deb" >/dev/null
  rm -rf "$tree"
}

export TMPDIR=/var/tmp
mapfile -t proxies < <(proxy_options)
mmdebstrap --quiet --variant=apt "${proxies[@]}" "$suite" "$root" "deb $(debian_mirror) $suite main"
mount -t proc proc "$root/proc"
# As in any container: nothing is to be started in here.
printf '#!/bin/sh\necho "$*" >>/tmp/asked-to-start\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
inside apt-get -qq update
# What the packages need comes first, so that what is compared is theirs alone.
inside apt-get -qq install --yes --no-install-recommends adduser man-db "${OTHER_NEEDS[@]}" >/dev/null
before_files=$(files)
before_users=$(users)

packages=()
for name in cuttle "${others[@]}"; do
  cp "$folder/$name"_*.deb "$root/tmp/$name.deb"
  packages+=("/tmp/$name.deb")
done
inside apt-get -qq install --yes --no-install-recommends "${packages[@]}" >/dev/null
grep -qx cuttle <(users) || fail "there is no user cuttle"
[[ $(stat -c '%U:%a' "$root/etc/cuttle") == root:750 ]] || fail "/etc/cuttle: $(stat -c '%U:%a' "$root/etc/cuttle")"
enabled=$(find "$root"/etc/systemd/system -name '*cuttle*' 2>/dev/null || true)
[[ -z $enabled ]] || fail "enabled unasked: $enabled"
! grep -q cuttle "$root/tmp/asked-to-start" 2>/dev/null || fail "started unasked: $(<"$root/tmp/asked-to-start")"
inside cuttle --version
inside cuttle metrics --help >/dev/null
for other in "${others[@]}"; do "try_${other//-/_}"; done
for page in cuttle.1 cuttle.toml.5 "${OTHER_PAGES[@]}"; do
  warnings=$(inside man --warnings -E UTF-8 -l -Tutf8 -Z "/usr/share/man/man${page##*.}/$page.gz" 2>&1 >/dev/null)
  [[ -z $warnings ]] || fail "$page: $warnings"
done
echo "installed: a user, units that nobody enabled or started, commands that run, man pages without a warning"

inside cuttle init --name osd0 --listen 10.0.0.1:4410 --folder /etc/cuttle >/dev/null
echo '# mine' >>"$root/etc/default/cuttle-metrics"
for name in cuttle "${others[@]}"; do newer "$name"; done
inside dpkg --install "${packages[@]/%.deb/-newer.deb}" >/dev/null
grep -q '# mine' "$root/etc/default/cuttle-metrics" || fail "the upgrade overwrote a changed file"
[[ -e $root/etc/cuttle/osd0.key ]] || fail "the upgrade took a key"
! grep -q cuttle "$root/tmp/asked-to-start" 2>/dev/null || fail "the upgrade restarted something: $(<"$root/tmp/asked-to-start")"
echo "upgraded: what was changed and made is still there, nothing was restarted"

inside apt-get -qq remove --yes cuttle "${others[@]}" >/dev/null
[[ -e $root/etc/cuttle/osd0.key && ! -e $root/usr/bin/cuttle ]] || fail "remove took a key, or left the program"
inside dpkg --purge cuttle "${others[@]}" >/dev/null # apt does not know those that left nothing
[[ -e $root/etc/cuttle/osd0.key ]] || fail "purge took the operator's key"
# Nor did it take the users whose the key may be; now they go, too, as it said.
rm -r "$root/etc/cuttle"
for user in cuttle cuttle-mesh cuttle-metrics; do ! grep -qx "$user" <(users) || inside deluser --quiet --system "$user"; done
left=$(comm -13 <(echo "$before_files") <(files | grep -v '^usr/share/\(man\|doc\)$'))
[[ -z $left ]] || fail "purge left: $left"
[[ $(users) == "$before_users" ]] || fail "purge left a user"
echo "removed and purged: nothing is left but the operator's own keys"
