# shellcheck shell=bash
# What Ceph's manager runs, and its tests.
lint_python() {
  pyflakes3 mgr tests/mgr && black --quiet --check --diff --config mgr/pyproject.toml mgr tests/mgr
}
