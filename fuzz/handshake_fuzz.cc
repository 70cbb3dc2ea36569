// Handshake datagrams from strangers, with right and wrong MACs, against both sides of an association.
#include <array>

#include "base/random.hh"
#include "input.hh"
#include "link/association.hh"

namespace cuttle {
namespace {

PrivateKey key_of(uint8_t fill) {
  std::array<uint8_t, kKeySize> bytes;
  bytes.fill(fill);
  return PrivateKey::from_random(bytes);
}

struct Side {
  Side(const PrivateKey& own, const PrivateKey& peer)
      : association({.keys = {.own = own, .peer = peer.public_key()}, .format = wire::CellFormat(256)},
                    seeded_entropy(1)),
        mac(own.public_key()) {}

  Association association;
  HandshakeMac mac;  // of messages to this side, as anyone who knows its public key can make it
};

void run(FuzzInput input) {
  static const PrivateKey one = key_of(1);
  static const PrivateKey other = key_of(2);
  std::array<Side, 2> sides{Side(one, other), Side(other, one)};
  std::array<uint8_t, 256> cell{};
  Instant now{0};
  while (!input.empty()) {
    const uint8_t choice = input.byte();
    Side& side = sides[choice & 1];
    now = now + milliseconds(choice & 0x7e);
    side.association.handle_timeout(now, Instant{0}, static_cast<uint64_t>(now.ns));
    if (const auto sent = side.association.poll_datagram(); sent && (choice & 0x80) != 0) {
      std::copy(sent->begin(), sent->end(), cell.begin());  // genuine, then damaged
    }
    const uint8_t at = input.byte();
    input.fill({cell.data() + at, std::min<size_t>(cell.size() - at, input.byte())});
    std::fill_n(cell.begin(), 4, uint8_t{0});
    Side& target = sides[choice >> 6 & 1];
    if ((choice & 2) != 0) target.mac.store(cell);
    target.association.handle_datagram(now, cell);
    // An answer, or a cookie, may find its way back: then the next message carries a good mac2.
    if (const auto answer = target.association.poll_datagram(); answer && (choice & 4) != 0) {
      sides[(choice >> 6 & 1) ^ 1].association.handle_datagram(now, *answer);
    }
    while (target.association.poll_event()) {
    }
  }
}

}  // namespace
}  // namespace cuttle

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cuttle::run({data, size});
  return 0;
}
