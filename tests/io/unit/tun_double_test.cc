#include "io/tun_double.hh"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>

namespace cuttle {
namespace {

bool readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

TEST(TunDouble, hands_over_what_was_put_in_across_the_pieces) {
  TunDouble tun;
  EXPECT_FALSE(readable(tun.fd()));
  const std::vector<uint8_t> packet{1, 2, 3, 4, 5};
  VirtioHeader header;
  header.gso_bytes = 77;
  tun.put(packet, header);
  EXPECT_TRUE(readable(tun.fd()));

  VirtioHeader got;
  std::array<uint8_t, 2> first{};
  std::array<uint8_t, 10> second{};
  const iovec pieces[] = {{&got, sizeof(got)}, {first.data(), first.size()}, {second.data(), second.size()}};
  EXPECT_EQ(tun.readv(pieces), 15);
  EXPECT_EQ(got.gso_bytes, 77);
  EXPECT_EQ(first[1], 2);
  EXPECT_EQ(second[2], 5);
  EXPECT_EQ(tun.readv(pieces), -EAGAIN);
  EXPECT_FALSE(readable(tun.fd()));
}

TEST(TunDouble, keeps_what_is_written_and_refuses_when_told_to) {
  TunDouble tun;
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
