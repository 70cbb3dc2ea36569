// Policy rules for links that carry certain ports only: what goes to a peer's address with one of these as
// its destination (what we ask) or its source (what we answer) looks up a table of its own. What they do not
// match goes on to the main table. Acts on the network namespace of the calling thread. Source: ip-rule(8),
// "ipproto", "sport", "dport"; Linux include/uapi/linux/fib_rules.h.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "base/ip.hh"
#include "base/ports.hh"
#include "base/result.hh"

namespace cuttle {

struct PortRule {
  uint32_t priority = 101;  // after the rule of the whole links (rules.hh)
  IpPrefix to;
  PortRange ports;
  bool of_source = false;  // otherwise the destination's ports

  auto operator<=>(const PortRule&) const = default;
};

// Both directions of every range for every prefix.
std::vector<PortRule> port_rules(const std::vector<IpPrefix>& prefixes, const std::vector<PortRange>& ports,
                                 uint32_t priority = 101);

// From then on exactly these of ours look up `table`: adds those that are missing, then removes those that
// are too many. Rules of others stay.
Result<void> set_port_rules(uint32_t table, std::vector<PortRule> rules);
// All of ours that look up `table`.
Result<std::vector<PortRule>> list_port_rules(uint32_t table);
// The tables that ours look up; each once.
Result<std::vector<uint32_t>> port_rule_tables();

}  // namespace cuttle
