// The policy rule that sends everything but Cuttle's own cells to Cuttle's routing table first, for IPv4 and
// for IPv6: "pref PRIORITY not fwmark MARK lookup TABLE". What that table does not know goes on to the main
// table. Acts on the network namespace of the calling thread. Source: ip-rule(8); RFC 3549 for the message.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hh"

namespace cuttle {

struct RedirectRule {
  uint32_t priority = 100;  // after the local table (0), before main (32766)
  uint32_t firewall_mark = 0;
  uint32_t table = 0;

  bool operator==(const RedirectRule&) const = default;
};

// Present already is no error. A machine without IPv6 gets the IPv4 rule only.
Result<void> add_rule(const RedirectRule& rule);
// Absent already is no error.
Result<void> remove_rule(const RedirectRule& rule);
// True when it is there for every IP version of the machine.
Result<bool> rule_is_present(const RedirectRule& rule);
// All of ours, whatever mark and table they name; each once, though it may be there for one IP version only.
Result<std::vector<RedirectRule>> list_rules();

}  // namespace cuttle
