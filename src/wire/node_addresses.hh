// The addresses that no host has, from and to which nodes tell each other things inside the cells. They begin
// alike, so one look is enough for all other packets.
#pragma once

#include <algorithm>

#include "wire/ladder_message.hh"
#include "wire/relay_packet.hh"

namespace cuttle::wire {

inline constexpr size_t kNodeAddressBytes = 14;  // that are alike
static_assert(std::equal(kLadderAddress.bytes.begin(), kLadderAddress.bytes.begin() + kNodeAddressBytes,
                         kRelayAddress.bytes.begin()));

inline bool may_be_node_address(const IpAddress& source) {
  return source.is_v6 && std::equal(kLadderAddress.bytes.begin(),
                                    kLadderAddress.bytes.begin() + kNodeAddressBytes, source.bytes.begin());
}

// `first`: the first bytes of a packet. Whether it has one of them as its source, whatever else it is.
inline bool claims_node(Bytes first) {
  if (first.size() < kLadderHeaderBytes || first[0] >> 4 != 6) return false;
  return std::equal(kLadderAddress.bytes.begin(), kLadderAddress.bytes.begin() + kNodeAddressBytes,
                    first.begin() + 8) &&
         (claims_ladder(first) || claims_relay(first));
}

}  // namespace cuttle::wire
