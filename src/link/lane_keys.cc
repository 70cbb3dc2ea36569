#include "link/lane_keys.hh"

#include <algorithm>

#include "crypto/key_schedule.hh"
#include "link/ring_writer.hh"

namespace cuttle {

namespace {

static_assert(LaneReceiver::kSessions >= 2 + kMaxUnconfirmed,
              "a key that waits for its first cell keeps its place beside the current and the previous one");

// What the packer keeps ready in the ring: enough for it to sleep a slot, and to be kept from running for a
// moment. Every packet waits behind it, so no more than that.
constexpr Duration kAhead = milliseconds(1);
constexpr size_t kReleasesAhead = 4;
// Packets that wait for their flow's turn: what a sender that fills its bottleneck needs, and no more.
constexpr Duration kQueueTime = milliseconds(25);
constexpr size_t kMinQueueBytes = 128 << 10;
constexpr size_t kMaxQueueBytes = 4 << 20;

std::unique_ptr<Aead> make_cell_aead(const Secret<32>& secret, uint8_t lane, AeadBackend backend) {
  auto aead = make_aead(backend, derive_cell_key(secret, lane));
  CUTTLE_CHECK(aead.has_value(), "the backend was available at start-up");
  return std::move(*aead);
}

size_t cells_in(const SlotPlan& plan, Duration duration) {
  return static_cast<size_t>(duration.ns) * plan.cells_per_slot / static_cast<size_t>(plan.period().ns);
}

}  // namespace

ReceiveKey make_receive_key(const InstallReceive& event, uint8_t lane, AeadBackend backend, PeerTimes times) {
  return {.aead = make_cell_aead(event.secret, lane, backend),
          .spi = Spi{event.first_spi.value + lane},
          .session = event.session,
          .instead_of = event.instead_of,
          .times = times,
          // By the first lane it is decided whether a session begins; others may follow late.
          .first_by = lane == 0 ? event.first_by : Instant::never()};
}

PeerTimes times_of(const wire::Offer& offer, uint64_t highest_rate_bps) {
  PeerTimes times;
  times.slot = {static_cast<int64_t>(std::min(offer.slot_ns, static_cast<uint64_t>(kLongestSlot.ns)))};
  if (highest_rate_bps == 0) return times;
  // The rate counts IP and UDP headers as well: without them the interval is shorter, by a fiftieth or more.
  const double ns_a_cell = 8e9 * offer.cell_bytes * offer.lanes / static_cast<double>(highest_rate_bps);
  // A peer offers what it likes.
  if (ns_a_cell <= static_cast<double>(PeerTimes::kLongestInterval.ns)) {
    times.cell_interval = {static_cast<int64_t>(ns_a_cell)};
  }
  return times;
}

SendKey make_send_key(const InstallSend& event, uint8_t lane, AeadBackend backend, Instant from) {
  return {make_cell_aead(event.secret, lane, backend), Spi{event.first_spi.value + lane}, from, event.until};
}

Duration key_change_lead(const SlotPlan& plan, size_t ring_slots) {
  const auto slots = static_cast<int64_t>(ring_slots / plan.cells_per_slot + 2);
  return std::min(plan.period() * slots, seconds(2));
}

LaneSizes lane_sizes(const SlotPlan& plan, const wire::CellFormat& format) {
  // One packet of the largest size must fit behind what waits already.
  const size_t packet = RingWriter::max_slots_per_packet(format);
  const size_t ahead = std::max<size_t>(cells_in(plan, kAhead), kReleasesAhead * plan.cells_per_release());
  const size_t queue =
      std::clamp(cells_in(plan, kQueueTime) * format.cell_bytes(), kMinQueueBytes, kMaxQueueBytes);
  const size_t reorder = std::clamp<size_t>(cells_in(plan, milliseconds(3)), 16, 1024);
  return {packet + 1 + ahead, ahead, queue, reorder, std::max(milliseconds(5), plan.period() * 4)};
}

LaneSizes largest_lane_sizes(const SlotSteps& steps, const wire::CellFormat& format) {
  LaneSizes largest = lane_sizes(steps.plans.front(), format);
  for (const SlotPlan& plan : steps.plans) {
    const LaneSizes sizes = lane_sizes(plan, format);
    largest.ring_slots = std::max(largest.ring_slots, sizes.ring_slots);
    largest.ahead_cells = std::max(largest.ahead_cells, sizes.ahead_cells);
    largest.queue_bytes = std::max(largest.queue_bytes, sizes.queue_bytes);
    largest.reorder_cells = std::max(largest.reorder_cells, sizes.reorder_cells);
    largest.lost_cell_timer = std::max(largest.lost_cell_timer, sizes.lost_cell_timer);
  }
  return largest;
}

}  // namespace cuttle
