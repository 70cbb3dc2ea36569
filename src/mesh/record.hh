// The mesh's own record, `cuttle/mesh`: what a host that joins takes over once, into root's configuration
// there. Nothing of it is followed afterwards. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hh"
#include "base/result.hh"
#include "base/units.hh"
#include "config/config.hh"
#include "crypto/signature.hh"

namespace cuttle::mesh {

struct Record {
  std::string rate = "200 Mb/s";
  std::string slot = format_duration(Shape::kDefaultSlot);
  uint16_t port = 4410;
  uint32_t lanes = 1;
  bool joining = true;                           // links begin open (docs/configuration.md)
  std::vector<IpPrefix> networks;                // where hosts' addresses are; empty: anywhere
  std::optional<VerifyingKey> signing_key = {};  // entries have to be signed with it

  bool operator==(const Record&) const = default;
};

std::string to_json(const Record& record);
Result<Record> parse_record(std::string_view text);

}  // namespace cuttle::mesh
