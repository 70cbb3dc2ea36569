// Cells of another implementation of RFC 9347: of any size up to ours, padded as ESP allows (RFC 4303,
// section 2.4), and with packets that go on where a shorter cell ends.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hh"
#include "link/receiver.hh"
#include "slow_reassembly.hh"

namespace cuttle {
namespace {

using testing::Packet;

AeadKey seeded_key() {
  AeadKey key;
  key.bytes.fill(9);
  return key;
}

class AnySizeTest : public ::testing::Test {
 protected:
  explicit AnySizeTest(CellSizes sizes = CellSizes::any) : receiver(format, 16, milliseconds(5), sizes) {
    receiver.handle_key({*make_aead(best_aead_backend(), seeded_key()), Spi{300}, 1});
  }

  // A cell with these data and so much ESP padding.
  std::vector<uint8_t> cell(uint32_t sequence, uint16_t block_offset, Bytes data, uint8_t pad) const {
    std::vector<uint8_t> plain(wire::kAggfragHeaderBytes + data.size() + pad + wire::kEspTrailerBytes);
    wire::store_aggfrag_header(plain.data(), block_offset);
    std::copy(data.begin(), data.end(), plain.begin() + wire::kAggfragHeaderBytes);
    for (uint8_t i = 0; i < pad; ++i)
      plain[wire::kAggfragHeaderBytes + data.size() + i] = static_cast<uint8_t>(i + 1);
    plain[plain.size() - 2] = pad;
    plain[plain.size() - 1] = wire::kNextHeaderAggfrag;
    std::vector<uint8_t> out(wire::kSealedOffset + plain.size() + wire::kIcvBytes);
    wire::store_esp_header(out.data(), Spi{300}, Sequence{sequence});
    (*make_aead(best_aead_backend(), seeded_key()))
        ->seal(sequence, Bytes(out).first(wire::kEspHeaderBytes), plain, out.data() + wire::kSealedOffset);
    return out;
  }
  Received receive(const std::vector<uint8_t>& datagram) {
    const Received result = receiver.handle_datagram(now, datagram);
    while (const auto packet = receiver.poll_packet()) packets.emplace_back(packet->begin(), packet->end());
    return result;
  }

  wire::CellFormat format{512};
  LaneReceiver receiver;
  Instant now{1'000'000'000};
  std::vector<Packet> packets;
};
class OneSizeTest : public AnySizeTest {
 protected:
  OneSizeTest() : AnySizeTest(CellSizes::one) {}
};

TEST_F(AnySizeTest, AShortCellHoldsWhatItHolds) {
  const Packet packet = testing::make_packet(84, 1);
  EXPECT_EQ(receive(cell(1, 0, packet, 2)), Received::first_of_session);
  EXPECT_EQ(packets, std::vector<Packet>{packet});
}

// Cut anywhere, in any order within the window.
TEST_F(AnySizeTest, PacketsGoOnInTheNextCellWhereverAnEarlierOneEnds) {
  Random random(5);
  std::vector<Packet> sent;
  std::vector<std::vector<uint8_t>> cells;
  uint32_t sequence = 0;
  for (uint32_t i = 0; i < 300; ++i) {
    const Packet packet = testing::make_packet(40 + random.below(1400), i, i % 3 == 0);
    sent.push_back(packet);
    for (size_t at = 0; at < packet.size();) {
      // Never less than holds a length field, as RFC 9347 wants the first fragment.
      const size_t now_bytes =
          std::min<size_t>(24 + random.below(format.data_bytes() - 40), packet.size() - at);
      const auto rest = static_cast<uint16_t>(at == 0 ? 0 : packet.size() - at);
      cells.push_back(cell(++sequence, rest, Bytes(packet).subspan(at, now_bytes),
                           static_cast<uint8_t>(random.below(12))));
      at += now_bytes;
    }
  }
  for (size_t i = 1; i + 4 < cells.size(); i += 4) std::swap(cells[i], cells[i + 2]);
  for (const auto& one : cells) receive(one);
  EXPECT_EQ(packets, sent);
  EXPECT_EQ(receiver.reassembly().blocks_malformed.value(), 0u);
  EXPECT_EQ(receiver.reassembly().cells_lost.value(), 0u);
}

TEST_F(AnySizeTest, NothingToReadIsNoCell) {
  for (size_t bytes = 0; bytes < wire::kCellOverheadBytes; ++bytes) {
    EXPECT_EQ(receive(std::vector<uint8_t>(bytes, 1)), Received::dropped);
  }
  EXPECT_EQ(receive(std::vector<uint8_t>(513, 1)), Received::dropped);
  EXPECT_EQ(receive(std::vector<uint8_t>(100, 0)), Received::dropped)
      << "a short one with the non-ESP marker";
  EXPECT_EQ(receiver.counters().wrong_size.value(), wire::kCellOverheadBytes + 2);
}

TEST_F(AnySizeTest, NoDataAndLyingPadDoNoHarm) {
  EXPECT_EQ(receive(cell(1, 0, {}, 0)), Received::first_of_session);
  EXPECT_EQ(receive(cell(2, 0, {}, 200)), Received::cell);
  EXPECT_EQ(receiver.reassembly().blocks_malformed.value(), 0u);
  auto plain = Packet(60, 0);
  plain[58] = 57;  // more pad than there is room for, as the trailer of a cell without pad
  std::vector<uint8_t> lying(wire::kSealedOffset + plain.size() + wire::kIcvBytes);
  plain[59] = wire::kNextHeaderAggfrag;
  wire::store_esp_header(lying.data(), Spi{300}, Sequence{3});
  (*make_aead(best_aead_backend(), seeded_key()))
      ->seal(3, Bytes(lying).first(wire::kEspHeaderBytes), plain, lying.data() + wire::kSealedOffset);
  EXPECT_EQ(receive(lying), Received::cell);
  EXPECT_EQ(receiver.reassembly().blocks_malformed.value(), 1u);
  EXPECT_TRUE(packets.empty());
}

// As always between nodes of ours.
TEST_F(OneSizeTest, AShortOrPaddedCellIsRefused) {
  const Packet packet = testing::make_packet(84, 1);
  EXPECT_EQ(receive(cell(1, 0, packet, 2)), Received::dropped);
  const Packet long_packet = testing::make_packet(format.data_bytes() - 8, 2);
  EXPECT_EQ(receive(cell(1, 0, long_packet, 8)), Received::first_of_session);
  EXPECT_EQ(receiver.reassembly().blocks_malformed.value(), 1u);
  EXPECT_TRUE(packets.empty());
}

}  // namespace
}  // namespace cuttle
