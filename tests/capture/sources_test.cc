// Captures as people have them: compressed, piped, cut, tagged, of several interfaces.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <zlib.h>

#include <fstream>
#include <set>
#include <thread>

#include "capture/spool.hh"
#include "capture_fixture.hh"
#include "pcapng_bytes.hh"

namespace cuttle::capture {
namespace {

using testing::HasSubstr;

class Sources : public CaptureTest {
 protected:
  void write_cells(const std::string& name, uint32_t count) {
    auto writer = CaptureWriter::create(path(name));
    for (uint32_t i = 0; i < count; ++i) (*writer)->write(cell(i, i));
    ASSERT_TRUE((*writer)->finish());
  }
  std::string content(const std::string& name) {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  void write_gzip(const std::string& name, const std::string& bytes) {
    gzFile file = gzopen(path(name).c_str(), "wb");
    ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())),
              static_cast<int>(bytes.size()));
    gzclose(file);
  }
  std::string error_of(const std::string& name, const CaptureOptions& options = {}) {
    auto file = CaptureFile::open(path(name), options);
    if (!file) return file.error().message;
    const auto records = read_all(**file);
    return records ? "no error" : records.error().message;
  }
};

TEST_F(Sources, GzipIsRead) {
  write_cells("a.pcap", 100);
  write_gzip("a.pcap.gz", content("a.pcap"));
  auto file = CaptureFile::open(path("a.pcap.gz"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(read_all(**file)->size(), 100u);
  EXPECT_DOUBLE_EQ((*file)->fraction_read(), 1.0);
}

TEST_F(Sources, AGzipStreamThatWasCut) {
  write_cells("a.pcap", 5000);
  write_gzip("a.pcap.gz", content("a.pcap"));
  std::filesystem::resize_file(path("a.pcap.gz"), std::filesystem::file_size(path("a.pcap.gz")) / 2);
  EXPECT_THAT(error_of("a.pcap.gz"), HasSubstr("a.pcap.gz: the capture is cut off"));
}

TEST_F(Sources, OtherCompressionsAreNamed) {
  write("a.xz", std::string("\xfd"
                            "7zXZ\0\0\4",
                            8));
  EXPECT_THAT(error_of("a.xz"), HasSubstr("a.xz: compressed by xz, which is not read here; `xzcat"));
  write("a.zst", "\x28\xb5\x2f\xfd----");
  EXPECT_THAT(error_of("a.zst"), HasSubstr("zstdcat"));
}

TEST_F(Sources, APipeIsRead) {
  write_cells("a.pcap", 100);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::thread writer([&] { write("pipe", content("a.pcap")); });
  auto file = CaptureFile::open(path("pipe"));
  const auto records = file ? read_all(**file) : failure(file.error().message);
  writer.join();
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_EQ(records->size(), 100u);
  EXPECT_LT((*file)->fraction_read(), 0);
}

TEST_F(Sources, ASpooledPipeIsReadTwice) {
  write_cells("a.pcap", 100);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::thread writer([&] { write("pipe", content("a.pcap")); });
  Spool spool(path("pipe"));
  for (int reading = 0; reading < 2; ++reading) {
    const auto at = spool.path();
    ASSERT_TRUE(at) << at.error().message;
    auto file = CaptureFile::open(*at);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(read_all(**file)->size(), 100u);
  }
  writer.join();
  EXPECT_EQ(*Spool(path("a.pcap")).path(), path("a.pcap"));
}

TEST_F(Sources, ACutOffCaptureIsReadUpToThereWhereThatWillDo) {
  write_cells("cut.pcap", 10);
  std::filesystem::resize_file(path("cut.pcap"), std::filesystem::file_size(path("cut.pcap")) - 5);
  EXPECT_THAT(error_of("cut.pcap"),
              HasSubstr("cut.pcap: the capture is cut off or damaged after 9 whole packets"));
  CaptureOptions options;
  options.accept_cut_off = true;
  auto file = CaptureFile::open(path("cut.pcap"), options);
  EXPECT_EQ(read_all(**file)->size(), 9u);
  EXPECT_TRUE((*file)->counts().cut_off);
  // In its header as well; but nothing at all is nothing.
  std::filesystem::resize_file(path("cut.pcap"), 24 + 7);
  EXPECT_THAT(error_of("cut.pcap", options), HasSubstr("after 0 whole packets"));
}

TEST_F(Sources, DamageIsNoCut) {
  write_cells("bad.pcap", 10);
  std::string bytes = content("bad.pcap");
  bytes.replace(24 + (16 + 96) * 4 + 8, 4, "\xff\xff\xff\x7f");  // the fifth packet's captured length
  write("bad.pcap", bytes);
  CaptureOptions options;
  options.accept_cut_off = true;
  EXPECT_THAT(error_of("bad.pcap", options), HasSubstr("cut off or damaged after"));
}

class TaggedLayers : public Sources, public testing::WithParamInterface<LinkLayer> {};

TEST_P(TaggedLayers, VlanTagsArePassedOver) {
  auto writer = CaptureWriter::create(path("v.pcap"), GetParam(), 64);
  (*writer)->write_tagged(cell(1, 7), 100);
  ASSERT_TRUE((*writer)->finish());
  auto file = CaptureFile::open(path("v.pcap"));
  const auto records = read_all(**file);
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->at(0).destination.to_string(), "10.77.0.11");
  EXPECT_EQ(records->at(0).ip_bytes, 1500u);
  EXPECT_EQ(records->at(0).udp_payload_bytes, 1472u);
}

INSTANTIATE_TEST_SUITE_P(All, TaggedLayers,
                         testing::Values(LinkLayer::ethernet, LinkLayer::linux_cooked,
                                         LinkLayer::linux_cooked_2));

TEST_F(Sources, LinuxCookedV2TellsTheInterface) {
  auto writer = CaptureWriter::create(path("any.pcap"), LinkLayer::linux_cooked_2, 64);
  for (const uint32_t interface : {5U, 2U, 0x8000'0007U}) {  // the last one no kernel has
    PacketRecord one = cell(1, 7);
    one.interface = interface;
    (*writer)->write(one);
  }
  ASSERT_TRUE((*writer)->finish());
  auto file = CaptureFile::open(path("any.pcap"));
  const auto records = read_all(**file);
  ASSERT_EQ(records->size(), 3u);
  EXPECT_EQ(records->at(0).interface, 5u);
  EXPECT_EQ((*file)->interface_name(records->at(1).interface), "interface number 2");
  EXPECT_EQ((*file)->interface_name(records->at(2).interface), "interface number 7");
}

TEST_F(Sources, CopiesInACookedCaptureAreFound) {
  auto writer = CaptureWriter::create(path("any.pcap"), LinkLayer::linux_cooked, 64);
  for (uint32_t i = 0; i < 100; ++i) {
    for (int copy = 0; copy < 3; ++copy) (*writer)->write(cell(i * 1'000'000 + copy * 2'000, i));
  }
  ASSERT_TRUE((*writer)->finish());
  auto file = CaptureFile::open(path("any.pcap"));
  EXPECT_EQ(read_all(**file)->size(), 300u);
  EXPECT_EQ((*file)->counts().copies, 200u);
  EXPECT_THAT(check_copies((*file)->counts(), "any.pcap").error().message,
              HasSubstr("any.pcap: 200 of 300 packets are copies of ones just before"));
  CaptureOptions options;
  options.leave_out_copies = true;
  file = CaptureFile::open(path("any.pcap"), options);
  EXPECT_EQ(read_all(**file)->size(), 100u);
}

// As a bond's capture has it: eth0 with whole packets, bond0 with heads only.
TEST_F(Sources, InterfacesOfDifferentSnapLengthsAndOrders) {
  for (const bool big : {false, true}) {
    PcapngBytes bytes(big);
    bytes.interface(1, 262144, "eth0");
    bytes.interface(1, 64, "bond0", 6);
    bytes.packet(0, 1'700'000'000'000'000'123, cell_frame(), 1514);
    bytes.packet(1, 1'700'000'000'000'000, cell_frame(), 1514);
    bytes.block(0x0bad, "skip");
    bytes.packet(0, 1'700'000'000'000'000'200, cell_frame(), 1514);
    write("two.pcapng", bytes.text);
    auto file = CaptureFile::open(path("two.pcapng"));
    ASSERT_TRUE(file) << file.error().message;
    const auto records = read_all(**file);
    ASSERT_TRUE(records) << records.error().message;
    ASSERT_EQ(records->size(), 3u);
    EXPECT_EQ(records->at(0).time.ns, 1'700'000'000'000'000'123);
    EXPECT_EQ(records->at(1).time.ns, 1'700'000'000'000'000'000);
    EXPECT_EQ(records->at(1).udp_payload_bytes, 1472u);
    EXPECT_EQ((*file)->interface_name(records->at(0).interface), "eth0");
    EXPECT_EQ((*file)->interface_name(records->at(1).interface), "bond0");
    EXPECT_EQ(records->at(2).interface, records->at(0).interface);
  }
}

TEST_F(Sources, JoinedSectionsOfOneInterfaceAreOne) {
  PcapngBytes first;
  first.interface(1, 96, "eth0");
  first.packet(0, 1000, cell_frame(), 1514);
  PcapngBytes second(true);
  second.interface(113, 96, "any");  // Linux cooked
  second.interface(1, 96, "eth0");
  second.packet(1, 2000, cell_frame(), 1514);
  write("joined.pcapng", first.text + second.text);
  auto file = CaptureFile::open(path("joined.pcapng"));
  const auto records = read_all(**file);
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ(records->at(0).interface, records->at(1).interface);
  EXPECT_EQ(records->at(1).time.ns, 2000);
}

TEST_F(Sources, DamagedPcapng) {
  PcapngBytes bytes;
  bytes.interface(1, 96, "eth0");
  bytes.packet(0, 1000, cell_frame(), 1514);
  const std::string good = bytes.text;
  write("cut.pcapng", good.substr(0, good.size() - 3));
  EXPECT_THAT(error_of("cut.pcapng"), HasSubstr("after 0 whole packets (it ends in the middle"));
  PcapngBytes stranger = bytes;
  stranger.packet(7, 1000, cell_frame(), 1514);
  write("stranger.pcapng", stranger.text);
  EXPECT_THAT(error_of("stranger.pcapng"), HasSubstr("after 1 whole packets (a packet of an interface 7"));
  PcapngBytes wifi = bytes;
  wifi.interface(105, 96, "wlan0");
  wifi.packet(1, 1000, cell_frame(), 1514);
  write("wifi.pcapng", wifi.text);
  EXPECT_THAT(error_of("wifi.pcapng"), HasSubstr("link type 105"));
  write("lengths.pcapng", good.substr(0, good.size() - 4) + bytes.u32(40));
  EXPECT_THAT(error_of("lengths.pcapng"), HasSubstr("two lengths differ"));
  PcapngBytes huge = bytes;
  huge.text += huge.u32(6) + huge.u32(0xfffffff0);
  write("huge.pcapng", huge.text);
  EXPECT_THAT(error_of("huge.pcapng"), HasSubstr("a block of 4294967280 bytes"));
}

}  // namespace
}  // namespace cuttle::capture
