#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>

#include "udp_fixture.hh"

namespace cuttle {
namespace {

TEST_F(UdpTest, drops_every_other_size_in_the_kernel_and_counts) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  FileDescriptor b;
  {
    const Inside inside(*b_);
    b = plain_socket("10.9.0.2:4410", "10.9.0.1:4410");
  }
  const std::vector<uint8_t> bytes(1472);
  const size_t wrong[] = {0, 1, 100, kCell - 4, kCell - 1, kCell + 1, kCell + 4, 1472};
  for (const size_t size : wrong) ASSERT_EQ(send(b.get(), bytes.data(), size, 0), static_cast<ssize_t>(size));
  EXPECT_TRUE(receive(a, 0).empty());
  EXPECT_EQ(a.wrong_size_dropped(), std::size(wrong));
  ASSERT_EQ(send(b.get(), bytes.data(), kCell, 0), static_cast<ssize_t>(kCell));
  EXPECT_EQ(datagrams(receive(a, 1)), 1u);
  EXPECT_EQ(a.receive_buffer_dropped(), 0u);
}

TEST_F(UdpTest, drops_trains_of_another_size_and_counts_each_datagram) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  FileDescriptor b;
  {
    const Inside inside(*b_);
    b = plain_socket("10.9.0.2:4410", "10.9.0.1:4410");
  }
  // The second train is as long as two whole cells, but cut into others.
  const std::pair<int, size_t> trains[] = {{100, 1000}, {static_cast<int>(kCell / 2), 2 * kCell}};
  for (const auto& [segment, size] : trains) {
    ASSERT_TRUE(set_option(b.get(), SOL_UDP, UDP_SEGMENT, segment));
    const std::vector<uint8_t> bytes(size);
    ASSERT_EQ(send(b.get(), bytes.data(), size, 0), static_cast<ssize_t>(size));
  }
  EXPECT_TRUE(receive(a, 0).empty());
  EXPECT_EQ(a.wrong_size_dropped(), 14u);
  EXPECT_EQ(a.receive_buffer_dropped(), 0u);
}

TEST_F(UdpTest, shows_the_receiver_the_short_end_of_a_train) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  FileDescriptor b;
  {
    const Inside inside(*b_);
    b = plain_socket("10.9.0.2:4410", "10.9.0.1:4410");
  }
  ASSERT_TRUE(set_option(b.get(), SOL_UDP, UDP_SEGMENT, kCell));
  const std::vector<uint8_t> bytes(2 * kCell + 10);
  ASSERT_EQ(send(b.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  const auto trains = receive(a, 3);
  ASSERT_EQ(trains.size(), 1u);
  EXPECT_EQ(trains[0].segment_bytes, kCell);
  EXPECT_EQ(trains[0].bytes % kCell, 10u);
}

TEST_F(UdpTest, counts_what_a_full_receive_buffer_costs) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  ASSERT_TRUE(set_option(a.fd(), SOL_SOCKET, SO_RCVBUF, 50'000));
  const auto cells = numbered_cells(40);
  for (int i = 0; i < 10; ++i) b.send_train(cells.data(), 40, kCell);
  receive(a, 0);
  EXPECT_GT(a.receive_buffer_dropped(), 0u);
  EXPECT_EQ(a.wrong_size_dropped(), 0u);
}

TEST_F(UdpTest, gives_each_lane_on_one_port_its_own_peer) {
  {
    const Inside inside(*b_);
    run("ip addr add 10.9.0.3/24 dev wire");
  }
  auto to_2 = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto to_3 = lane(*a_, "10.9.0.1:4410", "10.9.0.3:4410");
  auto from_2 = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  auto from_3 = lane(*b_, "10.9.0.3:4410", "10.9.0.1:4410");
  const auto cells = numbered_cells(5);
  from_2.send_train(cells.data(), 2, kCell);
  from_3.send_train(cells.data(), 5, kCell);
  EXPECT_EQ(datagrams(receive(to_2, 2)), 2u);
  EXPECT_EQ(datagrams(receive(to_3, 5)), 5u);
}

class StrangerTest : public UdpTest, public testing::WithParamInterface<bool> {};

TEST_P(StrangerTest, swallows_what_is_for_no_lane_without_an_answer) {
  const bool stranger_first = GetParam();
  std::optional<Result<UnknownSourceSocket>> stranger;
  const auto open_unknown_source = [&] {
    const Inside inside(*a_);
    stranger.emplace(UnknownSourceSocket::open(endpoint("10.9.0.1:4410")));
    ASSERT_TRUE(stranger->has_value()) << stranger->error().message;
  };
  if (stranger_first) open_unknown_source();
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  if (!stranger_first) open_unknown_source();
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  FileDescriptor foreign;
  {
    const Inside inside(*b_);
    foreign = plain_socket("10.9.0.2:5000", "10.9.0.1:4410");
  }
  const auto cells = numbered_cells(3);
  EXPECT_EQ(send(foreign.get(), cells.data(), kCell, 0), static_cast<ssize_t>(kCell));
  EXPECT_EQ(send(foreign.get(), cells.data(), 10, 0), 10);
  b.send_train(cells.data(), 3, kCell);
  EXPECT_EQ(datagrams(receive(a, 3)), 3u) << "the lane's own datagrams reach the lane";
  EXPECT_EQ(stranger->value().dropped(), 2u);
  EXPECT_EQ(a.wrong_size_dropped(), 0u);
  char answer = 0;
  EXPECT_EQ(recv(foreign.get(), &answer, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN) << "an ICMP port unreachable would show as ECONNREFUSED";
}

INSTANTIATE_TEST_SUITE_P(Order, StrangerTest, testing::Bool());

}  // namespace
}  // namespace cuttle
