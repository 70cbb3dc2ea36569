// Ring writer to sender to receiver to reassembler, with real sealing: packets come out as they went in.
#include <gtest/gtest.h>

#include <vector>

#include "base/random.hh"
#include "link/receiver.hh"
#include "link/ring_writer.hh"
#include "link/sender.hh"

namespace cuttle {
namespace {

std::unique_ptr<Aead> test_aead() {
  AeadKey key;
  key.bytes.fill(7);
  return *make_aead(best_aead_backend(), key);
}

std::vector<uint8_t> make_packet(Random& random, size_t bytes) {
  std::vector<uint8_t> packet(bytes);
  for (auto& byte : packet) byte = static_cast<uint8_t>(random.next());
  packet[0] = 0x45;
  store_be16(packet.data() + 2, static_cast<uint16_t>(bytes));
  return packet;
}

class Transfer : public testing::TestWithParam<uint32_t> {
 protected:
  Transfer() {
    SlotPlan plan{};
    EXPECT_TRUE(
        plan_slots({.cell_bytes = GetParam(), .rate_bps = 400'000'000, .slot = microseconds(200)}, plan));
    sender = std::make_unique<LaneSender>(ring, plan, Instant{0}, 1);
    sender->handle_key({test_aead(), Spi{1000}, Instant{0}, Instant::never()});
    receiver.handle_key({test_aead(), Spi{1000}, 1});
  }

  // One slot: every cell of the train goes through `pass`, which says whether it arrives.
  template <typename Pass>
  void slot(Pass pass) {
    const Train train = sender->poll_train();
    ASSERT_EQ(train.count, sender->plan().cells_per_slot);
    for (size_t i = 0; i < train.count; ++i) {
      if (!pass()) continue;
      EXPECT_NE(receiver.handle_datagram(sender->deadline(), train.cell(i)), Received::dropped);
      while (auto packet = receiver.poll_packet()) arrived.emplace_back(packet->begin(), packet->end());
    }
    sender->handle_released(sender->deadline());
  }

  wire::CellFormat format{GetParam()};
  SlotRing ring{format, 512};
  RingWriter writer{ring};
  std::unique_ptr<LaneSender> sender;
  LaneReceiver receiver{format, 32, milliseconds(5)};
  std::vector<std::vector<uint8_t>> arrived;
};

TEST_P(Transfer, EveryPacketArrivesOnceInOrderUnaltered) {
  Random random(GetParam());
  std::vector<std::vector<uint8_t>> sent;
  for (int i = 0; i < 3000; ++i) {
    const size_t max = random.chance(0.05) ? 65535 : random.chance(0.5) ? 1500 : 100;
    auto packet = make_packet(random, 20 + random.below(max - 19));
    while (!writer.handle_copy(packet)) slot([] { return true; });
    sent.push_back(std::move(packet));
    if (random.chance(0.3)) slot([] { return true; });
  }
  while (ring.waiting() > 0) slot([] { return true; });
  EXPECT_EQ(arrived, sent);
  EXPECT_EQ(receiver.reassembly().packets_torn.value(), 0);
  EXPECT_EQ(receiver.reassembly().blocks_malformed.value(), 0);
}

TEST_P(Transfer, UnderLossEveryPacketThatArrivesIsWholeAndInOrder) {
  Random random(GetParam() + 1);
  std::vector<std::vector<uint8_t>> sent;
  for (int i = 0; i < 3000; ++i) {
    auto packet = make_packet(random, 20 + random.below(random.chance(0.05) ? 20000 : 1480));
    store_be32(packet.data() + 12, static_cast<uint32_t>(i));
    while (!writer.handle_copy(packet)) slot([&] { return !random.chance(0.02); });
    sent.push_back(std::move(packet));
    if (random.chance(0.3)) slot([&] { return !random.chance(0.02); });
  }
  while (ring.waiting() > 0) slot([&] { return !random.chance(0.02); });
  for (int i = 0; i < 40; ++i) slot([] { return true; });
  uint32_t next = 0;
  for (const auto& packet : arrived) {
    const uint32_t number = load_be32(packet.data() + 12);
    ASSERT_GE(number, next);
    next = number + 1;
    ASSERT_EQ(packet, sent[number]);
  }
  EXPECT_GT(arrived.size(), sent.size() * 3 / 4);
  EXPECT_EQ(receiver.reassembly().blocks_malformed.value(), 0);
  EXPECT_GT(receiver.reassembly().cells_lost.value(), 0);
}

INSTANTIATE_TEST_SUITE_P(Cells, Transfer, testing::Values(256, 1452, 1472, 8972));

}  // namespace
}  // namespace cuttle
