#include "engine/packet_device_double.hh"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace cuttle {
namespace {

TEST(PacketDeviceDouble, hands_over_what_was_put_in_across_the_pieces) {
  PacketDeviceDouble tun;
  const std::vector<uint8_t> packet{1, 2, 3, 4, 5};
  VirtioHeader header;
  header.gso_bytes = 77;
  tun.put(packet, header);

  VirtioHeader got;
  std::array<uint8_t, 2> first{};
  std::array<uint8_t, 10> second{};
  const iovec pieces[] = {{&got, sizeof(got)}, {first.data(), first.size()}, {second.data(), second.size()}};
  EXPECT_EQ(tun.readv(pieces), 15);
  EXPECT_EQ(got.gso_bytes, 77);
  EXPECT_EQ(first[1], 2);
  EXPECT_EQ(second[2], 5);
  EXPECT_EQ(tun.readv(pieces), -EAGAIN);
}

TEST(PacketDeviceDouble, keeps_what_is_written_and_refuses_when_told_to) {
  PacketDeviceDouble tun;
  VirtioHeader header;
  std::array<uint8_t, 3> packet{7, 8, 9};
  const iovec pieces[] = {{&header, sizeof(header)}, {packet.data(), packet.size()}};
  EXPECT_EQ(tun.writev(pieces), 13);
  tun.refuse_writes(EIO);
  EXPECT_EQ(tun.writev(pieces), -EIO);
  ASSERT_EQ(tun.written().size(), 1u);
  EXPECT_EQ(tun.written()[0].bytes, (std::vector<uint8_t>{7, 8, 9}));
}

}  // namespace
}  // namespace cuttle
