#!/bin/bash
# The manager's module without Ceph: entries in, checks out; the manager itself is a double (mgr_module.py).
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PYTHONPATH=$ROOT/mgr:$ROOT/tests/mgr exec /usr/bin/python3 -B -W error -m unittest discover -s "$ROOT/tests/mgr" -p '*_test.py'
