# shellcheck shell=bash
# cmake/HeaderChecks.cmake makes the target; ninja knows which headers changed.
lint_headers() { ninja -C build/release -k 0 header_checks; }
