// Payloads of consecutive cells with packets in them, laid out as RFC 9347 allows and in more ways than
// Cuttle's own packer uses: all-pad payloads between the fragments of a packet, pad behind a packet wherever
// the caller wants it, fragments so short that a packet's length field is cut in two.
#pragma once

#include <cstdint>
#include <vector>

#include "packets.hh"
#include "wire/cell.hh"
#include "wire/pad.hh"

namespace cuttle::testing {

using Payload = std::vector<uint8_t>;

inline Payload empty_payload(const wire::CellFormat& format) {
  Payload payload(format.payload_bytes(), 0);
  wire::store_aggfrag_header(payload.data(), 0);
  payload.back() = wire::kNextHeaderAggfrag;
  return payload;
}

// One packet and the sequence numbers of the first and the last cell that carry a part of it.
struct Placed {
  Packet packet;
  uint32_t first;
  uint32_t last;
};

class CellStream {
 public:
  explicit CellStream(wire::CellFormat format) : format_(format) {}

  // Appends the packet; after each cell it fills, `pads()` says how many all-pad payloads come in between.
  template <typename Pads>
  void add(Packet packet, Pads pads) {
    if (used_ == 0) begin_cell(0);
    Placed placed{std::move(packet), last_sequence(), 0};
    size_t done = 0;
    while (done < placed.packet.size()) {
      if (used_ == format_.data_bytes()) {
        used_ = 0;
        for (unsigned n = done == 0 ? 0 : pads(); n > 0; --n) payloads_.push_back(empty_payload(format_));
        begin_cell(static_cast<uint16_t>(placed.packet.size() - done));
        if (done == 0) {
          store_be16(payloads_.back().data() + 2, 0);
          placed.first = last_sequence();
        }
      }
      const size_t piece = std::min(placed.packet.size() - done, format_.data_bytes() - used_);
      std::copy_n(placed.packet.data() + done, piece,
                  payloads_.back().data() + wire::kAggfragHeaderBytes + used_);
      used_ += piece;
      done += piece;
    }
    placed.last = last_sequence();
    placed_.push_back(std::move(placed));
    if (used_ == format_.data_bytes()) used_ = 0;
  }
  // The rest of the current cell is pad; the next packet begins in a cell of its own.
  void end_cell() { used_ = 0; }
  void add_dummy() {
    end_cell();
    payloads_.push_back(empty_payload(format_));
  }

  const std::vector<Payload>& payloads() const { return payloads_; }
  const std::vector<Placed>& placed() const { return placed_; }

 private:
  void begin_cell(uint16_t block_offset) {
    payloads_.push_back(empty_payload(format_));
    store_be16(payloads_.back().data() + 2, block_offset);
  }
  uint32_t last_sequence() const { return static_cast<uint32_t>(payloads_.size()); }

  wire::CellFormat format_;
  size_t used_ = 0;
  std::vector<Payload> payloads_;  // of the cells 1, 2, ...
  std::vector<Placed> placed_;
};

}  // namespace cuttle::testing
