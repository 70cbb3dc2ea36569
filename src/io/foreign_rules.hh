// Routing rules that are not Cuttle's: who comes before its own, and who looks at its mark. Acts on the
// network namespace of the calling thread. Source: ip-rule(8); Linux include/uapi/linux/fib_rules.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hh"

namespace cuttle {

struct ForeignRule {
  uint32_t preference = 0;
  bool is_v6 = false;
  uint32_t table = 0;          // that it looks up; 0: it does something else
  uint32_t firewall_mark = 0;  // with its mask; a mask of 0: it asks for none
  uint32_t mask = 0;
  bool inverted = false;
  bool narrowed = false;  // it asks for addresses, interfaces, ports or the like

  bool asks_for(uint32_t mark) const { return mask != 0 && (mark & mask) == firewall_mark && !inverted; }
  // "pref 50 fwmark 0x40/0xf0 lookup 7"
  std::string to_string() const;
};

// In the kernel's order, IPv4's first; without that of the kernel's local table.
Result<std::vector<ForeignRule>> foreign_rules();

}  // namespace cuttle
