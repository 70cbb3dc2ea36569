// A train that was captured whole is n datagrams, and what is no whole number of cells is said.
#include "capture/trains.hh"

#include <gmock/gmock.h>

#include "capture_fixture.hh"

namespace cuttle::capture {
namespace {

using testing::HasSubstr;

class Trains : public CaptureTest {
 protected:
  // Written with a snapshot of 64 bytes, as observers do: only the original length tells what a record holds.
  TrainCutter cut(const std::vector<PacketRecord>& records, CellShape shape = {}) {
    auto writer = CaptureWriter::create(path("t.pcap"), LinkLayer::ethernet, 64);
    for (const PacketRecord& record : records) (*writer)->write(record);
    EXPECT_TRUE((*writer)->finish());
    return {std::move(*CaptureFile::open(path("t.pcap"))), shape, nodes_};
  }
  static PacketRecord train(int64_t time_ns, uint32_t sequence, uint32_t bytes) {
    PacketRecord record = cell(time_ns, sequence);
    record.udp_payload_bytes = bytes;
    return record;
  }

  NodeList nodes_ = *NodeList::parse("a=10.77.0.10,b=10.77.0.11");
};

TEST_F(Trains, EachCellHasHeadersAndANumberOfItsOwn) {
  auto source = cut({cell(5, 7), train(1'000, 8, 44 * 1472), cell(2'000, 52)});
  const auto records = read_all(source);
  ASSERT_TRUE(records) << records.error().message;
  ASSERT_EQ(records->size(), 46u);
  for (size_t i = 0; i < 46; ++i) {
    const PacketRecord& one = records->at(i);
    EXPECT_EQ(one.ip_bytes, 1500u);
    EXPECT_EQ(one.udp_payload_bytes, 1472u);
    EXPECT_EQ(one.esp->sequence.value, 7 + i);
    EXPECT_EQ(one.time.ns, i == 0 ? 5 : i == 45 ? 2'000 : 1'000);
  }
  EXPECT_EQ(source.trains().whole, 1u);
  EXPECT_EQ(source.trains().max_cells, 44u);
  EXPECT_EQ(source.counts().packets, 3u);  // of the file
  EXPECT_TRUE(source.check_even("t.pcap"));
}

TEST_F(Trains, ATrainOverIpv6) {
  nodes_ = *NodeList::parse("a=fd00::1,b=fd00::2");
  PacketRecord six = train(5, 1, 3 * 1452);
  six.source = *IpAddress::parse("fd00::1");
  six.destination = *IpAddress::parse("fd00::2");
  auto source = cut({six}, {4410, 1, 1452});
  const auto records = read_all(source);
  ASSERT_EQ(records->size(), 3u);
  EXPECT_EQ(records->at(2).ip_bytes, 1500u);
}

TEST_F(Trains, TheFirstCellMayBeAHandshake) {
  PacketRecord first = train(5, 0, 2 * 1472);
  first.esp.reset();
  auto source = cut({first});
  const auto records = read_all(source);
  ASSERT_EQ(records->size(), 2u);
  EXPECT_FALSE(records->at(1).esp);
}

TEST_F(Trains, RecordsThatAreNoMultipleAreCountedAndNamed) {
  auto source = cut({cell(5, 1), train(6, 2, 17 * 1472 + 100), train(7, 19, 2 * 1472), train(8, 21, 1473)});
  const auto records = read_all(source);
  ASSERT_EQ(records->size(), 5u);
  EXPECT_EQ(records->at(1).udp_payload_bytes, 17u * 1472 + 100);  // as it is
  EXPECT_EQ(source.trains().uneven, 2u);
  const auto even = source.check_even("t.pcap");
  ASSERT_FALSE(even);
  EXPECT_THAT(even.error().message, HasSubstr("t.pcap: 2 records"));
  EXPECT_THAT(even.error().message, HasSubstr("no multiple of it (first: packet 2, 25124 bytes of payload)"));
  EXPECT_THAT(even.error().message, HasSubstr("ethtool -K DEV gro off rx-udp-gro-forwarding off"));
}

// A smaller datagram cannot have been merged: it is a datagram of another size, which others judge. And what
// passes between hosts that nobody asked about, or on other ports, may be as large as it likes.
TEST_F(Trains, WhatWasNotMergedIsLeftAlone) {
  PacketRecord stranger = train(6, 1, 3'000);
  stranger.destination = *IpAddress::parse("10.77.0.99");
  PacketRecord other_port = train(7, 1, 3'000);
  other_port.destination_port = 53;
  auto source = cut({train(5, 1, 1471), stranger, other_port});
  const auto records = read_all(source);
  EXPECT_EQ(records->size(), 3u);
  EXPECT_EQ(source.trains().whole, 0u);
  EXPECT_TRUE(source.check_even("t.pcap"));
}

}  // namespace
}  // namespace cuttle::capture
