// Finds packets that were captured more than once: by several interfaces that one packet passes (bond, VLAN,
// card), in a capture that does not say by which, on a mirrored port, or on two hosts. Two records are copies
// when what was captured of their IP packets is the same but for what a router changes, within a moment.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/bytes.hh"
#include "base/time.hh"

namespace cuttle::capture {

class CopyFinder {
 public:
  // Whether the same packet was seen just before, on the same interface. `ip`: what was captured from its IP
  // header on.
  bool handle_packet(Instant time, uint32_t interface, Bytes ip, uint32_t ip_bytes);

 private:
  void forget_old(Instant now);

  std::unordered_map<uint64_t, Instant> seen_;  // bounded by the rate and kMoment, at most kMax
  Instant swept_;
};

}  // namespace cuttle::capture
