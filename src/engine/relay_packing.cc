// A relayed mesh on the packer's thread: as the source, which way a packet goes; as a relay, what goes over a
// link for others, and how much of that is granted.
#include <algorithm>

#include "engine/lane.hh"
#include "engine/relay_node.hh"
#include "link/segment.hh"

namespace cuttle {

namespace {

// Who has not been heard for so long takes no part.
constexpr Duration kSilent = milliseconds(500);
// Of packets that wait for room: what the link carries in so long, or two packets, and it is full.
constexpr Duration kFull = milliseconds(2);
constexpr size_t kFullBytes = 3000;
// A flow that was quiet for so long has nothing on its way any more: its packets need no numbers.
constexpr Duration kFlowQuiet = milliseconds(500);
// Who takes no part, as far as it is known, is told this often that this node does.
constexpr Duration kHelloInterval = seconds(2);
// Packets in one piece of work: some 20 us, as long as one packet of 64 KiB takes.
constexpr int kInOnePiece = 32;
// The most that may go before a node's own packets at once.
constexpr size_t kMostCredit = 32768;

}  // namespace

RelayPackerSide& RelayPacking::lane_side(const Lane& lane) {
  return *lane.relay->packer;
}

// The relays' numbers follow from the places in lanes_, so all begin anew.
void RelayPacking::add(Lane& lane) {
  lanes_.push_back(&lane);
  lane_side(lane).source = sources_.handle_join();
  for (Lane* each : lanes_) lane_side(*each).ways.handle_other_relays();
}

void RelayPacking::remove(Lane& lane) {
  lane_side(lane).forward.clear();
  sources_.handle_leave(lane_side(lane).source);
  std::erase(lanes_, &lane);
  for (Lane* each : lanes_) lane_side(*each).ways.handle_other_relays();
}

bool RelayPacking::takes_part(const RelayPackerSide& side) const {
  return side.number && now_ - side.heard < kSilent;
}

// A packet crosses a border between sites once at the most.
bool RelayPacking::may_relay(const Lane& relay, const Lane& destination) const {
  return relay.relay->site == settings_.site || relay.relay->site == destination.relay->site;
}

Lane* RelayPacking::relay_of(const Lane& destination, size_t way) const {
  if (way == 0 || way >= lanes_.size()) return nullptr;
  const auto at = static_cast<size_t>(std::ranges::find(lanes_, &destination) - lanes_.begin());
  Lane* relay = lanes_[(at + way) % lanes_.size()];
  return relay != &destination && may_relay(*relay, destination) ? relay : nullptr;
}

std::optional<size_t> RelayPacking::choose_way(Lane& lane, size_t bytes) const {
  return lane_side(lane).ways.poll_way(now_, bytes, [&](size_t way) {
    const Lane* relay = relay_of(lane, way);
    if (relay == nullptr) return false;
    const RelayPackerSide& side = lane_side(*relay);
    return takes_part(side) && side.forward.bytes() + relay->packer.queued_bytes() <= side.bound_bytes;
  });
}

bool RelayPacking::handle_packet(Lane& lane, Bytes first, std::span<const iovec> room, size_t bytes,
                                 uint16_t gso_bytes) {
  RelayPackerSide& side = lane_side(lane);
  if (!takes_part(side) || side.key.aead == nullptr || now_ >= side.key.until) return false;
  const uint32_t number = lane.packer.flow_of(first);
  RelayPackerSide::Flow& flow = side.flows[number];
  bool is_first = false;
  if (flow.in_places && now_ - flow.last >= kFlowQuiet) flow.in_places = false;
  if (!flow.in_places) {
    // A flow with little to send does not wait, and goes as it always does.
    const bool is_full = lane.packer.queued_bytes() > side.bound_bytes && lane.packer.waits(number);
    if (!is_full || !choose_way(lane, pool_.place_bytes())) return false;
    is_first = true;
  }
  size_t done = 0;
  for (const iovec& piece : room) {
    const size_t part = std::min(piece.iov_len, bytes - done);
    std::copy_n(static_cast<const uint8_t*>(piece.iov_base), part, whole_.data() + done);
    done += part;
  }
  const size_t longest = pool_.place_bytes() - wire::kRelayOverheadBytes;
  Segmenter segmenter({whole_.data(), bytes}, gso_bytes, longest);
  auto piece = segmenter.poll_piece(piece_);
  // Neither short enough nor TCP.
  if (piece && *piece > longest) return false;
  flow.in_places = true;
  flow.last = now_;
  for (; piece; piece = segmenter.poll_piece(piece_)) {
    if (*piece <= longest) {
      send_piece(lane, static_cast<uint8_t>(number), {piece_.data(), *piece}, is_first);
    } else {
      lane.packer.handle_copy({piece_.data(), *piece}, number);
    }
    is_first = false;
  }
  return true;
}

// The first of a flow goes directly, behind those without numbers, so that it keeps the others behind these.
void RelayPacking::send_piece(Lane& lane, uint8_t flow, Bytes piece, bool is_first) {
  RelayPackerSide& side = lane_side(lane);
  const MutableBytes packet(sealed_.data(), wire::kRelayOverheadBytes + piece.size());
  size_t way = 0;
  if (!is_first && lane.packer.queued_bytes() > side.bound_bytes) {
    way = choose_way(lane, packet.size()).value_or(0);
  }
  const uint64_t iv = ++side.iv;
  wire::store_relay_header(packet, {.way = static_cast<uint8_t>(way),
                                    .spi = side.key.spi,
                                    .source = own_.current(),
                                    .destination = *side.number,
                                    .iv = iv});
  uint8_t* inner = packet.data() + wire::kRelaySealedOffset;
  std::fill_n(inner, 4, uint8_t{0});
  inner[0] = flow;
  store_be32(inner + 4, side.flows[flow].next++);
  std::copy(piece.begin(), piece.end(), inner + wire::kRelayInnerBytes);
  side.key.aead->seal(iv, packet.subspan(wire::kRelayAadOffset, wire::kRelayAadBytes),
                      {inner, wire::kRelayInnerBytes + piece.size()}, inner);
  side.ways.handle_sent(way, packet.size());
  lane.relay->counters.sent_in_places.add();
  if (way == 0) {
    lane.packer.handle_copy(packet, flow);
    return;
  }
  lane.relay->counters.sent_by_relays.add();
  RelayPackerSide& relay = lane_side(*relay_of(lane, way));
  relay.forward.handle_packet(now_, relay::Sources::kOwn, packet);
  relay.grants.handle_relayed(relay::Sources::kOwn, packet.size());
}

RelayPacking::Waiting RelayPacking::pack_waiting(Lane& lane) {
  take_keys(lane);
  RelayPackerSide& side = lane_side(lane);
  RelayCounters& counters = lane.relay->counters;
  const uint64_t own = lane.packer.bytes() - counters.passed_on_bytes.value();
  const uint64_t earned = (own - side.own_bytes) * settings_.share_percent / (100 - settings_.share_percent);
  side.own_bytes = own;
  side.credit_bytes = std::min<size_t>(side.credit_bytes + earned, kMostCredit);
  for (int packed = 0; const auto packet = side.forward.poll_front(now_); ++packed) {
    if (packed == kInOnePiece) return Waiting::more;
    const bool own_waits = lane.packer.queued_bytes() > 0;
    if (own_waits && side.credit_bytes < packet->size()) break;
    if (!lane.packer.handle_first(*packet)) break;
    if (own_waits) side.credit_bytes -= packet->size();
    counters.passed_on.add();
    counters.passed_on_bytes.add(packet->size());
    side.forward.handle_taken();
  }
  return side.forward.empty() ? Waiting::nothing : Waiting::no_room;
}

void RelayPacking::take_keys(Lane& lane) {
  RelayPackerSide& side = lane_side(lane);
  const auto retire = [&] {
    if (side.key.aead != nullptr) lane.relay->retired_by_packer.push(std::move(side.key.aead));
    side.key.aead.reset();  // nobody took any for long
  };
  while (auto key = lane.relay->send_keys.pop()) {
    retire();
    side.key = std::move(*key);
    side.iv = 0;
    side.last_report = 0;
    for (RelayPackerSide::Flow& flow : side.flows) flow.next = 0;
  }
  if (now_ >= side.key.until) retire();
}

void RelayPacking::take_report(Lane& lane, const wire::RelayReport& report) {
  RelayPackerSide& side = lane_side(lane);
  // A peer that started anew counts from 1 again.
  const bool is_stale = side.number == report.author && report.number <= side.last_report &&
                        side.last_report - report.number < 64;
  if (is_stale) return;
  side.number = report.author;
  side.last_report = report.number;
  side.heard = now_;
  std::array<uint32_t, relay::Ways::kMax> counts{};
  for (const wire::RelayCount& count : report.counts) {
    if (count.way < counts.size()) counts[count.way] = count.packets;
  }
  for (size_t way = 0; way < counts.size(); ++way) {
    if (!side.ways.handle_count(now_, way, counts[way])) continue;
    if (const Lane* relay = relay_of(lane, way)) relay->relay->counters.left_out.add();
  }
  side.ways.handle_report(now_);
  // What it grants is of ways over it: no more than this link can bring it, whatever it says.
  const size_t most = data_bytes_in(lane.sender.plan(), lane.format, kRelayReportInterval);
  const auto at = static_cast<size_t>(std::ranges::find(lanes_, &lane) - lanes_.begin());
  for (const wire::RelayGrant& grant : report.grants) {
    const Lane* to = lane_with_number(lanes_, grant.destination);
    if (to == nullptr || to == &lane) continue;
    const auto place = static_cast<size_t>(std::ranges::find(lanes_, to) - lanes_.begin());
    const size_t way = (at + lanes_.size() - place) % lanes_.size();
    if (way < relay::Ways::kMax)
      lane_side(*to).ways.handle_grant(now_, way, static_cast<uint32_t>(std::min<size_t>(grant.bytes, most)));
  }
}

void RelayPacking::handle_interval(Lane& lane) {
  RelayPackerSide& side = lane_side(lane);
  const SlotPlan& plan = lane.sender.plan();
  const uint64_t own = lane.packer.bytes() - lane.relay->counters.passed_on_bytes.value();
  side.grants.handle_interval(data_bytes_in(plan, lane.format, kRelayReportInterval),
                              own - side.interval_own_bytes);
  side.interval_own_bytes = own;
  side.bound_bytes = std::max(data_bytes_in(plan, lane.format, kFull), kFullBytes);
  lane.relay->takes_part.store(takes_part(side), std::memory_order_relaxed);
}

void RelayPacking::say(Lane& lane) {
  RelayPackerSide& side = lane_side(lane);
  if (!takes_part(side) && side.reports > 0 && now_ - side.said < kHelloInterval) return;
  side.said = now_;
  wire::RelayReport report{.author = own_.current(), .number = ++side.reports};
  for (size_t way = 0; way < relay::Ways::kMax; ++way) {
    const uint32_t came = lane.relay->came_by_way[way].load(std::memory_order_relaxed);
    if (came > 0) report.counts.add({static_cast<uint8_t>(way), came});
  }
  for (size_t i = 0; takes_part(side) && i < lanes_.size(); ++i) {
    const Lane& to = *lanes_[(grants_from_ + i) % lanes_.size()];
    const RelayPackerSide& other = lane_side(to);
    if (&to == &lane || !takes_part(other)) continue;
    report.grants.add({*other.number, other.grants.granted_bytes(side.source)});
  }
  std::array<uint8_t, wire::kLargestRelayReportBytes> packet;
  const size_t bytes = wire::store_relay_report(packet, report);
  lane.packer.handle_copy(Bytes(packet).first(bytes));
}

// By whom a packet came, and not by what it says, it is counted: who says many numbers is one.
void RelayPacking::pass_on(const PacketRing::Packet& packet) {
  const auto from = std::ranges::find(lanes_, packet.from);
  const auto to = std::ranges::find(lanes_, packet.to);
  if (from == lanes_.end() || to == lanes_.end()) return;
  RelayPackerSide& side = lane_side(**to);
  if (!takes_part(side)) {
    (*from)->relay->counters.silent_destination.add();
    return;
  }
  side.forward.handle_packet(now_, lane_side(**from).source, packet.bytes);
  side.grants.handle_relayed(lane_side(**from).source, packet.bytes.size());
}

// True when it had said something.
bool RelayPacking::hear(Lane& lane) {
  // What an older one counted is less than what had come by now.
  std::optional<wire::RelayReport> newest;
  while (auto report = lane.relay->reports.pop()) newest = *report;
  if (newest) take_report(lane, *newest);
  return newest.has_value();
}

// True when there may be more.
bool RelayPacking::pass_on_some(size_t most) {
  for (size_t i = 0; i < most; ++i, passed_on_.pop()) {
    const auto packet = passed_on_.front();
    if (!packet) return false;
    pass_on(*packet);
  }
  return true;
}

// Who went silent gets no more of what waits, either.
void RelayPacking::forget_silent() {
  for (Lane* lane : lanes_) {
    RelayPackerSide& side = lane_side(*lane);
    if (!side.forward.empty() && !takes_part(side)) side.forward.clear();
  }
}

// All have been told before it begins anew, so nobody is left out by a thread that is slow.
void RelayPacking::begin_to_say() {
  to_say_ = std::min(to_say_, lanes_.size());
  if (to_say_ > 0 || now_ < say_next_) return;
  say_next_ = std::max(say_next_ + kRelayReportInterval, now_);
  for (Lane* lane : lanes_) handle_interval(*lane);
  to_say_ = lanes_.size();
  if (to_say_ > 0) grants_from_ = (grants_from_ + wire::RelayReport::kMaxGrants) % lanes_.size();
}

void RelayPacking::say_next() {
  if (to_say_ > 0) say(*lanes_[--to_say_]);
}

void RelayPacking::handle_time(Instant now) {
  now_ = now;
  for (Lane* lane : lanes_) {
    take_keys(*lane);
    hear(*lane);
  }
  // No longer than the ring is, however fast the other thread fills it.
  pass_on_some(kPassedOnCapacity);
  forget_silent();
  begin_to_say();
  while (to_say_ > 0) say_next();
}

bool RelayPacking::handle_piece(Instant now) {
  now_ = now;
  for (Lane* lane : lanes_) take_keys(*lane);
  bool heard = false;
  for (size_t i = 0; i < lanes_.size() && !heard; ++i) {
    heard_next_ = (heard_next_ + 1) % lanes_.size();
    heard = hear(*lanes_[heard_next_]);
  }
  const bool more = pass_on_some(kInOnePiece);
  forget_silent();
  begin_to_say();
  say_next();
  return heard || more || to_say_ > 0;
}

}  // namespace cuttle
