#include "wire/flow_hash.hh"

namespace cuttle::wire {

namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;

// The finalizer of MurmurHash3 (Appleby, public domain), after each word.
uint64_t mix(uint64_t hash, uint64_t word) {
  hash ^= word;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

uint64_t mix_ports(uint64_t hash, Bytes beginning, size_t at, uint8_t protocol) {
  hash = mix(hash, protocol);
  const bool has_ports = (protocol == kTcp || protocol == kUdp) && beginning.size() >= at + 4;
  return has_ports ? mix(hash, load_be32(beginning.data() + at)) : hash;
}

}  // namespace

uint64_t flow_hash(Bytes beginning, uint64_t seed) {
  const uint8_t* p = beginning.data();
  uint64_t hash = mix(seed, 0);
  if (beginning.size() >= kIpv4Header && p[0] >> 4 == 4) {
    hash = mix(hash, load_be64(p + 12));
    const bool fragment = (load_be16(p + 6) & 0x3fff) != 0;
    return fragment ? mix(hash, p[9]) : mix_ports(hash, beginning, size_t{4} * (p[0] & 0xf), p[9]);
  }
  if (beginning.size() >= kIpv6Header && p[0] >> 4 == 6) {
    for (size_t at = 8; at < kIpv6Header; at += 8) hash = mix(hash, load_be64(p + at));
    return mix_ports(hash, beginning, kIpv6Header, p[6]);
  }
  return hash;
}

}  // namespace cuttle::wire
