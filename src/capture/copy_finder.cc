#include "capture/copy_finder.hh"

#include <algorithm>

namespace cuttle::capture {

namespace {

// A card's queue may hold a packet for so long after a bond or VLAN passed it on (TCP small queues: 1 ms).
constexpr Duration kMoment = milliseconds(2);
constexpr size_t kMax = 1 << 20;
constexpr size_t kBytesLookedAt = 96;

uint64_t mixed(uint64_t hash, uint8_t byte) {
  return (hash ^ byte) * 0x100000001b3;  // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv
}

// TTL and header checksum in IPv4 (RFC 791), the hop limit in IPv6 (RFC 8200).
bool changes_on_the_way(bool is_v6, size_t at) {
  return is_v6 ? at == 7 : at == 8 || at == 10 || at == 11;
}

}  // namespace

bool CopyFinder::handle_packet(Instant time, uint32_t interface, Bytes ip, uint32_t ip_bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  const bool is_v6 = !ip.empty() && ip[0] >> 4 == 6;
  for (size_t i = 0; i < std::min(ip.size(), kBytesLookedAt); ++i) {
    if (!changes_on_the_way(is_v6, i)) hash = mixed(hash, ip[i]);
  }
  for (int shift = 0; shift < 32; shift += 8) {
    hash =
        mixed(mixed(hash, static_cast<uint8_t>(ip_bytes >> shift)), static_cast<uint8_t>(interface >> shift));
  }
  if (time - swept_ > kMoment * 4 || seen_.size() >= kMax) forget_old(time);
  const auto [at, is_new] = seen_.try_emplace(hash, time);
  if (is_new) return false;
  const bool copy = time - at->second <= kMoment && at->second - time <= kMoment;
  if (!copy) at->second = time;
  return copy;
}

void CopyFinder::forget_old(Instant now) {
  swept_ = now;
  std::erase_if(seen_, [&](const auto& one) { return now - one.second > kMoment; });
  if (seen_.size() >= kMax) seen_.clear();
}

}  // namespace cuttle::capture
