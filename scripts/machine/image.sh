# shellcheck shell=bash
# The machine's disk: its root (root.sh) with the package installed, and what a test puts there, as an ext4 image.
# The root itself stays as it is, below an overlay in a namespace of mounts that goes with the script.

# make_machine_image IMAGE PACKAGE FILES: FILES is a folder that is laid over the root; what is below etc/cuttle in it belongs to the
# agent's user, and FILES/set-up, if there, runs inside at the end. IMAGE is as large as a test may need.
make_machine_image() { with_root "$MACHINE_ROOT" shared lay_machine_image "$@"; }
lay_machine_image() {
  local image=$1 package=$2 files=$3
  truncate -s 2G "$image"
  # shellcheck disable=SC2016  # expands inside
  unshare --mount --propagation private -- bash -euc '
    root=$1 image=$2 package=$3 files=$4 modules=$5
    inside() { chroot /mnt/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
    mount -t tmpfs tmpfs /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
    mount -t proc proc /mnt/root/proc
    cp "$package" /mnt/root/tmp/cuttle.deb
    inside dpkg --install /tmp/cuttle.deb ||
      { echo "the package needs more than scripts/machine/packages.txt names" >&2; exit 1; }
    cp -r "$files/." /mnt/root
    if [[ -d $modules ]]; then
      rm -rf /mnt/root/usr/lib/modules
      cp -r "$modules" /mnt/root/usr/lib/modules
    fi
    inside chown -R cuttle: /etc/cuttle
    if [[ -e /mnt/root/set-up ]]; then inside bash -eu /set-up; fi
    umount /mnt/root/proc
    rm -rf /mnt/root/tmp/cuttle.deb /mnt/root/set-up /mnt/root/var/cache/apt /mnt/root/var/lib/apt/lists
    mke2fs -q -F -t ext4 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -d /mnt/root "$image"' \
    make_machine_image "$MACHINE_ROOT" "$image" "$package" "$files" "$(machine_modules)"
}
