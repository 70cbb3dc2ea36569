# shellcheck shell=bash
# The machine's root: a Debian 12 with Debian's own kernel, made once and kept (scripts/lib/root.sh). Cuttle is not in it.
# shellcheck source=scripts/lib/root.sh
source "$CUTTLE_ROOT/scripts/lib/root.sh"
MACHINE_CACHE=${CUTTLE_MACHINE_CACHE:-/var/cache/cuttle}
MACHINE_ROOT=$MACHINE_CACHE/machine-root
MACHINE_PACKAGES=$CUTTLE_ROOT/scripts/machine/packages.txt

machine_recipe() {
  packages_of "$MACHINE_PACKAGES"
  cat "$CUTTLE_ROOT/scripts/machine/root.sh"
}

machine_root_is_ready() { root_is_ready "$MACHINE_ROOT" "$(machine_recipe)"; }

# why_no_machine: one line, or nothing when one can be had.
why_no_machine() {
  if ((EUID != 0)); then
    echo "a Debian root needs root to be made, and a network of namespaces to be entered; run 'sudo ./run machine'"
  elif [[ $(uname -m) != x86_64 ]]; then
    echo "the machine is an x86-64 one, and this is $(uname -m)"
  elif ! [[ -c /dev/net/tun ]]; then
    echo "this machine has no /dev/net/tun"
  fi
}

# An initramfs with what the emulated machine is made of and no more: it is unpacked by an emulated processor.
make_machine_root() {
  local modules
  printf -v modules '%s\\n' virtio_pci virtio_blk
  # shellcheck disable=SC2016  # "$1" is mmdebstrap's
  make_root "$MACHINE_ROOT" machine_root_is_ready "$(machine_recipe)" bookworm --variant=apt \
    --setup-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"' \
    --setup-hook='echo MODULES=list >"$1/etc/initramfs-tools/conf.d/machine"' \
    --setup-hook="printf '$modules' >\"\$1/usr/share/initramfs-tools/modules.d/machine\"" \
    --include="$(packages_of "$MACHINE_PACKAGES" | paste -sd,)" <<<"deb $(debian_mirror) bookworm main"
}
