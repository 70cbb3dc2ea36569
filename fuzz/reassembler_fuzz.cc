// Authentic cells with any contents in any order: what a misbehaving peer can send. Every packet handed out
// must be one whole packet by its own header; nothing may loop, crash or read beyond.
#include "input.hh"
#include "link/reassembler.hh"

namespace cuttle {
namespace {

void run(FuzzInput input) {
  const wire::CellFormat format(256);
  Reassembler reassembler(format, 8, milliseconds(5));
  uint32_t sequence = 1;
  Instant now{0};
  while (!input.empty()) {
    const uint8_t choice = input.byte();
    now = now + microseconds(choice & 7);
    // Mostly in order; sometimes a step back, ahead, or far ahead.
    if ((choice & 0xe0) == 0) sequence += input.byte();
    if ((choice & 0xe0) == 0x20) sequence += input.word();
    if ((choice & 0xe0) == 0x40) sequence -= std::min<uint32_t>(sequence - 1, input.byte());
    if ((choice & 0xe0) == 0x60) reassembler.reset();
    uint8_t* room = reassembler.poll_room(Sequence{sequence});
    if (room != nullptr) {
      std::fill_n(room, format.payload_bytes(), uint8_t{0});
      room[format.payload_bytes() - 1] = wire::kNextHeaderAggfrag;
      const size_t filled = std::min<size_t>(input.byte() + size_t{4}, format.payload_bytes());
      input.fill({room, filled});
      if ((choice & 8) != 0) {
        reassembler.handle_forged();
      } else {
        reassembler.handle_payload(now, Sequence{sequence});
      }
    }
    while (auto packet = reassembler.poll_packet()) {
      const wire::Block block = wire::classify_block(*packet);
      CUTTLE_CHECK(block.kind == wire::BlockKind::packet && block.bytes == packet->size(), "a whole packet");
    }
    ++sequence;
  }
}

}  // namespace
}  // namespace cuttle

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cuttle::run({data, size});
  return 0;
}
