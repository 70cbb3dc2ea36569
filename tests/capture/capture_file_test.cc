#include "capture/capture_file.hh"

#include <gmock/gmock.h>

#include <fstream>

#include "capture_fixture.hh"

namespace cuttle::capture {
namespace {

using testing::HasSubstr;

class LinkLayers : public CaptureTest, public testing::WithParamInterface<LinkLayer> {};

TEST_P(LinkLayers, WhatWasWrittenIsRead) {
  const uint32_t snap_bytes = 64;
  auto writer = CaptureWriter::create(path("a.pcap"), GetParam(), snap_bytes);
  ASSERT_TRUE(writer) << writer.error().message;
  const int64_t base_ns = 1'700'000'000'123'456'789;
  (*writer)->write(cell(base_ns, 7));
  if (GetParam() != LinkLayer::raw_ip) (*writer)->write_arp(Instant{base_ns + 1});
  PacketRecord tcp = cell(base_ns + 2, 0);
  tcp.protocol = kProtocolTcp;
  tcp.source_port = 6789;
  tcp.ip_bytes = 52;
  (*writer)->write(tcp);
  ASSERT_TRUE((*writer)->finish());

  auto file = CaptureFile::open(path("a.pcap"));
  ASSERT_TRUE(file) << file.error().message;
  const auto records = read_all(**file);
  ASSERT_TRUE(records) << records.error().message;
  ASSERT_EQ(records->size(), 2u);
  const PacketRecord& first = records->at(0);
  EXPECT_EQ(first.time.ns, base_ns);
  EXPECT_EQ(first.source.to_string(), "10.77.0.10");
  EXPECT_EQ(first.destination.to_string(), "10.77.0.11");
  EXPECT_EQ(first.protocol, kProtocolUdp);
  EXPECT_EQ(first.source_port, 4410);
  EXPECT_EQ(first.destination_port, 4410);
  EXPECT_EQ(first.ip_bytes, 1500u);
  EXPECT_EQ(first.udp_payload_bytes, 1472u);
  EXPECT_FALSE(first.fragment);
  ASSERT_TRUE(first.esp);
  EXPECT_EQ(first.esp->spi.value, 0xabcdef01u);
  EXPECT_EQ(first.esp->sequence.value, 7u);
  EXPECT_EQ(records->at(1).protocol, kProtocolTcp);
  EXPECT_EQ(records->at(1).source_port, 6789);
  EXPECT_EQ(records->at(1).ip_bytes, 52u);
  EXPECT_FALSE(records->at(1).esp);
  EXPECT_EQ((*file)->counts().not_ip, GetParam() == LinkLayer::raw_ip ? 0u : 1u);
  EXPECT_EQ((*file)->counts().first.ns, base_ns);
  EXPECT_EQ((*file)->counts().last.ns, base_ns + 2);
  EXPECT_DOUBLE_EQ((*file)->fraction_read(), 1.0);
}

std::string layer_name(const testing::TestParamInfo<LinkLayer>& given) {
  const char* const names[] = {"Ethernet", "Cooked", "Cooked2", "RawIp"};
  return names[static_cast<int>(given.param)];
}

INSTANTIATE_TEST_SUITE_P(All, LinkLayers,
                         testing::Values(LinkLayer::ethernet, LinkLayer::linux_cooked,
                                         LinkLayer::linux_cooked_2, LinkLayer::raw_ip),
                         layer_name);

TEST_F(CaptureTest, Ipv6CellNeeds96Bytes) {
  auto writer = CaptureWriter::create(path("six.pcap"));
  ASSERT_TRUE(writer);
  PacketRecord six = cell(5, 9);
  six.source = *IpAddress::parse("fd00::1");
  six.destination = *IpAddress::parse("fd00::2");
  six.udp_payload_bytes = 1452;
  (*writer)->write(six);
  ASSERT_TRUE((*writer)->finish());
  auto file = CaptureFile::open(path("six.pcap"));
  ASSERT_TRUE(file);
  const auto records = read_all(**file);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->at(0).source.to_string(), "fd00::1");
  EXPECT_EQ(records->at(0).ip_bytes, 1500u);
  EXPECT_EQ(records->at(0).udp_payload_bytes, 1452u);
  ASSERT_TRUE(records->at(0).esp);
  EXPECT_EQ(records->at(0).esp->sequence.value, 9u);
}

TEST_F(CaptureTest, HandshakeHasNoEspHeader) {
  auto writer = CaptureWriter::create(path("h.pcap"));
  ASSERT_TRUE(writer);
  PacketRecord handshake = cell(5, 9);
  handshake.esp.reset();
  (*writer)->write(handshake);
  ASSERT_TRUE((*writer)->finish());
  auto file = CaptureFile::open(path("h.pcap"));
  const auto records = read_all(**file);
  ASSERT_TRUE(records);
  EXPECT_FALSE(records->at(0).esp);
  EXPECT_EQ(records->at(0).udp_payload_bytes, 1472u);
}

TEST_F(CaptureTest, TruncatedFileSaysHowManyPacketsWereRead) {
  auto writer = CaptureWriter::create(path("cut.pcap"));
  ASSERT_TRUE(writer);
  for (uint32_t i = 0; i < 10; ++i) (*writer)->write(cell(i, i));
  ASSERT_TRUE((*writer)->finish());
  std::filesystem::resize_file(path("cut.pcap"), std::filesystem::file_size(path("cut.pcap")) - 5);
  auto file = CaptureFile::open(path("cut.pcap"));
  ASSERT_TRUE(file);
  const auto records = read_all(**file);
  ASSERT_FALSE(records);
  EXPECT_THAT(records.error().message, HasSubstr("after 9 whole packets"));
  EXPECT_THAT(records.error().message, HasSubstr("cut.pcap"));
}

TEST_F(CaptureTest, MissingAndForeignFilesAreClearErrors) {
  const auto missing = CaptureFile::open(path("none.pcap"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("No such file"));
  std::ofstream(path("text.pcap")) << "this is not a capture, only some text\n";
  const auto text = CaptureFile::open(path("text.pcap"));
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().message, HasSubstr("not a pcap or pcapng capture"));
  std::ofstream(path("empty.pcap"));
  EXPECT_FALSE(CaptureFile::open(path("empty.pcap")));
}

// pcapng by hand (draft-ietf-opsawg-pcapng, sections 4.1 to 4.3): section, interface with nanosecond stamps,
// packet.
TEST_F(CaptureTest, ReadsPcapngWithNanoseconds) {
  std::string bytes;
  const auto u32 = [&](uint32_t v) { bytes.append(reinterpret_cast<const char*>(&v), 4); };
  const auto u16 = [&](uint16_t v) { bytes.append(reinterpret_cast<const char*>(&v), 2); };
  u32(0x0a0d0d0a), u32(28), u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff), u32(28);
  u32(1), u32(32), u16(1), u16(0), u32(96), u16(9), u16(1), u32(9) /* if_tsresol 10^-9 */, u32(0), u32(32);
  const uint8_t frame[44] = {2,    0,  0,    0,    0, 0,  2,    0,    0,    0,    0,    0,   8,  0,
                             0x45, 0,  0x05, 0xdc, 0, 0,  0x40, 0,    64,   17,   0,    0,   10, 77,
                             0,    10, 10,   77,   0, 11, 0x11, 0x3a, 0x11, 0x3a, 0x05, 0xc8};
  const uint64_t stamp = 1'700'000'000'000'000'123;
  u32(6), u32(32 + 44), u32(0), u32(stamp >> 32), u32(static_cast<uint32_t>(stamp)), u32(44), u32(1514);
  bytes.append(reinterpret_cast<const char*>(frame), sizeof frame);
  u32(32 + 44);
  std::ofstream(path("a.pcapng"), std::ios::binary) << bytes;

  auto file = CaptureFile::open(path("a.pcapng"));
  ASSERT_TRUE(file) << file.error().message;
  const auto records = read_all(**file);
  ASSERT_TRUE(records) << records.error().message;
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->at(0).time.ns, 1'700'000'000'000'000'123);
  EXPECT_EQ(records->at(0).udp_payload_bytes, 1472u);
}

}  // namespace
}  // namespace cuttle::capture
