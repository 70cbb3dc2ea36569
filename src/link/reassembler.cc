#include "link/reassembler.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/pad.hh"

namespace cuttle {

namespace {

// Room for the longest packet, then some, so that what is unfinished is seldom moved to the front while it is
// long.
constexpr size_t kStreamBytes = 192 * 1024;
// From here on it is moved as soon as it is short, that is after the packet before it: one small copy instead
// of a large one at the end of the room, and less of the cache in use.
constexpr size_t kEarlyReturnBytes = 64 * 1024;
static_assert(kStreamBytes > wire::kLargestInnerPacketBytes + 2 * wire::kLargestCellBytes);

}  // namespace

Reassembler::Reassembler(wire::CellFormat format, size_t reorder_cells, Duration lost_cell_timer,
                         CellSizes sizes)
    : format_(format),
      lost_cell_timer_(lost_cell_timer),
      sizes_(sizes),
      stream_(std::make_unique<uint8_t[]>(kStreamBytes)),
      begin_(wire::kAggfragHeaderBytes),
      end_(begin_),
      early_(std::max<size_t>(reorder_cells, 1)),
      early_memory_(std::make_unique<uint8_t[]>(early_.size() * format.payload_bytes())),
      held_(std::make_unique<uint8_t[]>(format.payload_bytes())) {}

void Reassembler::reset() {
  if (has_partial()) counters_.packets_torn.add();
  begin_ = end_ = wire::kAggfragHeaderBytes;
  torn_ = false;
  next_ = floor_ = 1;
  std::fill(early_.begin(), early_.end(), Early{});
  early_count_ = 0;
  held_sequence_.reset();
}

uint8_t* Reassembler::lay_out() {
  if (!has_partial()) {
    begin_ = end_ = wire::kAggfragHeaderBytes;
  } else if (end_ + format_.payload_bytes() > kStreamBytes ||
             (begin_ >= kEarlyReturnBytes && end_ - begin_ <= format_.payload_bytes())) {
    std::memmove(stream_.get() + wire::kAggfragHeaderBytes, stream_.get() + begin_, end_ - begin_);
    end_ -= begin_ - wire::kAggfragHeaderBytes;
    begin_ = wire::kAggfragHeaderBytes;
  }
  uint8_t* at = stream_.get() + end_ - wire::kAggfragHeaderBytes;
  std::memcpy(saved_, at, sizeof saved_);
  saved_from_ = at;
  return at;
}

uint8_t* Reassembler::poll_room(Sequence sequence) {
  CUTTLE_CHECK(!held_sequence_, "packets are polled until there are none, before the next cell");
  if (sequence.value < next_) {
    counters_.cells_late.add();
    return nullptr;
  }
  return sequence.value == next_ ? lay_out() : held_.get();
}

void Reassembler::restore_saved() {
  if (saved_from_ != nullptr) std::memcpy(saved_from_, saved_, sizeof saved_);
  saved_from_ = nullptr;
}

void Reassembler::handle_forged() {
  restore_saved();
}

void Reassembler::handle_payload(Instant now, Sequence sequence, size_t payload_bytes) {
  CUTTLE_CHECK(payload_bytes >= wire::kAggfragHeaderBytes + wire::kEspTrailerBytes &&
                   payload_bytes <= format_.payload_bytes(),
               "a payload has its header and trailer, and fits its room");
  if (sequence.value == next_) {
    append(payload_bytes);
  } else {
    const uint64_t window = early_.size();
    if (sequence.value - next_ >= window) floor_ = std::max(floor_, sequence.value - window + 1);
    held_sequence_ = sequence.value;
    held_arrived_ = now;
    held_bytes_ = payload_bytes;
  }
  handle_timeout(now);
}

void Reassembler::handle_timeout(Instant now) {
  if (early_count_ > 0 && now - gap_since_ >= lost_cell_timer_) floor_ = std::max(floor_, first_early());
}

uint64_t Reassembler::first_early() const {
  for (uint64_t s = next_;; ++s) {
    if (early_[s % early_.size()].present) return s;
    CUTTLE_CHECK(s - next_ < early_.size(), "early_count_ says that a cell waits");
  }
}

void Reassembler::append(size_t payload_bytes) {
  ++next_;
  uint8_t* payload = stream_.get() + end_ - wire::kAggfragHeaderBytes;
  const uint8_t sub_type = payload[0];
  const uint16_t block_offset = load_be16(payload + 2);
  restore_saved();
  const size_t room = payload_bytes - wire::kAggfragHeaderBytes - wire::kEspTrailerBytes;
  const uint8_t* trailer = stream_.get() + end_ + room;
  const size_t pad = trailer[0];
  const size_t max_pad = sizes_ == CellSizes::any ? room : 0;
  if (sub_type != wire::kAggfragSubType || pad > max_pad || trailer[1] != wire::kNextHeaderAggfrag) {
    counters_.blocks_malformed.add();
    end_block(end_);
    return;
  }
  append_data(block_offset, room - pad);
}

void Reassembler::append_data(uint16_t block_offset, size_t data_bytes) {
  if (data_bytes == 0) return;
  const Bytes data(stream_.get() + end_, data_bytes);
  if (block_offset == 0 && data[0] >> 4 == 0) {  // all pad: allowed between the fragments of a packet
    counters_.cells_dummy.add();
    if (const auto report = wire::load_loss_report(data)) loss_report_ = report;
    return;
  }
  const size_t boundary = end_ + block_offset;
  const size_t data_end = end_ + data.size();
  if (has_partial()) {
    const wire::Block block = wire::classify_block({stream_.get() + begin_, data_end - begin_});
    if (block.kind == wire::BlockKind::packet && begin_ + block.bytes != boundary) {
      counters_.blocks_malformed.add();
      end_block(end_);
      torn_ = true;
    }
  }
  if (has_partial()) {
    end_ = data_end;
    return;
  }
  // Nothing is pending: what precedes the first block belongs to a packet whose beginning never came.
  if (block_offset > 0 && !torn_) {
    counters_.packets_torn.add();
    torn_ = true;
  }
  if (boundary >= data_end) return;
  torn_ = false;
  begin_ = boundary;
  end_ = data_end;
}

void Reassembler::end_block(size_t at) {
  begin_ = end_ = at;
}

void Reassembler::place_held() {
  if (!held_sequence_) return;
  const uint64_t sequence = *held_sequence_;
  if (sequence - next_ >= early_.size()) return;
  held_sequence_.reset();
  if (early_at(sequence).present) {  // one and the same cell again
    counters_.cells_late.add();
    return;
  }
  std::memcpy(early_payload(sequence), held_.get(), held_bytes_);
  early_at(sequence) = {true, held_arrived_, held_bytes_};
  if (early_count_++ == 0) gap_since_ = held_arrived_;
}

void Reassembler::lose_until(uint64_t sequence) {
  counters_.cells_lost.add(sequence - next_);
  next_ = sequence;
  if (!has_partial()) return;
  counters_.packets_torn.add();
  torn_ = true;
  end_block(end_);
}

bool Reassembler::pull() {
  place_held();
  while (early_count_ > 0 || next_ < floor_) {
    if (early_count_ > 0 && early_at(next_).present) {
      early_at(next_).present = false;
      --early_count_;
      const size_t payload_bytes = early_at(next_).payload_bytes;
      std::memcpy(lay_out(), early_payload(next_), payload_bytes);
      append(payload_bytes);
      place_held();
      if (early_count_ > 0) gap_since_ = early_at(first_early()).arrived;
      return true;
    }
    if (next_ >= floor_) return false;
    lose_until(early_count_ > 0 ? std::min(floor_, first_early()) : floor_);
    place_held();
  }
  return false;
}

std::optional<Bytes> Reassembler::poll_packet() {
  do {
    if (auto packet = parse()) return packet;
  } while (pull());
  return std::nullopt;
}

std::optional<Bytes> Reassembler::parse() {
  if (!has_partial()) return std::nullopt;
  const Bytes rest(stream_.get() + begin_, end_ - begin_);
  const wire::Block block = wire::classify_block(rest);
  switch (block.kind) {
    case wire::BlockKind::pad:
      if (const auto report = wire::load_loss_report(rest)) loss_report_ = report;
      end_block(end_);
      return std::nullopt;
    case wire::BlockKind::incomplete:
      return std::nullopt;
    case wire::BlockKind::malformed:
      counters_.blocks_malformed.add();
      end_block(end_);
      return std::nullopt;
    case wire::BlockKind::packet:
      break;
  }
  if (block.bytes > rest.size()) return std::nullopt;
  begin_ += block.bytes;
  counters_.packets.add();
  return rest.first(block.bytes);
}

std::optional<uint16_t> Reassembler::poll_loss_report() {
  return std::exchange(loss_report_, std::nullopt);
}

}  // namespace cuttle
