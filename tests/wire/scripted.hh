// Two nodes whose keys and draws are written down: the initiator and the responder of docs/wire-format.md.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "link/association.hh"

namespace cuttle::testing {

using ByteVector = std::vector<uint8_t>;

inline ByteVector all_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// Gives out what is drawn otherwise, in the order in which it is asked for.
inline Entropy script(std::vector<ByteVector> draws) {
  return [draws = std::move(draws), next = size_t{0}](MutableBytes out) mutable {
    ASSERT_LT(next, draws.size());
    ASSERT_EQ(draws[next].size(), out.size());
    std::copy(draws[next].begin(), draws[next].end(), out.begin());
    ++next;
  };
}

inline std::array<uint8_t, kKeySize> filled_with(uint8_t byte) {
  std::array<uint8_t, kKeySize> bytes;
  bytes.fill(byte);
  return bytes;
}

class ScriptedNodes : public ::testing::Test {
 protected:
  static constexpr uint64_t kTimestampNs = 0x1800000000000000;

  AssociationConfig config(const PrivateKey& own, const PrivateKey& peer, uint8_t lanes) const {
    return {.keys = {.own = own,
                     .peer = peer.public_key(),
                     .preshared = PresharedKey::from_random(filled_with(0x33))},
            .format = format,
            .lanes = lanes,
            .rate_bps = 200'000'000,
            .slot_ns = 200'000};
  }
  std::vector<ByteVector> initiators_draws() const {
    return {{0x0a, 0x0b, 0x0c, 0x20}, {0x01, 0x02, 0x03, 0x04}, ByteVector(32, 0x44)};
  }
  std::vector<ByteVector> responders_draws() const {
    return {ByteVector(32, 0x55), {0x0d, 0x0e, 0x0f, 0x40}, {0x05, 0x06, 0x07, 0x08}};
  }
  // Six initiations at once that look like a flood's: the last one is answered with a cookie.
  void flood(Association& responder) const {
    ByteVector cell(format.cell_bytes());
    cell[4] = 1;
    store_be32(cell.data() + 8, 0x01020304);
    for (uint8_t i = 0; i < 6; ++i) {
      cell[100] = i;
      HandshakeMac(responder_key.public_key()).store(cell);
      responder.handle_datagram(Instant{0}, cell);
    }
  }
  // What is drawn in one: an ephemeral key for each that is read, the cookie, and its nonce.
  std::vector<ByteVector> floods_draws() const {
    std::vector<ByteVector> draws(5, ByteVector(32, 0x55));
    draws.emplace_back(24, 0x66);
    draws.emplace_back(24, 0x77);
    return draws;
  }

  const wire::CellFormat format{256};
  const PrivateKey initiator_key = PrivateKey::from_random(filled_with(0x22));
  const PrivateKey responder_key = PrivateKey::from_random(filled_with(0x11));
};

}  // namespace cuttle::testing
