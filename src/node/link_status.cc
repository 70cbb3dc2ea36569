#include <algorithm>
#include <cstdlib>

#include "control/status.hh"
#include "engine/pacing.hh"
#include "engine/release_queue.hh"
#include "io/clock.hh"
#include "link/hiding.hh"
#include "node/link.hh"

namespace cuttle {

namespace {

constexpr uint64_t kEnoughReleases = 1000;  // for a deviation

const char* state_name(Association::State state) {
  switch (state) {
    case Association::State::connecting:
      return "connecting";
    case Association::State::up:
      return "up";
    case Association::State::quiet:
      return "quiet";
  }
  return "unknown";
}

void count_lane(LinkStatus& status, const Lane& lane) {
  const SenderCounters& sent = lane.sender.counters();
  status.cells_sent += sent.cells.value();
  status.cells_sent_dummy += sent.cells_dummy.value();
  status.pauses += sent.pauses.value();
  status.slots_caught_up += sent.slots_caught_up.value();
  status.queue_empty += sent.queue_empty.value();
  status.deadlines_missed += sent.slots_missed.value();
  status.deadlines_late += sent.slots_late.value();
  status.sealed_late_payloads += sent.sealed_late_payloads.value();
  status.sealed_late_dummies += sent.sealed_late_dummies.value();
  const ReceiverCounters& received = lane.receiver.counters();
  const ReassemblyCounters& reassembly = lane.receiver.reassembly();
  status.set_back += received.set_back.value();
  status.cells_received += received.cells.value();
  status.cells_received_dummy += reassembly.cells_dummy.value();
  status.packets_sent += lane.packer.packets();
  status.bytes_sent += lane.packer.bytes();
  status.packets_received += lane.packets.packets_out.value();
  status.bytes_received += lane.packets.bytes_out.value();

  auto& drops = status.drops;
  const SocketDrops by_socket = lane.socket.drops();
  drops["cell_wrong_size"] += received.wrong_size.value() + by_socket.wrong_size;
  drops["cell_receive_buffer_full"] += by_socket.buffer_full;
  drops["cell_unknown_spi"] += received.unknown_spi.value();
  drops["cell_replayed"] += received.replayed.value();
  drops["cell_too_old"] += received.too_old.value();
  drops["cell_not_authentic"] += received.not_authentic.value();
  drops["cell_earlier_session"] += received.earlier_session.value();
  drops["cell_late"] += reassembly.cells_late.value();
  drops["cell_lost_on_the_way"] += reassembly.cells_lost.value();
  drops["cell_refused_by_socket"] += sent.datagrams_refused.value();
  drops["icmp_error_ignored"] += by_socket.icmp_errors_ignored;
  drops["packet_torn"] += reassembly.packets_torn.value();
  drops["packet_malformed"] += reassembly.blocks_malformed.value() + lane.packets.unreadable.value();
  drops["packet_header_lied"] += lane.packer.packets_malformed();
  drops["packet_foreign_source"] += lane.packets.foreign_source.value();
  drops["packet_foreign_destination"] += lane.packets.foreign_destination.value();
  drops["packet_checksum_wrong"] += lane.checksum_wrong.value();
  drops["packet_own_cell"] += lane.own_cells.value();
  drops["packet_ladder_forged"] += lane.ladder_forged.value();
  drops["packet_queue_full"] += lane.packer.packets_dropped();
  drops["packet_refused_by_tun"] += lane.packets.tun_refused.value();
  drops["handshake_mac_wrong"] += lane.packets.handshake_mac_wrong.value();
  drops["handshake_lost"] += lane.packets.handshakes_lost.value();
  drops["handshake_unsent"] += lane.handshakes_unsent.value();
}

void describe_relay(LinkStatus& status, const RelayPost& post) {
  const RelayCounters& counters = post.counters;
  status.relay = RelayStatus{.peer_takes_part = post.takes_part.load(std::memory_order_relaxed),
                             .sent_numbered = counters.sent_in_places.value(),
                             .sent_by_relays = counters.sent_by_relays.value(),
                             .came_numbered = counters.came.value(),
                             .passed_on = counters.passed_on.value(),
                             .passed_on_bytes = counters.passed_on_bytes.value(),
                             .gaps = post.receiver->reorder.gaps(),
                             .late = counters.late.value(),
                             .left_out = counters.left_out.value()};
  auto& drops = status.drops;
  drops["relay_altered"] = counters.altered.value();
  drops["relay_repeated"] = counters.repeated.value();
  drops["relay_unknown_session"] = counters.unknown_session.value();
  drops["relay_unknown_source"] = counters.unknown_source.value();
  drops["relay_unknown_destination"] =
      counters.unknown_destination.value() + counters.silent_destination.value();
  drops["relay_not_its_own"] = counters.not_its_own.value();
  drops["relay_malformed"] = counters.malformed.value() + counters.wrong_number.value();
  drops["relay_queue_full"] = post.packer->forward.dropped_full() + counters.lost.value();
  drops["relay_too_old"] = post.packer->forward.dropped_stale();
}

void count_handshakes(LinkStatus& status, const AssociationCounters& counters) {
  status.handshakes = counters.sessions.value();
  auto& drops = status.drops;
  drops["handshake_mac_wrong"] += counters.mac_wrong.value();
  drops["handshake_not_genuine"] = counters.not_genuine.value();
  drops["handshake_stale"] = counters.stale.value();
  drops["handshake_cookie_instead"] = counters.cookie_instead.value();
  drops["handshake_too_many"] = counters.too_many.value();
  drops["handshake_unexpected"] = counters.unexpected.value();
}

// Of the first lane: all of a link leave the same way.
void describe_release(LinkStatus& status, const Lane& lane) {
  const bool cut_by_cpu = !lane.socket.segmentation() || lane.cut_by_cpu;
  Duration deviation{};
  if (lane.queue != nullptr) {
    status.queue_resets = lane.queue->resets();
    status.queue_dropped = lane.queue->dropped();
    status.queue_sent_again = lane.queue->sent_again();
  }
  if (goes_by_queue(lane)) {
    const QueueLateness late = lane.queue->device().lateness();
    const bool in_step = lane.queue->step() == QueueWatch::State::in_step;
    status.release = lane.queue->reads_instants() ? "txtime" : in_step ? "queue" : "settling";
    if (lane.queue->reads_instants()) status.release_queue = lane.queue->rules().name();
    status.lead_ns = static_cast<uint64_t>(lane.queue->shown_lead().ns);
    status.wire_lateness = {static_cast<uint64_t>(late.p50.ns), static_cast<uint64_t>(late.p99.ns),
                            static_cast<uint64_t>(late.p999.ns), 0};
    if (!in_step || late.count < kEnoughReleases) return;
    deviation = late.deviation;
  } else {
    const Histogram& late = lane.sender.counters().lateness;
    if (late.count() < kEnoughReleases) return;
    // Of a normal distribution's: the 99th percentile is 2.33 deviations from the median.
    deviation = (late.percentile(0.99) - late.percentile(0.5)) * 100 / 233;
  }
  const Hiding hiding = judge_hiding(lane.sender.plan(), deviation, cut_by_cpu);
  status.hiding = hiding.word();
  status.hiding_permille = static_cast<uint32_t>(hiding.accuracy * 1000 + 0.5);
}

CalendarStatus describe_calendar(const LinkControl::Rate& rate, const Association& association) {
  CalendarStatus status;
  status.next_rate_bps = rate.next ? rate.next->rate_bps : rate.now_bps;
  status.next_at_s = rate.next ? static_cast<uint64_t>(rate.next->wall_ns / 1'000'000'000) : 0;
  if (const auto& offer = association.peer_offer()) {
    status.peer = offer->calendar == rate.fingerprint ? "same" : offer->calendar == 0 ? "none" : "other";
  }
  if (const auto ahead = association.peer_clock_ahead()) {
    status.clocks_apart_ms = static_cast<uint64_t>(std::abs(ahead->ns) / 1'000'000);
  }
  return status;
}

PresharedStatus describe_preshared(const PresharedRatchet& ratchet) {
  PresharedStatus status;
  status.lost = ratchet.lost();
  status.peer_takes_part = ratchet.peer_takes_part();
  if (const auto& key = ratchet.keys().proven) {
    const uint64_t now_ns = wall_clock_ns();
    status.age_s = now_ns > key->since_ns ? (now_ns - key->since_ns) / 1'000'000'000 : 0;
  }
  return status;
}

// What the configuration says of it.
LinkStatus configured(const PeerConfig& peer) {
  LinkStatus status;
  status.name = peer.name;
  status.interface = peer.interface_name();
  status.endpoint = peer.endpoint.to_string();
  status.cell_bytes = peer.shape.cell_bytes;
  status.rate_bps = peer.shape.rate_bps;
  status.slot_ns = static_cast<uint64_t>(peer.shape.slot.ns);
  status.lanes = peer.lanes;
  status.jitter_percent = peer.shape.jitter_percent;
  status.scatter = peer.shape.scatter;
  return status;
}

}  // namespace

LinkStatus status_without_link(const PeerConfig& peer) {
  LinkStatus status = configured(peer);
  status.state = kNoLink;
  return status;
}

void NodeLink::describe_sessions(LinkStatus& status, Instant now) const {
  const std::lock_guard lock(mutex_);
  const Association& association = link_.association();
  status.state = state_name(link_.state(now));
  if (const auto since = association.established()) {
    status.session_age_s = static_cast<uint64_t>((now - *since).ns / 1'000'000'000);
  }
  if (const auto key = association.session_peer()) status.session_peer_key = key->to_string();
  if (const auto& offer = association.peer_offer()) status.peer_rate_bps = offer->rate_bps;
  if (const auto rate = link_.rate(wall_clock_ns())) {
    status.rate_bps = rate->now_bps;
    (link_.has_ladder() ? status.ladder : status.calendar) = describe_calendar(*rate, association);
  }
  if (const auto& ratchet = association.preshared()) status.preshared = describe_preshared(*ratchet);
  count_handshakes(status, association.counters());
}

LinkStatus NodeLink::status(Instant now) const {
  LinkStatus status = configured(peer_);
  const SlotPlan& plan = link_.lane(0).sender.plan();
  status.slot_ns = static_cast<uint64_t>(plan.period().ns);
  status.cells_per_slot = plan.cells_per_slot;
  describe_sessions(status, now);
  for (size_t i = 0; i < link_.lanes(); ++i) count_lane(status, link_.lane(i));
  describe_release(status, link_.lane(0));
  if (const RelayPost* relay = link_.lane(0).relay.get()) describe_relay(status, *relay);

  // The worst lane's: percentiles do not add.
  for (size_t i = 0; i < link_.lanes(); ++i) {
    const Histogram& lateness = link_.lane(i).sender.counters().lateness;
    const auto at_least = [](uint64_t& value, Duration d) {
      value = std::max(value, static_cast<uint64_t>(d.ns));
    };
    at_least(status.lateness.p50_ns, lateness.percentile(0.5));
    at_least(status.lateness.p99_ns, lateness.percentile(0.99));
    at_least(status.lateness.p999_ns, lateness.percentile(0.999));
    at_least(status.lateness.max_ns, lateness.max());
  }
  return status;
}

}  // namespace cuttle
