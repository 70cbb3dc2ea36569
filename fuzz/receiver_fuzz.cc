// Datagrams of any kind, authentic ones among them: the whole receiving side of a lane, from a node of ours
// and from another implementation's, and what it writes into the headers for a TUN.
#include "input.hh"
#include "link/receiver.hh"
#include "link/segment.hh"

namespace cuttle {
namespace {

constexpr uint32_t kSpi = 1024;

std::unique_ptr<Aead> make(uint8_t fill) {
  AeadKey key;
  key.bytes.fill(fill);
  return *make_aead(AeadBackend::openssl, key);
}

void use_packet(Bytes packet) {
  (void)wire::inner_source(packet);
  if (const auto transport = wire::find_transport(packet)) {
    (void)wire::pseudo_header_sum(packet, *transport, wire::claimed_bytes(packet, *transport));
  }
  Segmenter segmenter(packet, 100, 300);
  std::vector<uint8_t> piece(packet.size());
  size_t pieces = 0;
  while (segmenter.poll_piece(piece)) CUTTLE_CHECK(++pieces <= packet.size(), "cutting ends");
}

void run(FuzzInput input) {
  const wire::CellFormat format(256);
  LaneReceiver receiver(format, 8, milliseconds(5));
  LaneReceiver of_any_size(format, 8, milliseconds(5), CellSizes::any);
  const auto sealer = make(1);
  of_any_size.handle_key({make(1), Spi{kSpi}, 1});
  receiver.handle_key({make(1), Spi{kSpi}, 1});
  receiver.handle_key({make(2), Spi{kSpi + 32}, 2});
  std::vector<uint8_t> cell(format.cell_bytes());
  std::vector<uint8_t> payload(format.payload_bytes());
  uint32_t sequence = 0;
  while (!input.empty()) {
    const uint8_t choice = input.byte();
    size_t sealed = payload.size();
    if ((choice & 3) != 0) {
      sequence += 1 + (choice >> 6);
      std::fill(payload.begin(), payload.end(), uint8_t{0});
      if ((choice & 0x38) == 8) {
        sealed = std::clamp<size_t>(input.byte(), wire::kAggfragHeaderBytes + wire::kEspTrailerBytes,
                                    payload.size());
      }
      payload[sealed - 1] = wire::kNextHeaderAggfrag;
      input.fill({payload.data(), std::min<size_t>(input.byte(), payload.size())});
      wire::store_esp_header(cell.data(), Spi{kSpi}, Sequence{sequence});
      sealer->seal(sequence, {cell.data(), wire::kEspHeaderBytes}, Bytes(payload).first(sealed),
                   cell.data() + wire::kSealedOffset);
      if ((choice & 4) != 0) cell[choice] ^= 1;
    } else {
      input.fill(cell);
    }
    const size_t size = (choice & 0x38) == 0 ? input.byte() : cell.size() - (payload.size() - sealed);
    receiver.handle_datagram(Instant{sequence}, {cell.data(), size});
    while (auto packet = receiver.poll_packet()) use_packet(*packet);
    of_any_size.handle_datagram(Instant{sequence}, {cell.data(), size});
    while (auto packet = of_any_size.poll_packet()) use_packet(*packet);
  }
}

}  // namespace
}  // namespace cuttle

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cuttle::run({data, size});
  return 0;
}
