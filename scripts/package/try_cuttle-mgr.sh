# shellcheck shell=bash
# Part of try.sh: the module lies where the manager of the suite's Ceph looks for modules, and its Python reads it.
OTHER_NEEDS+=(ceph-mgr)

try_cuttle_mgr() {
  # shellcheck disable=SC2154  # of try.sh
  [[ -e $root/usr/share/ceph/mgr/status/module.py ]] || fail "the manager's modules are elsewhere"
  inside sh -c 'cd /usr/share/ceph/mgr && python3 -B -c "import ast; [ast.parse(open(name).read()) for name in __import__(\"glob\").glob(\"cuttle/*.py\")]" && test -e cuttle/module.py' ||
    fail "the manager's Python does not read the module"
}
