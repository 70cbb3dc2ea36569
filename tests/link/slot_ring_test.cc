// The slot ring with both of its threads: no payload is lost, torn or seen twice, however they interleave.
#include "link/slot_ring.hh"

#include <gtest/gtest.h>

#include <thread>

#include "link/reassembler.hh"
#include "link/ring_writer.hh"
#include "packets.hh"

namespace cuttle {
namespace {

using testing::Packet;

const wire::CellFormat kFormat{256};

// Hands what the pacer's side took to a reassembler, which would notice any byte out of place.
class Taker {
 public:
  // False when nothing was ready.
  bool take(SlotRing& ring) {
    const uint8_t* payload = ring.take();
    if (payload == nullptr) return false;
    std::copy_n(payload, kFormat.payload_bytes(), reassembler_.poll_room(Sequence{++sequence_}));
    ring.release();
    reassembler_.handle_payload(Instant{0}, Sequence{sequence_});
    while (const auto packet = reassembler_.poll_packet()) {
      check(*packet);
    }
    return true;
  }
  uint32_t packets() const { return next_; }
  uint64_t wrong() const { return wrong_ + reassembler_.counters().blocks_malformed.value(); }

 private:
  void check(Bytes packet) {
    const Packet wanted = testing::make_packet(packet.size(), next_++, packet[0] >> 4 == 6);
    if (!std::equal(packet.begin(), packet.end(), wanted.begin(), wanted.end())) ++wrong_;
  }

  Reassembler reassembler_{kFormat, 1, milliseconds(1)};
  uint32_t sequence_ = 0;
  uint32_t next_ = 0;
  uint64_t wrong_ = 0;
};

TEST(SlotRing, TwoThreadsLoseAndTearNothing) {
  SlotRing ring(kFormat, 512);
  constexpr uint32_t kPackets = 60'000;
  std::thread packing([&ring] {
    RingWriter writer(ring);
    Random random(7);
    for (uint32_t number = 0; number < kPackets;) {
      const size_t bytes = testing::draw_length(random, random.chance(0.01) ? 65535 : 1500);
      const Packet packet = testing::make_packet(bytes, number, random.chance(0.5));
      if (random.chance(0.5)) {  // as the driver does it, in place
        auto room = writer.poll_room();
        if (!room) continue;
        if (random.chance(0.1)) {  // read, and forgotten
          std::memset(room->pieces()[0].iov_base, 0x45, room->pieces()[0].iov_len);
          continue;
        }
        size_t done = 0;
        for (const iovec& whole : room->pieces()) {
          const size_t piece = std::min(bytes - done, whole.iov_len);
          std::memcpy(whole.iov_base, packet.data() + done, piece);
          done += piece;
        }
        room->commit(bytes);
        ++number;
      } else if (writer.handle_copy(packet)) {
        ++number;
      }
    }
  });
  Taker taker;
  Random random(8);
  while (taker.packets() < kPackets && taker.wrong() == 0) {
    if (!taker.take(ring) && random.chance(0.1)) std::this_thread::yield();
  }
  packing.join();
  EXPECT_EQ(taker.packets(), kPackets);
  EXPECT_EQ(taker.wrong(), 0u);
}

TEST(SlotRing, TheOpenSlotIsAppendedToUntilItIsTaken) {
  SlotRing ring(kFormat, 512);
  RingWriter writer(ring);
  Taker taker;
  EXPECT_FALSE(taker.take(ring));
  ASSERT_TRUE(writer.handle_copy(testing::make_packet(60, 0)));
  ASSERT_TRUE(writer.handle_copy(testing::make_packet(60, 1)));
  EXPECT_EQ(ring.waiting(), 1u);
  EXPECT_TRUE(taker.take(ring));
  EXPECT_EQ(taker.packets(), 2u) << "both in one cell";
  ASSERT_TRUE(writer.handle_copy(testing::make_packet(60, 2)));
  EXPECT_TRUE(taker.take(ring));
  EXPECT_EQ(taker.packets(), 3u);
  EXPECT_FALSE(taker.take(ring));
  EXPECT_EQ(taker.wrong(), 0u);
}

TEST(SlotRing, NothingIsTakenWhileASlotIsWritten) {
  SlotRing ring(kFormat, 512);
  RingWriter writer(ring);
  Taker taker;
  ASSERT_TRUE(writer.handle_copy(testing::make_packet(60, 0)));
  {
    const auto room = writer.poll_room();
    ASSERT_TRUE(room);
    EXPECT_FALSE(taker.take(ring));
  }
  EXPECT_TRUE(taker.take(ring));
  EXPECT_EQ(taker.packets(), 1u);
}

TEST(SlotRing, AFullRingRefusesAndLosesNothing) {
  SlotRing ring(kFormat, 400);
  RingWriter writer(ring);
  Taker taker;
  uint32_t number = 0;
  while (writer.handle_copy(testing::make_packet(1000, number))) ++number;
  EXPECT_FALSE(writer.has_room());
  EXPECT_LE(ring.waiting(), ring.capacity());
  EXPECT_GT(number, 30u);
  while (taker.take(ring)) {
  }
  EXPECT_EQ(taker.packets(), number);
  EXPECT_TRUE(writer.has_room());
  EXPECT_EQ(ring.waiting(), 0u);
  EXPECT_EQ(taker.wrong(), 0u);
}

TEST(SlotRing, OnHoldNoPacketIsStartedAndWhatWasStartedLeaves) {
  SlotRing ring(kFormat, 512);
  RingWriter writer(ring);
  Taker taker;
  ASSERT_TRUE(writer.handle_copy(testing::make_packet(1000, 0)));
  ring.hold();
  EXPECT_FALSE(writer.handle_copy(testing::make_packet(1000, 1)));
  while (taker.take(ring)) {
  }
  EXPECT_EQ(taker.packets(), 1u);
  ring.resume();
  EXPECT_TRUE(writer.handle_copy(testing::make_packet(1000, 1)));
}

// Whoever looks from outside sees a number of payloads that there can be, whatever happens while it looks.
TEST(SlotRing, NeverSaysThatMoreWaitThanFit) {
  SlotRing ring(kFormat, 4);
  std::atomic<bool> stop{false};
  std::thread both([&] {
    while (!stop) {
      ring.begin_write();
      ring.end_write_open(1);
      if (ring.take() != nullptr) ring.release();
    }
  });
  size_t max = 0;
  for (int i = 0; i < 3'000'000 && max <= ring.capacity(); ++i) max = std::max(max, ring.waiting());
  stop = true;
  both.join();
  EXPECT_LE(max, ring.capacity());
}

}  // namespace
}  // namespace cuttle
