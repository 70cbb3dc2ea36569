#include "capture/nodes.hh"

#include <gmock/gmock.h>

namespace cuttle::capture {
namespace {

using testing::HasSubstr;

std::string error_of(const char* text) {
  const auto nodes = NodeList::parse(text);
  return nodes ? "no error" : nodes.error().message;
}

TEST(NodeList, FindsTheLinkOfAPacket) {
  const auto nodes = NodeList::parse("mon=10.77.0.10,osd0=fd00::11,osd1=10.77.0.12");
  ASSERT_TRUE(nodes);
  PacketRecord record;
  record.source = *IpAddress::parse("10.77.0.12");
  record.destination = *IpAddress::parse("10.77.0.10");
  const auto link = nodes->link_of(record);
  ASSERT_TRUE(link);
  EXPECT_EQ(nodes->link_name(*link), "osd1 -> mon");
  record.destination = *IpAddress::parse("10.77.0.1");
  EXPECT_FALSE(nodes->link_of(record));
}

TEST(NodeList, MistakesAreNamed) {
  EXPECT_THAT(error_of(""), HasSubstr("at least two"));
  EXPECT_THAT(error_of("mon=10.0.0.1"), HasSubstr("at least two"));
  EXPECT_THAT(error_of("mon=10.0.0.1,osd0"), HasSubstr("`osd0` is not NAME=ADDRESS"));
  EXPECT_THAT(error_of("mon=10.0.0.1,osd0=ten"), HasSubstr("`ten` is not an IP address"));
  EXPECT_THAT(error_of("mon=10.0.0.1,mon=10.0.0.2"), HasSubstr("`mon` stands twice"));
  EXPECT_THAT(error_of("a=10.0.0.1,b=10.0.0.1"), HasSubstr("10.0.0.1 is given to both `a` and `b`"));
}

TEST(CellShape, OnlyUnfragmentedUdpOfTheRightSizeOnTheRightPorts) {
  const CellShape shape{4410, 2, 1472};
  PacketRecord record;
  record.protocol = kProtocolUdp;
  record.source_port = record.destination_port = 4411;
  record.udp_payload_bytes = 1472;
  EXPECT_TRUE(shape.is_cell(record));
  record.source_port = record.destination_port = 4412;
  EXPECT_FALSE(shape.is_cell(record));
  record.source_port = 4410;
  record.destination_port = 4411;
  EXPECT_FALSE(shape.is_cell(record));
  record.destination_port = 4410;
  EXPECT_TRUE(shape.is_cell(record));
  record.fragment = true;
  EXPECT_FALSE(shape.is_cell(record));
  record.fragment = false;
  record.udp_payload_bytes = 1471;
  EXPECT_FALSE(shape.is_cell(record));
  EXPECT_TRUE(shape.is_on_port(record));
}

}  // namespace
}  // namespace cuttle::capture
