// What a firewall's rules do to a cell: they are gone through one by one, as the kernel would, with the jumps
// from chain to chain, for one datagram. What this does not understand may apply or not, and then so does
// what follows from it. Pure. Source: nft(8).
#pragma once

#include <cstdint>
#include <string>

#include "base/ip.hh"
#include "doctor/ruleset.hh"

namespace cuttle::doctor {

struct Cell {
  Endpoint from;
  Endpoint to;
  std::string interface;  // that it comes in or goes out by
  bool comes_in = false;
  uint32_t mark = 0;
  // The way back to where it comes from, for packets without a mark, is not the interface that it came in by:
  // where its peer's address is routed into the link.
  bool way_back_differs = false;
};

struct FirewallFinding {
  enum class Kind { none, dropped, rewritten, marked };
  Kind kind = Kind::none;
  bool certain = false;
  const FirewallChain* chain = nullptr;
  const FirewallRule* rule = nullptr;       // null: the chain's policy
  const FirewallRule* mark_rule = nullptr;  // one before it that tests bits of the cell's mark
  bool is_strict_path = false;              // the rule looks for the way back
};

// What stands in a cell's way, of all that the kernel asks in turn; the first that is certain, else the first
// at all.
FirewallFinding walk(const Ruleset& rules, const Cell& cell);

}  // namespace cuttle::doctor
