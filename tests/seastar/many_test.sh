#!/bin/bash
# tests/node/many_test.sh on Seastar; and the receiving side lets arrivals gather.
# shellcheck source=tests/seastar/metrics.sh
source "$(dirname "${BASH_SOURCE[0]}")/metrics.sh"
# shellcheck disable=SC2034  # many_test.sh reads it
A_OPTIONS=(--metrics 127.0.0.1:9180)

# While all links are up: of 64 of them 5,333 datagrams a second come, 10,667 where they are scattered.
more_watching() {
  local looks
  fetch_metrics a
  looks=$(metric cuttle_receive_rounds_total)
  sleep 2
  fetch_metrics a
  looks=$((($(metric cuttle_receive_rounds_total) - looks) / 2))
  echo "  $looks looks a second for what has come"
  expect "looks a second, at least 0.375 ms apart" "$looks" '<=' 3000
  expect "looks a second" "$looks" '>' 100
}

# shellcheck source=tests/node/many_test.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/many_test.sh"
