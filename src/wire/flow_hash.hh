// Which flow an inner packet belongs to: addresses, protocol and ports, as one number.
#pragma once

#include <cstdint>

#include "base/bytes.hh"

namespace cuttle::wire {

// `beginning`: the packet's first bytes, as many as there are, up to the ports. Packets of one flow have one
// hash; fragments and protocols without ports are told apart by address and protocol. `seed` keeps an
// outsider from choosing which flows share a hash. Packets too short to tell hash alike.
uint64_t flow_hash(Bytes beginning, uint64_t seed);

}  // namespace cuttle::wire
