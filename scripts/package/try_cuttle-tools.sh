# shellcheck shell=bash
# Part of try.sh: what cuttle-tools brings runs.

try_cuttle_tools() {
  inside cuttle plan --peak '100 Mb/s' --mean '10 Mb/s' >/dev/null
  inside cuttle trace steps >/dev/null
  inside cuttle init --from-ceph --help >/dev/null
}
