# shellcheck shell=bash
# Where a Debian root gets its packages: the archive that this machine's apt uses, and how it gets there.

debian_mirror() {
  local mirror
  # shellcheck disable=SC2016  # for apt to expand
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m 1 -E '/debian/?$' || true)
  echo "${mirror:-http://deb.debian.org/debian}"
}

# A line for each: the proxies of this machine's apt, as options of mmdebstrap. They stay in the root.
proxy_options() {
  apt-config dump 2>/dev/null | sed -nE "s/^(Acquire::https?::[Pp]roxy[^ ]* .*);\$/--aptopt=\\1/p"
}
