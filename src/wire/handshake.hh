// Handshake messages: a cell whose first four bytes are zero (the non-ESP marker, RFC 3948, section 2.2), so
// that they share the port and the size of every other cell (docs/wire-format.md, "Handshake").
//
//   offset  size
//        0     4  zero
//        4     1  type: 1 initiation, 2 response, 3 cookie
//        5     3  zero
//        8     4  sender: the index its author will answer to
//       12     4  receiver: the index this answers (0 in an initiation)
//       16     m  Noise message, or a sealed cookie (below)
//     16+m     .  zeros
//   end-32    16  mac1: keyed BLAKE2s over the first 148 bytes, under a key made from the receiver's public
//   key end-16    16  mac2: of an initiation zero, or the same under a cookie; of an answer the same under a
//   key that only the two nodes have
//
// The MACs cover as much as the longest message takes, and behind it only zeros are accepted: so an unknown
// source's datagram costs one short MAC, however large a cell is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hh"
#include "wire/cell.hh"

namespace cuttle::wire {

enum class HandshakeType : uint8_t { initiation = 1, response = 2, cookie = 3 };

inline constexpr size_t kHandshakeHeaderBytes = 16;
inline constexpr size_t kMacBytes = 16;
inline constexpr size_t kMacsBytes = 2 * kMacBytes;

// The payload that both messages carry encrypted: what the sender of the message will receive and send.
//   0  8  time stamp, nanoseconds since 1970 (an initiation only; in a response 0, but where the sender's
//         rates follow a calendar or ladder)
//   8  4  first SPI: lane j of the sender receives under first SPI + j
//  12  1  lanes
//  13  1  bit 0: the sender still uses the session before, and hears cells
//         bits 1 to 6: of preshared keys that are renewed (link/preshared_ratchet.hh): 0: its sender has none
//         to do with them; in an initiation 1, or the name of a key; in a response 1 bit 7: its sender would
//         renew that key; 0 where bits 1 to 6 are
//  14  2  zero, or the fingerprint of the calendar (link/calendar.hh) or ladder (ladder/settings.hh) that the
//         sender's rates follow
//  16  8  rate, bits a second of IP bytes; by a calendar, that which holds where it says nothing; by a
//         ladder, the highest
//  24  8  slot, nanoseconds
//  32  4  cell, bytes
struct Offer {
  uint64_t timestamp_ns = 0;
  Spi first_spi;
  uint8_t lanes = 1;
  uint64_t rate_bps = 0;
  uint64_t slot_ns = 0;
  uint32_t cell_bytes = 0;
  bool renews = false;
  uint16_t calendar = 0;
  uint8_t preshared = 0;
  bool renew_preshared = false;
};
inline constexpr size_t kOfferBytes = 36;
inline constexpr uint8_t kPresharedBits = 0x3f;

inline constexpr size_t kNoiseMessage1Bytes = 32 + 48 + kOfferBytes + 16;  // e, s, payload
inline constexpr size_t kNoiseMessage2Bytes = 32 + kOfferBytes + 16;       // e, payload

// A cookie's message: a nonce, and the cookie sealed under a key that only the two nodes know. The cookie
// begins with the time at which it was drawn, nanoseconds since 1970; the rest is random.
inline constexpr size_t kCookieBytes = 32;
inline constexpr size_t kCookieTimeBytes = 8;
inline constexpr size_t kCookieNonceBytes = 24;
inline constexpr size_t kCookieMessageBytes = kCookieNonceBytes + kCookieBytes + 16;

// What both MACs are made over.
inline constexpr size_t kMacCoveredBytes = kHandshakeHeaderBytes + kNoiseMessage1Bytes;
static_assert(kNoiseMessage2Bytes <= kNoiseMessage1Bytes && kCookieMessageBytes <= kNoiseMessage1Bytes);
static_assert(kMacCoveredBytes + kMacsBytes <= kSmallestCellBytes);

inline Bytes mac_covered(Bytes cell) {
  return cell.first(kMacCoveredBytes);
}
// Between what the MACs cover and the MACs.
inline Bytes rest_of_handshake(Bytes cell) {
  return cell.subspan(kMacCoveredBytes, cell.size() - kMacCoveredBytes - kMacsBytes);
}
inline Bytes mac1_of(Bytes cell) {
  return cell.subspan(cell.size() - kMacsBytes, kMacBytes);
}
inline Bytes mac2_of(Bytes cell) {
  return cell.last(kMacBytes);
}

inline bool is_handshake(Bytes cell) {
  return cell.size() >= kHandshakeHeaderBytes && load_be32(cell.data()) == 0;
}

inline void store_offer(uint8_t* out, const Offer& offer) {
  std::memset(out, 0, kOfferBytes);
  store_be64(out, offer.timestamp_ns);
  store_be32(out + 8, offer.first_spi.value);
  out[12] = offer.lanes;
  out[13] = static_cast<uint8_t>((offer.renews ? 1 : 0) | (offer.preshared & kPresharedBits) << 1 |
                                 (offer.renew_preshared ? 0x80 : 0));
  store_be16(out + 14, offer.calendar);
  store_be64(out + 16, offer.rate_bps);
  store_be64(out + 24, offer.slot_ns);
  store_be32(out + 32, offer.cell_bytes);
}
inline Offer load_offer(const uint8_t* in) {
  return {load_be64(in),       Spi{load_be32(in + 8)}, in[12],
          load_be64(in + 16),  load_be64(in + 24),     load_be32(in + 32),
          (in[13] & 1) != 0,   load_be16(in + 14),     static_cast<uint8_t>(in[13] >> 1 & kPresharedBits),
          (in[13] & 0x80) != 0};
}

}  // namespace cuttle::wire
