#!/bin/bash
# summary: a word in a bare Debian 12 made for it, after a clone: shows which set-up step is missing (default: test)
# example: ./run fresh; ./run fresh demo; ./run fresh --ccache test
# shellcheck disable=SC2317  # traps and steps call what looks as if nobody did
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/mirror.sh
source "$CUTTLE_ROOT/scripts/lib/mirror.sh"
CACHE=
case ${1:-} in
  -h | --help)
    say "usage: ./run fresh [--ccache] [WORD [ARGUMENTS]]: ./run WORD (default: test) on the last commit, in a bare Debian 12 root of its own"
    say "  --ccache  with this machine's compiler cache: all is installed anew, but little compiled"
    exit 0
    ;;
  --ccache)
    CACHE=wanted
    shift
    ;;
  -*) DIE_STATUS=2 die "no option '$1' for 'fresh'; it takes --ccache and a word of ./run, for example: ./run fresh demo" ;;
esac
(($# > 0)) || set -- test
[[ -f $CUTTLE_ROOT/scripts/$1.sh ]] || DIE_STATUS=2 die "no word '$1' to run in it; ./run --help lists them"
setup_packages
((EUID == 0)) || DIE_STATUS=2 die "a Debian root needs root to be made and entered; run 'sudo ./run fresh'"
# shellcheck disable=SC2034  # step reads it
STEP_LOG=$OUT/fresh.log

FRESH=$(mktemp -d /var/tmp/cuttle-fresh-XXXXXX)
INSIDE_PID=
remove_root() {
  trap '' INT TERM
  stop_step
  # The first process of its namespace of processes: all others end with it, and the mounts with them.
  [[ -z $INSIDE_PID ]] || kill -KILL "$INSIDE_PID" 2>/dev/null || true
  [[ -z $INSIDE_PID ]] || wait "$INSIDE_PID" 2>/dev/null || true
  rm -rf --one-file-system "$FRESH"
}
# Mounted in the root's own namespace of mounts only, so removing the root does not reach it.
[[ -z $CACHE ]] || CACHE=$(ccache --get-config cache_dir)
trap remove_root EXIT
trap 'exit 130' INT TERM HUP

# As bare as Debian comes; git, because whoever has cloned has it.
make_root() {
  local proxies
  mapfile -t proxies < <(proxy_options)
  mmdebstrap --mode=root --variant=minbase --format=directory "${proxies[@]}" --include=git,ca-certificates \
    bookworm "$FRESH" "deb $(debian_mirror) bookworm main"
}
clone_tree() { git -c safe.directory='*' clone --quiet "file://$CUTTLE_ROOT" "$FRESH/root/cuttle"; }

# A mount point as its root, since `ip netns exec` changes how mounts of / propagate; the machine's devices and network.
enter_root() {
  # shellcheck disable=SC2016  # expands inside
  exec unshare --mount --pid --fork --kill-child --propagation private -- bash -euc '
    root=$1 cache=$2
    shift 2
    mount --bind "$root" "$root"
    if [[ -n $cache ]]; then
      mkdir -p "$root/root/.cache/ccache"
      mount --bind "$cache" "$root/root/.cache/ccache"
    fi
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      LC_ALL=C.UTF-8 bash -c "cd /root/cuttle && exec ./run \"\$@\"" run "$@"' fresh "$FRESH" "$CACHE" "$@"
}

heading "A bare Debian 12 ($FRESH)"
step "the root" make_root
step "a clone of the last commit" clone_tree
[[ -z $(git status --porcelain) ]] || warn "  what is not committed is not in it"
say ""
enter_root "$@" &
INSIDE_PID=$!
status=0
wait "$INSIDE_PID" || status=$?
INSIDE_PID=
exit "$status"
