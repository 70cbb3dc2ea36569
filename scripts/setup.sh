#!/bin/bash
# summary: install the Debian packages of packages.txt that are missing (root)
# example: ./run setup
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
setup_packages
say "All $(wanted_packages | wc -l) packages are installed."
