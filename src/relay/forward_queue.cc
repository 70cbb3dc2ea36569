#include "relay/forward_queue.hh"

#include <algorithm>

#include "base/check.hh"

namespace cuttle::relay {

ForwardQueue::ForwardQueue(PacketPool& pool, Sources& sources, size_t max_bytes, Duration max_wait)
    : pool_(pool), all_sources_(sources), max_bytes_(max_bytes), max_wait_(max_wait) {
  sources_.reserve(kMaxSources);
}

ForwardQueue::~ForwardQueue() {
  clear();
}

void ForwardQueue::clear() {
  dropped_stale_.add(packets_);
  for (Source& source : sources_) {
    while (source.head != kNone) drop_head(source);
  }
}

// In the place of one of which nothing waits, where there is one.
ForwardQueue::Source& ForwardQueue::source_of(Sources::Number number) {
  const auto found = std::ranges::find(sources_, number, &Source::number);
  if (found != sources_.end()) return *found;
  if (const auto idle = std::ranges::find(sources_, kNone, &Source::head); idle != sources_.end()) {
    idle->number = number;
    return *idle;
  }
  if (sources_.size() == kMaxSources) return sources_.back();
  sources_.push_back({.number = number});
  return sources_.back();
}

void ForwardQueue::drop_head(Source& source) {
  const Place place = source.head;
  const PacketPool::Entry& entry = pool_.entry(place);
  source.head = entry.next;
  source.bytes -= entry.bytes;
  bytes_ -= entry.bytes;
  --packets_;
  all_sources_.handle_given_back(entry.source);
  pool_.give_back(place);
}

bool ForwardQueue::drop_oldest() {
  const auto most = std::ranges::max_element(sources_, {}, &Source::bytes);
  if (most == sources_.end() || most->head == kNone) return false;
  drop_head(*most);
  dropped_full_.add();
  return true;
}

void ForwardQueue::handle_packet(Instant now, Sources::Number number, Bytes packet) {
  if (packet.size() > pool_.place_bytes()) {
    dropped_full_.add();
    return;
  }
  Source& source = source_of(number);
  auto place = pool_.take(now, packet, all_sources_.places(number));
  // Who has its part of the pool makes room itself.
  const auto is_its_own = [&] { return source.head != kNone && pool_.entry(source.head).source == number; };
  for (; !place && is_its_own(); place = pool_.take(now, packet, all_sources_.places(number))) {
    drop_head(source);
    dropped_full_.add();
  }
  if (!place) {
    dropped_full_.add();
    return;
  }
  while (bytes_ + packet.size() > max_bytes_ && drop_oldest()) {
  }
  pool_.entry(*place).source = number;
  all_sources_.handle_taken(number);
  if (source.head == kNone) {
    source.head = *place;
  } else {
    pool_.entry(source.tail).next = *place;
  }
  source.tail = *place;
  source.bytes += packet.size();
  bytes_ += packet.size();
  ++packets_;
}

// Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995): the bytes of one place are added in each turn.
std::optional<Bytes> ForwardQueue::poll_front(Instant now) {
  for (size_t looked = 0; looked < sources_.size(); ++looked, end_turn()) {
    Source& source = sources_[turn_];
    while (source.head != kNone && now - pool_.entry(source.head).since > max_wait_) {
      drop_head(source);
      dropped_stale_.add();
    }
    if (source.head == kNone) {
      source.credit_bytes = 0;
      continue;
    }
    if (source.credit_bytes < pool_.entry(source.head).bytes) source.credit_bytes += pool_.place_bytes();
    return pool_.packet(source.head);
  }
  return std::nullopt;
}

void ForwardQueue::handle_taken() {
  CUTTLE_CHECK(turn_ < sources_.size() && sources_[turn_].head != kNone, "poll_front showed a packet");
  Source& source = sources_[turn_];
  source.credit_bytes -= pool_.entry(source.head).bytes;
  drop_head(source);
  const bool goes_on = source.head != kNone && source.credit_bytes >= pool_.entry(source.head).bytes;
  if (source.head == kNone) source.credit_bytes = 0;
  if (!goes_on) end_turn();
}

void ForwardQueue::end_turn() {
  turn_ = (turn_ + 1) % sources_.size();
}

}  // namespace cuttle::relay
