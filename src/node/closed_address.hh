// What an earlier run left closed (leftovers.hh), and configurations that close it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hh"
#include "base/ports.hh"
#include "config/config.hh"

namespace cuttle {

struct ClosedAddress {
  IpPrefix prefix;
  std::vector<PortRange> ports = {};  // these alone; empty: all of it

  auto operator<=>(const ClosedAddress&) const = default;

  // "10.0.0.1" or "10.0.0.1=tcp 6800-7300,udp 500".
  static std::optional<ClosedAddress> parse(std::string_view text);
  std::string to_string() const;
};

// The same links, closing exactly these addresses, each some peer's, its own where it has one of that
// address, or of a further peer that stands for nobody. `config` has a peer.
NodeConfig closing_only(const NodeConfig& config, const std::vector<ClosedAddress>& closed);

// The same configuration, and beside it what of these addresses no peer has, as a further peer's, and whole
// what a peer closes on other ports: for as long as it is not known whether they may open.
NodeConfig closing_also(const NodeConfig& config, const std::vector<ClosedAddress>& closed);
// Peer by peer.
bool closes_the_same(const NodeConfig& a, const NodeConfig& b);

}  // namespace cuttle
