// Stage 7 of the receiving side: cells become inner packets again (RFC 9347, section 2.2.3). Payloads are
// laid end to end in one stream buffer, into which the AEAD decrypts directly, so that a packet of many
// fragments is contiguous without a copy: the four bytes of the AGGFRAG header that precede a payload's data
// fall on the last four bytes already there, which are put aside for the moment of decryption.
//
// Cells that come early wait in a reorder window of a fixed number of cells; a gap that the window passes, or
// that is older than the lost-cell timer, is given up, and with it the packets that had a part in it.
//
// One thread. Nothing is allocated after construction. After each handle_* call, poll_packet until it returns
// nothing.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hh"
#include "base/counter.hh"
#include "base/ids.hh"
#include "base/time.hh"
#include "wire/cell.hh"
#include "wire/inner_packet.hh"

namespace cuttle {

// Which sizes a receiver's peer sends: its cells are all of the format's size, as Cuttle's are, or of any up
// to it and padded as ESP allows (RFC 9347, section 2.1: a receiver must expect any size "unless constrained
// by other policy").
enum class CellSizes { one, any };

struct ReassemblyCounters {
  Counter cells_dummy;       // nothing but pad in them
  Counter cells_lost;        // gaps given up
  Counter cells_late;        // came after their gap was given up
  Counter packets;           // whole packets handed out
  Counter packets_torn;      // lost with a cell that never came
  Counter blocks_malformed;  // not a packet, a length that lies, an offset that contradicts the stream
};

class Reassembler {
 public:
  Reassembler(wire::CellFormat format, size_t reorder_cells, Duration lost_cell_timer,
              CellSizes sizes = CellSizes::one);

  // A new session: its first cell has number 1. What was unfinished is dropped.
  void reset();

  // Where the payload of cell `sequence` should be decrypted to: payload_bytes() bytes. nullptr: the cell is
  // late and of no use. Exactly one handle_payload or handle_forged follows.
  uint8_t* poll_room(Sequence sequence);
  // The payload is there and authentic. `payload_bytes`: at least an AGGFRAG header and an ESP trailer.
  void handle_payload(Instant now, Sequence sequence) {
    handle_payload(now, sequence, format_.payload_bytes());
  }
  void handle_payload(Instant now, Sequence sequence, size_t payload_bytes);
  // It was not authentic: forget it.
  void handle_forged();

  // Gives up gaps older than the lost-cell timer.
  void handle_timeout(Instant now);

  // The next whole packet, in the order of sending; valid until the next call, of this one, too: that makes
  // room for what comes behind it.
  std::optional<Bytes> poll_packet();

  // What the peer said of the cells it received (wire/pad.hh), since last asked.
  std::optional<uint16_t> poll_loss_report();

  const ReassemblyCounters& counters() const { return counters_; }

 private:
  struct Early {
    bool present = false;
    Instant arrived;
    size_t payload_bytes = 0;
  };

  Early& early_at(uint64_t sequence) { return early_[sequence % early_.size()]; }
  uint8_t* early_payload(uint64_t sequence) {
    return early_memory_.get() + sequence % early_.size() * format_.payload_bytes();
  }
  bool has_partial() const { return begin_ < end_; }

  // Makes room for one more payload behind end_ and returns where it is to be laid.
  uint8_t* lay_out();
  // The next payload in order was laid there: take its data in and count on.
  void append(size_t payload_bytes);
  void append_data(uint16_t block_offset, size_t data_bytes);
  // Brings the next payload in order out of the window; false when there is none.
  bool pull();
  void place_held();
  void lose_until(uint64_t sequence);
  uint64_t first_early() const;
  std::optional<Bytes> parse();
  void restore_saved();
  void end_block(size_t at);

  wire::CellFormat format_;
  Duration lost_cell_timer_;
  CellSizes sizes_;

  // The stream: bytes [begin_, end_) are not yet handed out; they begin with a block and end with a cell.
  std::unique_ptr<uint8_t[]> stream_;
  size_t begin_;
  size_t end_;
  uint8_t saved_[wire::kAggfragHeaderBytes] = {};
  uint8_t* saved_from_ = nullptr;  // set between poll_room and handle_*, where the room is in the stream
  bool torn_ = false;              // the packet whose rest may still come was already counted as torn

  // The reorder window: payloads of cells later than next_. Given up are all before floor_. Wider than a
  // sequence number, so that there is a number behind the last one.
  uint64_t next_ = 1;
  uint64_t floor_ = 1;
  std::vector<Early> early_;
  size_t early_count_ = 0;
  std::unique_ptr<uint8_t[]> early_memory_;
  std::unique_ptr<uint8_t[]> held_;  // the latest early payload, before it has its place in the window
  std::optional<uint64_t> held_sequence_;
  Instant held_arrived_;
  size_t held_bytes_ = 0;
  Instant gap_since_;

  std::optional<uint16_t> loss_report_;
  ReassemblyCounters counters_;
};

}  // namespace cuttle
