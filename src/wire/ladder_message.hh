// What nodes of a ladder tell each other (docs/wire-format.md, L1 to L10): a small packet inside the cells,
// like any other, so the wire does not show it. It is IPv6 with no next header (RFC 8200, section 4.7), from
// and to an address that no host has, so whoever does not know it drops it as a foreign source.
//
//    0  40  IPv6: hop limit 1, both addresses fe80::4375:7474:6c65
//   40   1  kind: 1 a need, 2 a said step
//   41   1  step
//   42   2  fingerprint of the ladder (ladder/settings.hh)
//   44   1  bit 0: its author listens and does not coordinate yet
//   45   1  ceiling of a need's author, and
//   46   2  what it lost of the reader's cells, in 65,536ths (65,535: not known). Both 0 where the ladder
//   does
//           not yield (ladder/yielding.hh), and in a said step
//   48   8  epoch: whole epochs since 1970
//   56   8  number of its author: another for each node
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "base/ip.hh"

namespace cuttle::wire {

enum class LadderKind : uint8_t { need = 1, said = 2 };

struct LadderMessage {
  LadderKind kind = LadderKind::need;
  uint8_t step = 0;
  uint16_t fingerprint = 0;
  bool listens = false;
  uint64_t epoch = 0;
  uint64_t author = 0;
  uint8_t ceiling = 0;
  uint16_t lost_65536ths = 0;

  bool operator==(const LadderMessage&) const = default;
};

inline constexpr IpAddress kLadderAddress{
    true, {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x75, 0x74, 0x74, 0x6c, 0x65}};
inline constexpr uint16_t kLostNotKnown = UINT16_MAX;
inline constexpr size_t kLadderHeaderBytes = 40;
inline constexpr size_t kLadderMessageBytes = 24;
inline constexpr size_t kLadderPacketBytes = kLadderHeaderBytes + kLadderMessageBytes;
using LadderPacket = std::array<uint8_t, kLadderPacketBytes>;

// `first`: the first bytes of a packet. Whether it has that source, whatever else it is.
inline bool claims_ladder(Bytes first) {
  return first.size() >= kLadderHeaderBytes && first[0] >> 4 == 6 &&
         std::equal(kLadderAddress.bytes.begin(), kLadderAddress.bytes.end(), first.begin() + 8);
}

inline LadderPacket store_ladder(const LadderMessage& message) {
  constexpr uint8_t kNoNextHeader = 59;
  LadderPacket packet{};
  packet[0] = 0x60;
  store_be16(packet.data() + 4, kLadderMessageBytes);
  packet[6] = kNoNextHeader;
  packet[7] = 1;
  std::ranges::copy(kLadderAddress.bytes, packet.begin() + 8);
  std::ranges::copy(kLadderAddress.bytes, packet.begin() + 24);
  uint8_t* at = packet.data() + kLadderHeaderBytes;
  at[0] = static_cast<uint8_t>(message.kind);
  at[1] = message.step;
  store_be16(at + 2, message.fingerprint);
  at[4] = message.listens ? 1 : 0;
  at[5] = message.ceiling;
  store_be16(at + 6, message.lost_65536ths);
  store_be64(at + 8, message.epoch);
  store_be64(at + 16, message.author);
  return packet;
}

// Nullopt: no message of a kind that is known, whole.
inline std::optional<LadderMessage> load_ladder(Bytes packet) {
  if (packet.size() != kLadderPacketBytes || !claims_ladder(packet)) return std::nullopt;
  const uint8_t* at = packet.data() + kLadderHeaderBytes;
  if (at[0] != 1 && at[0] != 2) return std::nullopt;
  return LadderMessage{.kind = static_cast<LadderKind>(at[0]),
                       .step = at[1],
                       .fingerprint = load_be16(at + 2),
                       .listens = (at[4] & 1) != 0,
                       .epoch = load_be64(at + 8),
                       .author = load_be64(at + 16),
                       .ceiling = at[5],
                       .lost_65536ths = load_be16(at + 6)};
}

}  // namespace cuttle::wire
