#include "relay/reorder.hh"

namespace cuttle::relay {

namespace {

constexpr size_t kInARow = 16;

}  // namespace

Reorder::~Reorder() {
  clear();
}

void Reorder::clear() {
  held_ = 0;
  free_handed_out();
  for (Flow& flow : flows_) {
    while (flow.head != kNone) {
      const Place place = flow.head;
      flow.head = pool_.entry(place).next;
      pool_.give_back(place);
    }
  }
}

void Reorder::insert(Flow& flow, Place place) {
  PacketPool::Entry& entry = pool_.entry(place);
  const bool is_last = flow.head == kNone || pool_.entry(flow.tail).sequence < entry.sequence;
  // Most come behind all that wait.
  Place* at = flow.head == kNone || !is_last ? &flow.head : &pool_.entry(flow.tail).next;
  while (*at != kNone && pool_.entry(*at).sequence < entry.sequence) at = &pool_.entry(*at).next;
  entry.next = *at;
  *at = place;
  if (is_last) flow.tail = place;
  ++held_;
}

Reorder::Verdict Reorder::handle_packet(Instant now, uint8_t number, uint32_t sequence, Bytes packet) {
  Flow& flow = flows_[number];
  if (sequence < flow.next) {
    late_.add();
    return Verdict::late;
  }
  if (sequence == flow.next) {
    ++flow.next;
    return Verdict::in_order;
  }
  const auto place = held_ < max_packets_ ? pool_.take(now, packet, held_) : std::nullopt;
  if (!place) {
    full_.add();
    return Verdict::full;
  }
  pool_.entry(*place).sequence = sequence;
  insert(flow, *place);
  return Verdict::held;
}

void Reorder::free_handed_out() {
  if (handed_out_ != kNone) pool_.give_back(handed_out_);
  handed_out_ = kNone;
}

std::optional<MutableBytes> Reorder::poll_packet(Instant now) {
  free_handed_out();
  if (held_ == 0) {
    flushing_ = false;
    return std::nullopt;
  }
  for (size_t looked = 0; looked < kFlows; ++looked, look_ = (look_ + 1) % kFlows) {
    Flow& flow = flows_[look_];
    if (flow.head == kNone) continue;
    const PacketPool::Entry& entry = pool_.entry(flow.head);
    if (!flushing_) {
      const bool is_next = entry.sequence <= flow.next;
      if (!is_next && now - entry.since < hold_) continue;
      if (!is_next) gaps_.add();
      flow.next = entry.sequence < flow.next ? flow.next : entry.sequence + 1;
    }
    // None keeps the others waiting.
    if (++in_a_row_ >= kInARow) {
      in_a_row_ = 0;
      look_ = (look_ + 1) % kFlows;
    }
    handed_out_ = flow.head;
    flow.head = entry.next;
    --held_;
    return pool_.packet(handed_out_);
  }
  return std::nullopt;
}

void Reorder::handle_new_session() {
  for (Flow& flow : flows_) flow.next = 0;
  flushing_ = held_ > 0;
}

}  // namespace cuttle::relay
