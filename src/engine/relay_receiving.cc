// A relayed mesh on the receiver's thread: as a relay, for whom a packet is; as the destination, whether it
// is genuine, new and next.
#include <algorithm>

#include "engine/lane.hh"
#include "engine/receiving.hh"
#include "engine/relay_node.hh"

namespace cuttle {

void RelayReceiving::add(Lane& lane) {
  lanes_.push_back(&lane);
}

void RelayReceiving::remove(Lane& lane) {
  lane.relay->receiver->reorder.clear();
  std::erase(lanes_, &lane);
}

Lane* RelayReceiving::lane_of(uint64_t number) const {
  return lane_with_number(lanes_, number);
}

void RelayReceiving::drain(Lane& lane) {
  RelayPost& post = *lane.relay;
  auto& sessions = post.receiver->sessions;
  const auto retire = [&](RelayReceiverSide::Session& session) {
    if (session.aead != nullptr) post.retired_by_receiver.push(std::move(session.aead));
    session = {};
  };
  while (auto key = post.receive_keys.pop()) {
    if (key->aead == nullptr) {
      for (auto& session : sessions) {
        const bool goes = key->is_alone ? session.number == key->session : session.number < key->session;
        if (goes) retire(session);
      }
      continue;
    }
    RelayReceiverSide::Session& place = place_for(lane, *key);
    retire(place);
    place.aead = std::move(key->aead);
    place.spi = key->spi;
    place.number = key->session;
  }
}

// As LaneReceiver::handle_key() does it: the same session's, that of the one it is there instead of, a free
// one, the oldest one's; never that of one in use.
RelayReceiverSide::Session& RelayReceiving::place_for(const Lane& lane, const RelayReceiveKey& key) {
  using Session = RelayReceiverSide::Session;
  RelayReceiverSide& side = *lane.relay->receiver;
  if (const auto same = std::ranges::find(side.sessions, key.session, &Session::number);
      same != side.sessions.end()) {
    return *same;
  }
  const auto worth = [&](const Session& session) -> uint64_t {
    const bool in_use = session.number == side.current || session.number == lane.receiver.current_session();
    if (session.aead != nullptr && in_use) return UINT64_MAX;
    return key.instead_of != 0 && session.number == key.instead_of ? 0 : session.number + 1;
  };
  return *std::ranges::min_element(side.sessions, {}, worth);
}

void RelayReceiving::handle_packet(Lane& lane, Instant now, Bytes packet) {
  RelayCounters& counters = lane.relay->counters;
  const auto kind = wire::relay_kind(packet);
  if (!kind) {
    counters.malformed.add();
    return;
  }
  if (*kind == wire::RelayKind::report) return take_report(lane, packet);
  const wire::RelayHeader header = wire::load_relay_header(packet);
  if (own_.contains(header.destination)) return open(lane, header, now, packet);
  pass_on(lane, header, packet);
}

void RelayReceiving::take_report(Lane& lane, Bytes packet) {
  RelayCounters& counters = lane.relay->counters;
  const auto report = wire::load_relay_report(packet);
  if (!report) {
    counters.malformed.add();
    return;
  }
  // Two that have one in common: nobody knows which of them speaks.
  const bool is_anothers = std::ranges::any_of(lanes_, [&](const Lane* other) {
    return other != &lane && other->relay->numbers.is_present(report->author);
  });
  if (!lane.relay->numbers.contains(report->author) || is_anothers) {
    counters.wrong_number.add();
    return;
  }
  (void)lane.relay->reports.push(
      *report);  // full: the packer did not run for long, and the next one says more
}

// Only what the peer itself sealed, and only to the link of whom it is for.
void RelayReceiving::pass_on(Lane& lane, const wire::RelayHeader& header, Bytes packet) {
  RelayCounters& counters = lane.relay->counters;
  if (lane_of(header.source) != &lane) {
    counters.not_its_own.add();
    return;
  }
  const Lane* to = lane_of(header.destination);
  if (to == nullptr || to == &lane) {
    counters.unknown_destination.add();
  } else if (passed_on_.push(&lane, to, lane.relay->receiver->passed_on, packet)) {
    has_passed_on_ = true;
  } else {
    counters.lost.add();
  }
}

void RelayReceiving::open(Lane& lane, const wire::RelayHeader& header, Instant now, Bytes packet) {
  RelayCounters& counters = lane.relay->counters;
  Lane* source = lane_of(header.source);
  if (source == nullptr) {
    counters.unknown_source.add();
    return;
  }
  RelayReceiverSide& side = *source->relay->receiver;
  const auto session = std::ranges::find_if(
      side.sessions, [&](const auto& one) { return one.aead != nullptr && one.spi == header.spi; });
  if (session == side.sessions.end()) {
    counters.unknown_session.add();
    return;
  }
  const Sequence sequence{static_cast<uint32_t>(header.iv)};
  if (header.iv > UINT32_MAX || session->window.check(sequence) != ReplayVerdict::fresh) {
    counters.repeated.add();
    return;
  }
  if (!session->aead->open(header.iv, packet.subspan(wire::kRelayAadOffset, wire::kRelayAadBytes),
                           packet.subspan(wire::kRelaySealedOffset), opened_.data())) {
    counters.altered.add();
    return;
  }
  session->window.accept(sequence);
  source->relay->counters.came.add();
  const MutableBytes inner(opened_.data() + wire::kRelayInnerBytes,
                           packet.size() - wire::kRelayOverheadBytes);
  relay::Reorder& reorder = side.reorder;
  if (session->number > side.current) {
    side.current = session->number;
    reorder.handle_new_session();
    // All, for places count anew. It is as rare as new keys are.
    while (const auto next = reorder.poll_packet(now)) deliver_to_host(*source, *next);
  }
  using Verdict = relay::Reorder::Verdict;
  // What is of the session before comes out as it comes.
  const Verdict verdict = session->number < side.current
                              ? Verdict::in_order
                              : reorder.handle_packet(now, opened_[0], load_be32(opened_.data() + 4), inner);
  if (verdict == Verdict::late) {
    counters.late.add();
  } else if (header.way < relay::Ways::kMax) {
    auto& came = source->relay->came_by_way[header.way];
    came.store(came.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  if (verdict != Verdict::held) deliver_to_host(*source, inner);
  hand_out(*source, now, kHandedOutWithAPacket);
}

int RelayReceiving::hand_out(Lane& source, Instant now, int most) {
  relay::Reorder& reorder = source.relay->receiver->reorder;
  int done = 0;
  for (; done < most; ++done) {
    const auto next = reorder.poll_packet(now);
    if (!next) break;
    deliver_to_host(source, *next);
  }
  return done;
}

// Where it ends with one, it goes on with the next.
void RelayReceiving::handle_time(Instant now) {
  int left = kHandedOutWithATrain;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[next_out_ % lanes_.size()];
    next_out_ = (next_out_ + 1) % lanes_.size();
    if (lane.relay->receiver->reorder.empty()) continue;
    left -= hand_out(lane, now, left);
    if (left == 0) return;
  }
}

}  // namespace cuttle
