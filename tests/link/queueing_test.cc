// A link that others fill, in virtual time: how long a small packet of another flow waits, against the bound
// that packer.hh states.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hh"
#include "link/packer.hh"
#include "link/schedule.hh"
#include "packets.hh"

namespace cuttle {
namespace {

using testing::Packet;

constexpr uint32_t kCellBytes = 1472;
const wire::CellFormat kFormat{kCellBytes};
constexpr size_t kSmallBytes = 120;

Packet packet_of(uint16_t port, size_t bytes) {
  Packet packet = testing::make_packet(bytes, port);
  store_be16(packet.data() + 6, 0);
  packet[9] = 6;
  for (size_t i = 12; i < 20; ++i) packet[i] = 10;
  store_be16(packet.data() + 20, port);
  return packet;
}

// A lane's stage 1 and its pacer, slot by slot.
class Lane {
 public:
  Lane(uint64_t rate_bps, Duration slot) : plan_(plan(rate_bps, slot)) {}

  Duration slot() const { return plan_.period(); }
  // What packer.hh promises, in slots: the ring, a packet, the packer's look, the own slot.
  uint64_t bound_slots(size_t largest_bytes) const {
    const size_t cells = sizes_.ahead_cells + largest_bytes / kFormat.data_bytes() + 2;
    return cells / plan_.cells_per_slot + 1 + 1 + 1;
  }

  void send(const Packet& packet) {
    size_t done = 0;
    auto room = packer_.poll_room();
    for (const iovec& piece : room.pieces()) {
      const size_t now = std::min(packet.size() - done, piece.iov_len);
      std::memcpy(piece.iov_base, packet.data() + done, now);
      done += now;
    }
    ASSERT_EQ(done, packet.size());
    room.commit(packet.size());
  }
  // The packer looks once a slot; then the pacer takes its cells. True when the small packet was in them.
  bool next_slot() {
    packer_.handle_waiting();
    bool found = false;
    for (uint32_t i = 0; i < plan_.cells_per_slot; ++i) {
      const uint8_t* payload = ring_.take();
      if (payload == nullptr) {
        ++dummies_;
        continue;
      }
      found = found || holds_small(payload);
      ring_.release();
    }
    return found;
  }
  uint64_t dummies() const { return dummies_; }
  const Packer& packer() const { return packer_; }

 private:
  static SlotPlan plan(uint64_t rate_bps, Duration slot) {
    SlotPlan plan{};
    EXPECT_TRUE(plan_slots({.cell_bytes = kCellBytes, .rate_bps = rate_bps, .slot = slot}, plan));
    return plan;
  }
  // Either of two marks, which nothing else holds: it may be cut once.
  static bool holds_small(const uint8_t* payload) {
    const Packet small = packet_of(9, kSmallBytes);
    const uint8_t* end = payload + kFormat.payload_bytes();
    return std::search(payload, end, small.begin() + 44, small.begin() + 56) != end ||
           std::search(payload, end, small.begin() + 100, small.begin() + 112) != end;
  }

  SlotPlan plan_;
  LaneSizes sizes_ = lane_sizes(plan_, kFormat);
  SlotRing ring_{kFormat, sizes_.ring_slots};
  Packer packer_{ring_, sizes_, 1};
  uint64_t dummies_ = 0;
};

void check_bound(uint64_t rate_bps, Duration slot, size_t bulk_bytes) {
  Lane lane(rate_bps, slot);
  Random random(rate_bps);
  const uint64_t bound = lane.bound_slots(bulk_bytes);
  uint64_t longest = 0;
  for (int beat = 0; beat < 20; ++beat) {
    // Eight senders that never let the queue run empty.
    const uint64_t before = 1 + random.below(3 * bound);
    for (uint64_t i = 0; i < before; ++i) {
      for (uint16_t flow = 1; flow <= 8; ++flow) lane.send(packet_of(flow, bulk_bytes));
      lane.next_slot();
    }
    lane.send(packet_of(9, kSmallBytes));
    uint64_t waited = 1;
    while (!lane.next_slot()) {
      ASSERT_LT(++waited, 1000u) << "it was dropped";
      for (uint16_t flow = 1; flow <= 8; ++flow) lane.send(packet_of(flow, bulk_bytes));
    }
    longest = std::max(longest, waited);
  }
  EXPECT_LE(longest, bound) << rate_bps << " b/s, packets of " << bulk_bytes;
  EXPECT_GE(longest, 2u) << "the link was not full";
  EXPECT_GT(lane.packer().packets_dropped(), 0u) << "the queue was not full";
}

TEST(Queueing, ASmallPacketWaitsNoLongerThanTheBound) {
  check_bound(100'000'000, microseconds(200), 16'000);
  check_bound(200'000'000, microseconds(200), 25'000);
  check_bound(1'000'000'000, microseconds(200), 65'535);
  check_bound(4'000'000'000, microseconds(200), 65'535);
  check_bound(200'000'000, milliseconds(1), 65'535);
  check_bound(10'000'000, milliseconds(2), 4096);
}

TEST(Queueing, AFullLinkSendsNoDummies) {
  Lane lane(1'000'000'000, microseconds(200));
  for (int i = 0; i < 20; ++i) lane.send(packet_of(1, 65535));
  for (int i = 0; i < 5; ++i) lane.next_slot();
  const uint64_t before = lane.dummies();
  for (int i = 0; i < 200; ++i) {
    for (uint16_t flow = 1; flow <= 8; ++flow) lane.send(packet_of(flow, 65535));
    lane.next_slot();
  }
  EXPECT_EQ(lane.dummies(), before);
}

TEST(Queueing, APacketJustBeforeTheSlotLeavesInIt) {
  Lane lane(200'000'000, microseconds(20));
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(lane.next_slot());
    lane.send(packet_of(9, kSmallBytes));
    EXPECT_TRUE(lane.next_slot());
  }
}

}  // namespace
}  // namespace cuttle
