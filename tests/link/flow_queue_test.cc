// The queue of flows: order, fairness, what is dropped, and that its memory never runs out.
#include "link/flow_queue.hh"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.hh"
#include "packets.hh"

namespace cuttle {
namespace {

using testing::Packet;

constexpr size_t kLimitBytes = 256 << 10;

// A packet of the flow `flow` (its source port) with a number.
Packet packet_of(uint16_t flow, uint32_t number, size_t bytes) {
  Packet packet = testing::make_packet(bytes, number);
  packet[9] = 17;
  store_be16(packet.data() + 6, 0);
  for (size_t i = 12; i < 20; ++i) packet[i] = 10;
  store_be16(packet.data() + 20, flow);
  store_be16(packet.data() + 22, 6800);
  return packet;
}

Packet gathered(std::span<const iovec> pieces) {
  Packet packet;
  for (const iovec& piece : pieces) {
    const auto* from = static_cast<const uint8_t*>(piece.iov_base);
    packet.insert(packet.end(), from, from + piece.iov_len);
  }
  return packet;
}

Packet take(FlowQueue& queue) {
  Packet packet = gathered(queue.poll_front());
  if (!packet.empty()) queue.handle_taken();
  return packet;
}

TEST(FlowQueue, GivesBackWhatItWasGivenInTheFlowsOrder) {
  Random random(1);
  FlowQueue queue(kLimitBytes, 7);
  std::map<uint16_t, std::deque<Packet>> expected;
  size_t inside = 0;
  for (uint32_t number = 0; number < 20'000; ++number) {
    if (inside < 3 || (inside < 8 && random.chance(0.5))) {
      const auto flow = static_cast<uint16_t>(random.below(5));
      // The longest there are, seldom enough that nothing has to be dropped.
      const Packet packet = packet_of(flow, number, testing::draw_length(random, 20'000));
      queue.handle_copy(packet);
      expected[flow].push_back(packet);
      ++inside;
      continue;
    }
    const Packet packet = take(queue);
    ASSERT_GE(packet.size(), testing::kSmallestNumberedPacket);
    auto& flow = expected[load_be16(packet.data() + 20)];
    ASSERT_FALSE(flow.empty());
    ASSERT_EQ(packet, flow.front());
    flow.pop_front();
    --inside;
  }
  EXPECT_EQ(queue.packets_dropped(), 0u);
}

TEST(FlowQueue, TakesThePacketThatWasWrittenToItsRoom) {
  FlowQueue queue(kLimitBytes, 7);
  for (const size_t bytes : {size_t{48}, size_t{2048}, size_t{2049}, size_t{65535}, FlowQueue::kRoomBytes}) {
    Packet packet = packet_of(1, 1, std::min<size_t>(bytes, 65535));
    packet.resize(bytes);
    size_t done = 0;
    for (const iovec& piece : queue.poll_room()) {
      const size_t now = std::min(bytes - done, piece.iov_len);
      std::memcpy(piece.iov_base, packet.data() + done, now);
      done += now;
    }
    ASSERT_EQ(done, bytes);
    queue.handle_packet(bytes);
    EXPECT_EQ(take(queue), packet);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.waiting_bytes(), 0u);
  }
}

TEST(FlowQueue, BusyFlowsShareByteByByte) {
  FlowQueue queue(4 << 20, 7);
  std::map<uint16_t, size_t> sent;
  std::map<uint16_t, size_t> waiting;
  const std::map<uint16_t, size_t> lengths{{1, 65535}, {2, 1500}, {3, 9000}};
  size_t all = 0;
  while (all < 50'000'000) {
    for (const auto& [flow, bytes] : lengths) {
      for (; waiting[flow] < 3; ++waiting[flow]) queue.handle_copy(packet_of(flow, 1, bytes));
    }
    const Packet packet = take(queue);
    const uint16_t flow = load_be16(packet.data() + 20);
    sent[flow] += packet.size();
    all += packet.size();
    --waiting[flow];
  }
  for (const auto& [flow, bytes] : lengths)
    EXPECT_NEAR(static_cast<double>(sent[flow]) / static_cast<double>(all), 1.0 / 3, 0.01) << flow;
}

TEST(FlowQueue, AFlowWithLittleToSendGoesFirst) {
  FlowQueue queue(4 << 20, 7);
  for (uint16_t flow = 1; flow <= 8; ++flow) {
    for (int i = 0; i < 4; ++i) queue.handle_copy(packet_of(flow, 1, 65535));
  }
  for (int beat = 0; beat < 20; ++beat) {
    for (int i = 0; i < 9; ++i) {
      const Packet packet = take(queue);
      queue.handle_copy(packet);
    }
    queue.handle_copy(packet_of(100, 2, 120));
    size_t before = 0;
    for (Packet packet = take(queue); packet.size() != 120; packet = take(queue)) {
      ASSERT_FALSE(packet.empty());
      queue.handle_copy(packet);
      ++before;
    }
    EXPECT_LE(before, 2u) << "not behind eight flows of 64 KiB packets";
  }
}

TEST(FlowQueue, TheFlowThatHoldsMostLosesItsOldest) {
  FlowQueue queue(kLimitBytes, 7);
  queue.handle_copy(packet_of(1, 0, 1000));
  for (uint32_t number = 1; number <= 1000; ++number) queue.handle_copy(packet_of(2, number, 1500));
  EXPECT_GE(queue.packets_dropped(), 800u);
  EXPECT_LE(queue.waiting_bytes(), kLimitBytes);
  std::vector<uint32_t> of_busy;
  size_t of_quiet = 0;
  for (Packet packet = take(queue); !packet.empty(); packet = take(queue)) {
    if (load_be16(packet.data() + 20) == 1) {
      ++of_quiet;
    } else {
      of_busy.push_back(testing::number_of(packet));
    }
  }
  EXPECT_EQ(of_quiet, 1u);
  ASSERT_FALSE(of_busy.empty());
  EXPECT_EQ(of_busy.back(), 1000u) << "the newest stays";
  EXPECT_EQ(of_busy.front(), 1001u - of_busy.size()) << "and what was before it, without a gap";
}

TEST(FlowQueue, NothingFitsTheSmallestQueueButOnePacketAlwaysDoes) {
  FlowQueue queue(0, 7);
  for (uint32_t number = 0; number < 100; ++number) {
    queue.handle_copy(packet_of(static_cast<uint16_t>(number), number, 65535));
  }
  EXPECT_EQ(take(queue).size(), 65535u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.packets_dropped(), 99u);
}

TEST(FlowQueue, TakesGarbageForAFlowOfItsOwn) {
  FlowQueue queue(4 << 20, 7);
  for (size_t bytes = 1; bytes < 64; ++bytes) {
    queue.handle_copy(Packet(bytes, 0x45));
    queue.handle_copy(Packet(bytes, 0x60));
    queue.handle_copy(Packet(bytes, 0));
  }
  size_t came = 0;
  while (!take(queue).empty()) ++came;
  EXPECT_EQ(came, 3u * 63);
}

// A link that changes to a lower rate: what is too much for it goes, and no more than that waits afterwards.
TEST(FlowQueue, ALowerLimitDropsWhatIsTooMuchAndAHigherOneLetsItWaitAgain) {
  FlowQueue queue(512 << 10, 1);
  std::vector<uint8_t> packet(1400, 1);
  packet[0] = 0x45;
  const auto fill = [&](size_t packets) {
    for (size_t i = 0; i < packets; ++i) queue.handle_copy(packet);
  };
  fill(200);
  EXPECT_EQ(queue.packets_dropped(), 0u);
  queue.set_limit(128 << 10);
  fill(1);
  EXPECT_GT(queue.packets_dropped(), 100u);
  fill(200);
  EXPECT_LE(queue.waiting_bytes(), 128u << 10);
  const uint64_t dropped = queue.packets_dropped();
  queue.set_limit(512 << 10);
  fill(150);
  EXPECT_EQ(queue.packets_dropped(), dropped);
  queue.set_limit(64 << 20);
  fill(10);
  EXPECT_LE(queue.waiting_bytes(), 512u << 10) << "never more than it was made for";
}

}  // namespace
}  // namespace cuttle
