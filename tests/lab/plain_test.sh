#!/bin/bash
# The smallest lab, plain: up, an object written and read, down, nothing left.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
lab up --plain --one-osd
expect_greeting
[[ $(lab sh mon -- ceph health) == HEALTH_OK ]] || fail "not healthy: $(lab sh mon -- ceph health detail)"
again=$(lab up --plain --one-osd)
[[ $again == *'is up already'* ]] || fail "a second 'up' did not notice that the lab is up"
lab down
expect_nothing_left "after down"
