// Loads from captures.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "capture/capture_writer.hh"
#include "plan/load.hh"

namespace cuttle::plan {
namespace {

using testing::HasSubstr;

class CaptureLoad : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / ("cuttle-plan-" + std::to_string(::getpid()) + ".pcap"))
                .string();
    auto writer = capture::CaptureWriter::create(path_);
    ASSERT_TRUE(writer);
    for (int i = 0; i < 100; ++i) {
      capture::PacketRecord packet;
      packet.time = Instant{} + seconds(1000) + milliseconds(i * 10);
      packet.source = *IpAddress::parse("10.0.0.1");
      packet.destination = *IpAddress::parse(i % 4 == 0 ? "10.0.0.3" : "10.0.0.2");
      packet.protocol = capture::kProtocolTcp;
      packet.source_port = packet.destination_port = 6800;
      packet.ip_bytes = 1000;
      (*writer)->write(packet);
    }
    ASSERT_TRUE((*writer)->finish());
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string path_;
};

TEST_F(CaptureLoad, TheBusiestDirectionComesFirst) {
  const auto loads = loads_of_capture(path_, {});
  ASSERT_TRUE(loads) << loads.error().message;
  ASSERT_EQ(loads->size(), 2u);
  EXPECT_EQ(loads->front().name, "10.0.0.1 to 10.0.0.2");
  EXPECT_EQ(loads->front().arrivals.size(), 75u);
  EXPECT_EQ(loads->front().arrivals.front().at, Instant{} + milliseconds(10));
}

TEST_F(CaptureLoad, ACaptureWithoutTheLinkSaysWhatItHas) {
  const auto loads =
      loads_of_capture(path_, {{*IpAddress::parse("10.0.0.1"), *IpAddress::parse("10.9.9.9")}});
  ASSERT_FALSE(loads);
  EXPECT_THAT(loads.error().message, HasSubstr("10.0.0.1 to 10.0.0.2"));
}

// Captures as people have them.
class OddCapture : public CaptureLoad {
 protected:
  // A packet each 10 ms for a second, from 10.0.0.1 to 10.0.0.2.
  static capture::PacketRecord packet(int i) {
    capture::PacketRecord packet;
    packet.time = Instant{} + seconds(1000) + milliseconds(i * 10);
    packet.source = *IpAddress::parse("10.0.0.1");
    packet.destination = *IpAddress::parse("10.0.0.2");
    packet.protocol = capture::kProtocolTcp;
    packet.source_port = packet.destination_port = 6800;
    packet.ip_bytes = 1000;
    return packet;
  }
  // Each packet so often, one `apart` after the other.
  void write_copies(capture::LinkLayer layer, int copies, Duration apart) {
    auto writer = capture::CaptureWriter::create(path_, layer);
    for (int i = 0; i < 100; ++i) {
      for (int copy = 0; copy < copies; ++copy) {
        capture::PacketRecord one = packet(i);
        one.time = one.time + apart * copy;
        (*writer)->write(one);
      }
    }
    ASSERT_TRUE((*writer)->finish());
  }
  LinkLoad load() {
    auto loads = loads_of_capture(path_, {});
    EXPECT_TRUE(loads) << loads.error().message;
    return loads ? std::move(loads->front()) : LinkLoad{};
  }
};

// VLAN, bond and card: each packet three times, tagged below the VLAN's interface; the card has half of them.
TEST_F(OddCapture, OfAllInterfacesOneCounts) {
  auto writer = capture::CaptureWriter::create(path_, capture::LinkLayer::linux_cooked_2);
  for (int i = 0; i < 100; ++i) {
    for (const uint32_t interface : {7, 4, 2}) {
      if (interface == 2 && i % 2 == 0) continue;
      capture::PacketRecord one = packet(i);
      one.time = one.time + microseconds(8 - interface);
      one.interface = interface;
      interface == 2 ? (*writer)->write_tagged(one, 100) : (*writer)->write(one);
    }
  }
  ASSERT_TRUE((*writer)->finish());
  const LinkLoad got = load();
  EXPECT_EQ(got.arrivals.size(), 100u);
  EXPECT_EQ(got.bytes, 100'000u);
  EXPECT_THAT(got.note, HasSubstr("taken is what passed interface number 4, and not interface number 2, "
                                  "interface number 7"));
}

TEST_F(OddCapture, WhereNoInterfaceIsToldCopiesCountOnce) {
  write_copies(capture::LinkLayer::linux_cooked, 3, microseconds(3));
  const LinkLoad got = load();
  EXPECT_EQ(got.bytes, 100'000u);
  EXPECT_THAT(
      got.note,
      HasSubstr("200 packets that were captured more than once (tcpdump -i any, a mirrored port, captures of "
                "two hosts) count once"));
}

TEST_F(OddCapture, JoinedFromTwoHostsCopiesCountOnce) {
  write_copies(capture::LinkLayer::ethernet, 2, microseconds(70));
  const LinkLoad got = load();
  EXPECT_EQ(got.bytes, 100'000u);
  EXPECT_THAT(got.note, HasSubstr("100 packets that were captured more than once"));
}

TEST_F(OddCapture, WithoutAPacketItSaysSo) {
  ASSERT_TRUE((*capture::CaptureWriter::create(path_, capture::LinkLayer::ethernet))->finish());
  const auto loads = loads_of_capture(path_, {});
  ASSERT_FALSE(loads);
  EXPECT_THAT(loads.error().message, HasSubstr("without a single packet"));
}

TEST_F(OddCapture, CutInItsLastRecordTheWholeOnesCount) {
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 5);
  const LinkLoad got = load();
  EXPECT_EQ(got.arrivals.size(), 74u);
  EXPECT_THAT(got.note,
              HasSubstr("The capture ends in the middle of a packet; its 99 whole packets are taken"));
}

TEST_F(OddCapture, DisorderIsSortedAndAStampFromTheFutureRefused) {
  const auto write = [&](int moved, Duration by) {
    auto writer = capture::CaptureWriter::create(path_);
    for (int i = 0; i < 100; ++i) {
      capture::PacketRecord one = packet(i);
      if (i == moved) one.time = one.time + by;
      (*writer)->write(one);
    }
    ASSERT_TRUE((*writer)->finish());
  };
  write(50, milliseconds(1500));
  EXPECT_EQ(load().arrivals.back().at, Instant{} + milliseconds(2000));
  write(50, seconds(200));
  const auto refused = loads_of_capture(path_, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("packet 51 is stamped 199.990 s ahead of the packets around"));
}

}  // namespace
}  // namespace cuttle::plan
