# shellcheck shell=bash
# A Linux of our own, made once from Debian's newest source and kept: User Mode Linux, a program that boots in a second
# and runs what lies on this machine. Who makes it locks it for itself.
# shellcheck source=scripts/lib/root.sh
source "$CUTTLE_ROOT/scripts/lib/root.sh"
# shellcheck source=scripts/lib/suite.sh
source "$CUTTLE_ROOT/scripts/lib/suite.sh"
KERNEL_CACHE=${CUTTLE_KERNEL_CACHE:-/var/cache/cuttle}
KERNEL=$KERNEL_CACHE/kernel       # linux, config, version, cuttle-recipe
KERNEL_WORK=$KERNEL_CACHE/kernel.new # half made, and gone on with
KERNEL_SUITE=trixie-backports
KERNEL_CONFIG=$CUTTLE_ROOT/scripts/kernel/config
KERNEL_MIB=4096 # what source and objects take

kernel_recipe() {
  echo "$KERNEL_SUITE"
  cat "$KERNEL_CONFIG"
}
# A kernel that does not even say its version is none, whatever lies beside it.
kernel_is_ready() {
  root_is_ready "$KERNEL" "$(kernel_recipe)" && [[ $("$KERNEL/linux" --version 2>/dev/null) == "$(<"$KERNEL/version")" ]]
}

# why_no_kernel: one line, or nothing when one can be had.
why_no_kernel() {
  if [[ $(uname -m) != x86_64 ]]; then
    echo "User Mode Linux is tried on x86-64 only, and this is $(uname -m)"
  elif ! mkdir -p "$KERNEL_CACHE" 2>/dev/null || ! [[ -w $KERNEL_CACHE ]]; then
    echo "$KERNEL_CACHE cannot be written to; run as root, or set CUTTLE_KERNEL_CACHE"
  fi
}

# why_no_room: the same for the disk.
why_no_room() {
  local there=0 free
  [[ ! -d $KERNEL_WORK ]] || there=$(du -sm "$KERNEL_WORK" | cut -f1)
  free=$(df -Pm "$KERNEL_CACHE" | awk 'NR == 2 { print $4 }')
  ((free + there >= KERNEL_MIB)) || echo "$KERNEL_CACHE has room for $free MB; a kernel takes $KERNEL_MIB while it is made"
}

# --- its source

kernel_apt() { # PROGRAM ARGUMENTS...
  suite_apt "$KERNEL_WORK" "deb ${CUTTLE_KERNEL_MIRROR:-$(debian_mirror)} $KERNEL_SUITE main" "$@"
}
newest_source() { kernel_apt apt-cache pkgnames linux-source- | grep -E '^linux-source-[0-9.]+$' | sort -V | tail -n 1; }

# fetch_source: as $KERNEL_WORK/source.tar.xz.
fetch_source() {
  local name
  kernel_apt apt-get -q update --error-on=any || kernel_apt apt-get -q update || return 1
  name=$(newest_source)
  [[ -n $name ]] || { echo "the archive names no linux-source in $KERNEL_SUITE" && return 1; }
  echo "$name"
  (
    cd "$KERNEL_WORK" || exit 1
    rm -f ./*.deb source.tar.xz
    kernel_apt apt-get -q download "$name" || exit 1
    dpkg-deb --fsys-tarfile ./*.deb | tar -xO "./usr/src/$name.tar.xz" >source.tar.xz.part || exit 1
    rm -f ./*.deb
    mv source.tar.xz.part source.tar.xz
  )
}
unpack_source() {
  rm -rf "$KERNEL_WORK/source.part" "$KERNEL_WORK/source"
  mkdir "$KERNEL_WORK/source.part"
  tar -C "$KERNEL_WORK/source.part" --strip-components=1 -xJf "$KERNEL_WORK/source.tar.xz" || return 1
  mv "$KERNEL_WORK/source.part" "$KERNEL_WORK/source"
}

# --- what is made of it

um_make() { make -C "$KERNEL_WORK/source" ARCH=um CC="${KERNEL_CC:-gcc}" "$@"; }

# Every line of the fragment, or it fails: an option that was renamed goes missing without a word.
configure_kernel() {
  local line all_there=0
  um_make defconfig
  (cd "$KERNEL_WORK/source" && ARCH=um scripts/kconfig/merge_config.sh -m .config "$KERNEL_CONFIG")
  um_make olddefconfig
  while read -r line; do
    grep -qxF "$line" "$KERNEL_WORK/source/.config" && continue
    # What is not set may also not be there at all.
    [[ $line != CONFIG_* ]] || { echo "not in this kernel: $line" && all_there=1; }
  done < <(grep -E '^(CONFIG_|# CONFIG_)' "$KERNEL_CONFIG")
  return "$all_there"
}

# Shows how many files are compiled; about KERNEL_FILES in all.
KERNEL_FILES=1950
compile_kernel() {
  local log=$OUT/kernel-build.log status=0 pid shown=0 compiled
  um_make -j "$(nproc)" linux >"$log" 2>&1 </dev/null &
  pid=$!
  # shellcheck disable=SC2064  # as it is now
  trap "kill -TERM $pid 2>/dev/null || true" EXIT
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    compiled=$(grep -cE '^ +(CC|AS|AR|LD) ' "$log" || true)
    if ((compiled >= shown + KERNEL_FILES / 10)); then
      shown=$compiled
      say "  compiled $compiled of some $KERNEL_FILES files"
    fi
  done
  trap - EXIT
  wait "$pid" || status=$?
  ((status == 0)) || { grep -m 5 -E 'error:|Error ' "$log" || tail -n 10 "$log"; } >&2
  return "$status"
}

# The recipe last: half kept, it is not there.
keep_kernel() {
  rm -f "$KERNEL/cuttle-recipe"
  mkdir -p "$KERNEL"
  cp "$KERNEL_WORK/source/.config" "$KERNEL/config"
  strip -o "$KERNEL/linux.new" "$KERNEL_WORK/source/linux"
  chmod 755 "$KERNEL/linux.new"
  mv "$KERNEL/linux.new" "$KERNEL/linux"
  "$KERNEL/linux" --version >"$KERNEL/version"
  kernel_recipe >"$KERNEL/cuttle-recipe"
  [[ -n ${CUTTLE_KERNEL_KEEP_SOURCE:-} ]] || rm -rf --one-file-system "$KERNEL_WORK"
}

# make_kernel: goes on where it was stopped; a changed fragment begins at the configuration.
make_kernel() {
  local reason began
  began=$(now_ms)
  ! kernel_is_ready || return 0
  reason=$(why_no_room)
  [[ -z $reason ]] || die "$reason"
  mkdir -p "$KERNEL_WORK"
  # shellcheck disable=SC2034  # step reads it
  local STEP_LOG=$OUT/kernel.log
  [[ -s $KERNEL_WORK/source.tar.xz ]] || step "source, from Debian's archive" fetch_source || die "no kernel source; see out/kernel.log"
  if [[ ! -d $KERNEL_WORK/source ]]; then
    step "unpack" unpack_source || {
      rm -f "$KERNEL_WORK/source.tar.xz"
      die "the source cannot be unpacked, and is fetched anew next time; see out/kernel.log"
    }
  fi
  step "configure" configure_kernel || die "the configuration does not fit this source; see out/kernel.log"
  compile_kernel || die "the kernel does not compile; the whole log is in out/kernel-build.log"
  keep_kernel
  say "  made in $(seconds_since "$began") s: Linux $(<"$KERNEL/version"), $KERNEL/linux"
}
