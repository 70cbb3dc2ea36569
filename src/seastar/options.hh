// What the Seastar driver can be told besides the configuration (`cuttle up --help`).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip.hh"

namespace cuttle {

struct SeastarOptions {
  bool split = false;                 // sending and receiving of a link on two shards
  bool poll_mode = false;             // the reactors poll and never sleep
  std::optional<Endpoint> metrics{};  // where Seastar's Prometheus endpoint listens
  std::vector<std::string> more{};    // Seastar's own options (option_words.hh)
};

}  // namespace cuttle
