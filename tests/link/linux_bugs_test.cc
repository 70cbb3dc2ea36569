// Two bugs that Linux's own implementation of this format had (net/xfrm/xfrm_iptfs.c), as tests of ours: an
// inner packet of total length 0, on which it went round forever, and the continuation of a packet whose
// reassembly had begun with less than a header, on which it panicked.
#include <gtest/gtest.h>

#include "cell_stream.hh"
#include "link/reassembler.hh"

namespace cuttle {
namespace {

using testing::CellStream;
using testing::Packet;
using testing::Payload;

class LinuxBugs : public ::testing::Test {
 protected:
  static constexpr size_t kData = 256 - wire::kCellOverheadBytes;

  std::vector<Packet> send(const Payload& payload) {
    uint8_t* room = reassembler.poll_room(Sequence{++sequence});
    EXPECT_NE(room, nullptr);
    std::copy(payload.begin(), payload.end(), room);
    reassembler.handle_payload(Instant{0}, Sequence{sequence});
    std::vector<Packet> result;
    while (const auto packet = reassembler.poll_packet()) {
      result.emplace_back(packet->begin(), packet->end());
      if (result.size() > kData) {
        ADD_FAILURE() << "more packets than bytes";
        break;
      }
    }
    return result;
  }
  Payload payload_of(Bytes data, uint16_t block_offset) const {
    Payload payload = testing::empty_payload(format);
    store_be16(payload.data() + 2, block_offset);
    std::copy_n(data.begin(), std::min(data.size(), kData), payload.begin() + wire::kAggfragHeaderBytes);
    return payload;
  }
  void expect_honest_packet_comes_through() {
    CellStream stream(format);
    stream.add(testing::make_packet(600, 77), [] { return 0; });
    std::vector<Packet> got;
    for (const Payload& payload : stream.payloads()) {
      for (auto& one : send(payload)) got.push_back(std::move(one));
    }
    EXPECT_EQ(got, std::vector<Packet>(1, stream.placed()[0].packet));
  }

  wire::CellFormat format{256};
  Reassembler reassembler{format, 8, milliseconds(5)};
  uint32_t sequence = 0;
};

// Wherever in a cell it stands, alone or behind a good packet, and in a header cut by the cell's end.
TEST_F(LinuxBugs, ATotalLengthOfZeroEndsTheCellAndNothingElse) {
  for (size_t before = 0; before + 4 <= kData; ++before) {
    std::vector<uint8_t> data;
    if (before >= 20) data = testing::make_packet(before, 1);
    const size_t good = data.empty() ? 0 : 1;
    data.resize(before >= 20 ? before : 0);
    data.insert(data.end(), {0x45, 0, 0, 0});
    data.resize(kData, 0x45);
    EXPECT_EQ(send(payload_of(data, 0)).size(), good) << before;
  }
  EXPECT_GT(reassembler.counters().blocks_malformed.value(), 0u);
  expect_honest_packet_comes_through();
}

TEST_F(LinuxBugs, ATotalLengthOfZeroWhoseFieldIsCutInTwo) {
  for (size_t cut = 1; cut < 4; ++cut) {
    std::vector<uint8_t> data = testing::make_packet(kData - cut, 1);
    const uint8_t header[] = {0x45, 0, 0, 0};
    data.insert(data.end(), header, header + cut);
    EXPECT_EQ(send(payload_of(data, 0)).size(), 1u);
    std::vector<uint8_t> rest(header + cut, header + 4);
    rest.resize(kData, 0);
    for (const size_t offset : {size_t{0}, 4 - cut, size_t{20}, size_t{65535}}) {
      EXPECT_TRUE(send(payload_of(rest, static_cast<uint16_t>(offset))).empty()) << cut << " " << offset;
    }
    expect_honest_packet_comes_through();
  }
}

// A packet begins with 1, 2, ... bytes at the end of a cell and goes on in the next ones, for every length
// of that beginning and lengths of the packet around whole cells. Honest, it comes out; where the next cell's
// offset promises more or less than that, or nothing of it follows, nothing but whole packets does.
TEST_F(LinuxBugs, AReassemblyIsContinuedFromAnyBeginning) {
  for (size_t beginning = 1; beginning <= 64; ++beginning) {
    for (const size_t bytes : {size_t{64} + beginning, kData + beginning - 1, kData + beginning,
                               kData + beginning + 1, 3 * kData, size_t{65535}}) {
      CellStream stream(format);
      stream.add(testing::make_packet(kData - beginning, 1), [] { return 0; });
      stream.add(testing::make_packet(bytes, 2), [] { return 0; });
      size_t packets = 0;
      for (const Payload& payload : stream.payloads()) packets += send(payload).size();
      EXPECT_EQ(packets, 2u) << beginning << " " << bytes;
    }
  }
}

TEST_F(LinuxBugs, AReassemblyIsContinuedByACellThatLies) {
  for (size_t beginning = 1; beginning <= 24; ++beginning) {
    for (const size_t offset : {0, 1, 3, 4, 19, 20, 217, 218, 219, 400, 65534, 65535}) {
      std::vector<uint8_t> first = testing::make_packet(kData - beginning, 1);
      const Packet promised = testing::make_packet(900, 2);
      first.insert(first.end(), promised.begin(), promised.begin() + static_cast<ptrdiff_t>(beginning));
      EXPECT_EQ(send(payload_of(first, 0)).size(), 1u);
      std::vector<uint8_t> second(promised.begin() + static_cast<ptrdiff_t>(beginning), promised.end());
      for (const Packet& packet : send(payload_of(second, static_cast<uint16_t>(offset)))) {
        EXPECT_EQ(wire::classify_block(packet).bytes, packet.size());
      }
      expect_honest_packet_comes_through();
    }
  }
}

}  // namespace
}  // namespace cuttle
