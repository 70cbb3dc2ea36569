# shellcheck shell=bash
# Debian packages: which are wanted (packages.txt), which are missing, and how the missing ones get here.

# packages_of FILE: one a line, without what is said about them.
packages_of() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }
wanted_packages() { packages_of "$CUTTLE_ROOT/packages.txt"; }

# One call for all of them: asked one by one, sixty packages take longer than a word should think.
missing_packages() {
  local wanted
  wanted=$(wanted_packages)
  # shellcheck disable=SC2086  # one word a package is meant
  comm -23 <(sort -u <<<"$wanted") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

# Package lists older than a day name versions an archive may no longer hold.
refresh_package_lists() {
  if [[ -z $(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mmin -1440 2>/dev/null | head -n 1) ]]; then
    apt-get update
  fi
}

# Services of the packages (ceph-mon, ...) are not to be started: the lab starts its own. A policy-rc.d says so
# to the packages' scripts for the time of the installation, unless the machine has one already.
install_packages() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    # shellcheck disable=SC2064  # the name as it is now
    trap "rm -f '$policy'" EXIT
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" || status=$?
  return "$status"
}

# Lists may name what the archive dropped since: then fetch them anew, and try once more.
install_with_retry() {
  install_packages "$@" || {
    apt-get update
    install_packages "$@"
  }
}

setup_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if ! command -v apt-get >/dev/null; then
    die "this machine has no apt-get; Cuttle is built on Debian 12. Missing packages: ${missing[*]}"
  fi
  if ((EUID != 0)); then
    die "packages are missing and only root can install them; run 'sudo ./run setup' once. Missing: ${missing[*]}"
  fi
  say "Installing ${#missing[@]} missing Debian packages (log: out/setup.log)"
  # shellcheck disable=SC2034  # step reads it
  local STEP_LOG=$OUT/setup.log
  step "package lists" refresh_package_lists
  step "download and install" install_with_retry "${missing[@]}"
}
