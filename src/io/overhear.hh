// Listening to what comes in for some UDP ports, whoever it is for in the end: a look at packets as they
// arrive, before any firewall. Needs CAP_NET_RAW. Acts on the network namespace of the calling thread.
// Source: packet(7).
#pragma once

#include <cstdint>
#include <vector>

#include "base/ip.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

// From where they come, each once and at most so many: for ports from `first` on, as many as `count`.
Result<std::vector<Endpoint>> overhear_udp(uint16_t first, uint32_t count, Duration how_long);

}  // namespace cuttle
