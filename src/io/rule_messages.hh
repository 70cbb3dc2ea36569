// Routing rules as rtnetlink messages: a request for one of ours, and what the kernel says of any. What a
// rule asks of a packet is put in, or read out, by those who know: rules.cc, port_rules.cc, clock_route.cc,
// borrowed_route.cc and foreign_rules.cc. Source: Linux include/uapi/linux/fib_rules.h.
#pragma once

#include <linux/fib_rules.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.hh"
#include "io/netlink.hh"

namespace cuttle {

// What stands in a rule's header.
struct RuleHeader {
  uint8_t family = 0;
  uint8_t destination_bits = 0;  // of the prefix in FRA_DST
  uint32_t flags = 0;
};
// RTM_NEWRULE or RTM_DELRULE for a rule that leads to a table and has our protocol number. The table is the
// caller's to put in, as FRA_TABLE, which is wider than the header's 8 bits.
NetlinkMessage rule_message(int type, int flags, const RuleHeader& rule);

// One rule of the kernel's answer, valid until the next.
class RuleAnswer {
 public:
  // False where the message is none.
  bool read(nlmsghdr* message);

  const fib_rule_hdr& header() const { return *header_; }
  bool leads_to_table() const { return header_->action == FR_ACT_TO_TBL; }
  bool is_inverted() const { return (header_->flags & FIB_RULE_INVERT) != 0; }
  bool is_ours() const;
  bool has(int attribute) const { return attributes_[static_cast<size_t>(attribute)] != nullptr; }
  // Null where it is not there; `otherwise` the same.
  const nlattr* attribute(int attribute) const { return attributes_[static_cast<size_t>(attribute)]; }
  uint32_t number(int attribute, uint32_t otherwise = 0) const;
  uint8_t byte(int attribute) const;
  std::string_view text(int attribute) const;

 private:
  const fib_rule_hdr* header_ = nullptr;
  std::array<nlattr*, FRA_MAX + 1> attributes_{};
};

// Each rule of that IP version, whosever. False: the machine has no such version.
Result<bool> list_rules_of(NetlinkSocket& socket, uint8_t family,
                           const std::function<void(const RuleAnswer&)>& each);
// Of both.
Result<void> list_all_rules(NetlinkSocket& socket, const std::function<void(const RuleAnswer&)>& each);

}  // namespace cuttle
