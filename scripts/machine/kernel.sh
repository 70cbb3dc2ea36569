# shellcheck shell=bash
# What boots the machine: the kernel of its root (root.sh), or that of another release of Debian, from the archive. Such a one gets its
# initramfs from the same root, is made once, and is kept beside it. Who makes one locks the folder for itself.
# shellcheck source=scripts/machine/root.sh
source "$CUTTLE_ROOT/scripts/machine/root.sh"
# shellcheck source=scripts/lib/suite.sh
source "$CUTTLE_ROOT/scripts/lib/suite.sh"
# The suite, as bullseye or trixie-backports. Empty: the root's own kernel.
MACHINE_KERNEL=${MACHINE_KERNEL:-}
MACHINE_KERNEL_PACKAGE=linux-image-cloud-amd64

choose_machine_kernel() { # SUITE
  [[ $1 =~ ^[a-z]+(-backports)?$ ]] || DIE_STATUS=2 die "--kernel '$1': expected a suite of Debian's, as trixie-backports"
  MACHINE_KERNEL=$1
}

machine_kernel_folder() { echo "$MACHINE_CACHE/machine-kernel-$MACHINE_KERNEL"; } # vmlinuz, initrd, modules, cuttle-recipe
machine_kernel_recipe() {
  machine_recipe
  cat "$CUTTLE_ROOT/scripts/machine/kernel.sh"
}
machine_kernel_is_ready() { [[ -z $MACHINE_KERNEL ]] || root_is_ready "$(machine_kernel_folder)" "$(machine_kernel_recipe)"; }

machine_kernel() { if [[ -z $MACHINE_KERNEL ]]; then echo "$MACHINE_ROOT"/boot/vmlinuz-*; else echo "$(machine_kernel_folder)/vmlinuz"; fi; }
machine_initramfs() { if [[ -z $MACHINE_KERNEL ]]; then echo "$MACHINE_ROOT"/boot/initrd.img-*; else echo "$(machine_kernel_folder)/initrd"; fi; }
# The folder of its modules, where they are not the root's.
machine_modules() { [[ -z $MACHINE_KERNEL ]] || echo "$(machine_kernel_folder)/modules"; }

make_machine_kernel() { with_root "$(machine_kernel_folder)" alone make_machine_kernel_alone; }
make_machine_kernel_alone() {
  local folder
  folder=$(machine_kernel_folder)
  ! machine_kernel_is_ready || return 0
  rm -rf --one-file-system "$folder.new" "$folder"
  # shellcheck disable=SC2064  # as it is now
  trap "rm -rf --one-file-system '$folder.new'" EXIT
  mkdir -p "$folder.new/packages"
  fetch_machine_kernel "$folder.new" || return 1
  with_root "$MACHINE_ROOT" shared unpack_machine_kernel "$folder.new" || return 1
  rm -rf "$folder.new"/{packages,apt}
  machine_kernel_recipe >"$folder.new/cuttle-recipe"
  mv "$folder.new" "$folder"
}

# The package that the newest one stands for, and what belongs to that very version.
fetch_machine_kernel() { # FOLDER
  local source names
  source="deb ${CUTTLE_MACHINE_MIRROR:-$(debian_mirror)} $MACHINE_KERNEL main"
  suite_apt "$1" "$source" apt-get -q update --error-on=any || return 1
  mapfile -t names < <(suite_apt "$1" "$source" apt-cache depends --important --recurse "$MACHINE_KERNEL_PACKAGE" |
    grep -E '^linux-[a-z]+-[0-9]' | sort -u)
  ((${#names[@]} > 0)) || { echo "$MACHINE_KERNEL has no $MACHINE_KERNEL_PACKAGE" && return 1; }
  echo "${names[*]}"
  (cd "$1/packages" && suite_apt "$1" "$source" apt-get -q download "${names[@]}")
}

# Unpacked and not installed: it may depend on another release's tools, and the root's do as well.
unpack_machine_kernel() { # FOLDER
  # shellcheck disable=SC2016  # expands inside
  unshare --mount --propagation private -- bash -euc '
    root=$1 folder=$2
    inside() { chroot /mnt/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
    mount -t tmpfs tmpfs /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
    mount -t proc proc /mnt/root/proc
    rm -rf /mnt/root/boot/* /mnt/root/usr/lib/modules/*
    for package in "$folder"/packages/*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C /mnt/root
    done
    version=$(ls /mnt/root/usr/lib/modules)
    # Newer releases have them among the modules.
    for file in vmlinuz config; do
      [ -e "/mnt/root/boot/$file-$version" ] || mv "/mnt/root/usr/lib/modules/$version/$file" "/mnt/root/boot/$file-$version"
    done
    inside depmod "$version"
    inside mkinitramfs -o /boot/initrd "$version"
    cp "/mnt/root/boot/vmlinuz-$version" "$folder/vmlinuz"
    cp /mnt/root/boot/initrd "$folder/initrd"
    cp -r /mnt/root/usr/lib/modules "$folder/modules"' unpack_machine_kernel "$MACHINE_ROOT" "$1"
}
