#include "io/udp.hh"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>

#include "base/bytes.hh"
#include "io/clock.hh"
#include "io/realtime.hh"
#include "udp_fixture.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

void expect_a_train_arrives_as_one(UdpSocket& from, UdpSocket& to) {
  const auto cells = numbered_cells(40);
  EXPECT_EQ(from.send_train(cells.data(), 40, kCell), 40u);
  EXPECT_EQ(from.last_send_error(), 0);
  std::vector<uint8_t> got;
  const auto trains = receive(to, 40, &got);
  ASSERT_EQ(trains.size(), 1u);
  EXPECT_EQ(trains[0].segment_bytes, kCell);
  EXPECT_FALSE(trains[0].truncated);
  EXPECT_EQ(got, cells);
  EXPECT_EQ(to.wrong_size_dropped(), 0u);
  EXPECT_TRUE(from.segmentation());
  EXPECT_TRUE(to.filter_is_exact());
}

TEST_F(UdpTest, carries_a_train_in_one_piece_over_ipv4) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  expect_a_train_arrives_as_one(a, b);
  expect_a_train_arrives_as_one(b, a);
}

TEST_F(UdpTest, carries_a_train_in_one_piece_over_ipv6) {
  auto a = lane(*a_, "[fd09::1]:4410", "[fd09::2]:4410");
  auto b = lane(*b_, "[fd09::2]:4410", "[fd09::1]:4410");
  expect_a_train_arrives_as_one(a, b);
}

TEST_F(UdpTest, carries_a_train_in_one_piece_over_loopback) {
  auto a = lane(*a_, "127.0.0.1:4410", "127.0.0.2:4410");
  auto b = lane(*a_, "127.0.0.2:4410", "127.0.0.1:4410");
  expect_a_train_arrives_as_one(a, b);
}

// However late it is read: what was read before it must not show in when it counts as come in.
TEST_F(UdpTest, says_when_a_train_came_in) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  constexpr Duration kReadLater = milliseconds(300);
  const MonotonicClock clock;
  const auto cells = numbered_cells(3);
  // The kernel begins to stamp a moment after it was asked to (net_enable_timestamp() leaves it to a work
  // queue).
  const auto is_stamped = [&] {
    const Instant sent = clock.now();
    EXPECT_EQ(a.send_train(cells.data(), 3, kCell), 3u);
    clock.sleep_until(sent + milliseconds(40));
    const auto trains = receive(b, 3);
    return trains.size() == 1 && trains[0].arrived < sent + milliseconds(20);
  };
  for (int tries = 0; tries < 100 && !is_stamped(); ++tries) {
  }
  Instant last{};
  for (int i = 0; i < 2; ++i) {
    const Instant sent = clock.now();
    ASSERT_EQ(a.send_train(cells.data(), 3, kCell), 3u);
    const Instant was_sent = clock.now();
    clock.sleep_until(was_sent + kReadLater);
    const auto trains = receive(b, 3);
    ASSERT_EQ(trains.size(), 1u);
    // The two clocks are read one after the other, so give or take what may come between.
    EXPECT_GT(trains[0].arrived, sent - milliseconds(1));
    EXPECT_LT(trains[0].arrived, was_sent + kReadLater / 2);
    EXPECT_GE(trains[0].arrived, last);
    last = trains[0].arrived;
  }
}

// What came before the first that found no room does not count as after it, however late it is read.
TEST_F(UdpTest, says_what_was_dropped_before_a_train_came_in) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410", false);
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  set_option(b.fd(), SOL_SOCKET, SO_RCVBUF, 20'000);
  const auto cells = numbered_cells(100);
  EXPECT_EQ(a.send_train(cells.data(), 100, kCell), 100u);
  const auto before = receive(b, 1);
  ASSERT_FALSE(before.empty());
  EXPECT_LT(datagrams(before), 100u);
  for (const ReceivedTrain& train : before) EXPECT_EQ(train.dropped_before, 0u);
  EXPECT_EQ(a.send_train(cells.data(), 1, kCell), 1u);
  const auto after = receive(b, 1);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].dropped_before, 100 - datagrams(before));
  EXPECT_EQ(b.receive_buffer_dropped(), after[0].dropped_before);
}

TEST_F(UdpTest, splits_a_train_that_is_too_long_for_one_call) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  const auto cells = numbered_cells(200);
  EXPECT_EQ(a.send_train(cells.data(), 200, kCell), 200u);
  std::vector<uint8_t> got;
  EXPECT_EQ(datagrams(receive(b, 200, &got)), 200u);
  EXPECT_EQ(got, cells);
}

TEST_F(UdpTest, sends_one_by_one_without_segmentation) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410", false);
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  const auto cells = numbered_cells(100);
  EXPECT_EQ(a.send_train(cells.data(), 100, kCell), 100u);
  std::vector<uint8_t> got;
  EXPECT_EQ(datagrams(receive(b, 100, &got)), 100u);
  EXPECT_EQ(got, cells);
}

TEST_F(UdpTest, falls_back_for_good_when_segmentation_is_refused) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  // The kernel refuses segmentation on a socket that computes no checksums.
  ASSERT_TRUE(set_option(a.fd(), SOL_SOCKET, SO_NO_CHECK, 1));
  const auto cells = numbered_cells(10);
  EXPECT_EQ(a.send_train(cells.data(), 10, kCell), 10u);
  EXPECT_FALSE(a.segmentation());
  EXPECT_EQ(a.send_train(cells.data(), 10, kCell), 10u);
  EXPECT_EQ(datagrams(receive(b, 20)), 20u);
}

// A veth hands a train to its other end on the CPU that sends it.
TEST_F(UdpTest, knows_the_cpu_that_brought_a_train_in) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  EXPECT_EQ(b.arrival_cpu(), std::nullopt) << "nothing has arrived yet";
  const auto cells = numbered_cells(3);
  const std::vector<uint32_t> cpus = thread_cpus();
  for (const uint32_t cpu : cpus) {
    ASSERT_TRUE(set_thread_cpus({cpu}));
    EXPECT_EQ(a.send_train(cells.data(), 3, kCell), 3u);
    EXPECT_EQ(datagrams(receive(b, 3)), 3u);
    EXPECT_EQ(b.arrival_cpu(), cpu);
  }
  ASSERT_TRUE(set_thread_cpus(cpus));
}

TEST_F(UdpTest, reports_a_full_send_buffer_instead_of_waiting) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  {
    const Inside inside(*a_);
    run("tc qdisc add dev wire root tbf rate 64kbit burst 4k limit 20m");
    ASSERT_TRUE(set_option(a.fd(), SOL_SOCKET, SO_SNDBUF, 100'000));
  }
  const auto cells = numbered_cells(400);
  const size_t sent = a.send_train(cells.data(), 400, kCell);
  EXPECT_LT(sent, 400u);
  EXPECT_EQ(a.last_send_error(), EAGAIN);
  EXPECT_TRUE(a.segmentation());
}

TEST_F(UdpTest, says_that_a_cell_does_not_fit_the_interface) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  const auto cells = numbered_cells(4, 2000);
  EXPECT_EQ(a.send_train(cells.data(), 4, 2000), 0u);
  EXPECT_EQ(a.last_send_error(), EMSGSIZE);
  EXPECT_TRUE(a.segmentation());
}

TEST_F(UdpTest, ignores_the_path_mtu_that_others_claim) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  {
    const Inside inside(*a_);
    run("ip route add 10.9.0.2/32 dev wire mtu 600");
  }
  const auto cells = numbered_cells(8);
  EXPECT_EQ(a.send_train(cells.data(), 8, kCell), 8u);
  EXPECT_EQ(datagrams(receive(b, 8)), 8u);
}

TEST_F(UdpTest, keeps_sending_and_receiving_through_port_unreachable_messages) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");  // nobody listens on the other side yet
  const auto cells = numbered_cells(2);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(a.send_train(cells.data(), 2, kCell), 2u) << i << " " << a.last_send_error();
    usleep(1000);
  }
  EXPECT_GT(a.icmp_errors_ignored(), 0u);
  std::vector<uint8_t> buffer(kLargestTrainBytes);
  EXPECT_FALSE(a.receive(buffer));
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  EXPECT_EQ(b.send_train(cells.data(), 2, kCell), 2u);
  EXPECT_EQ(datagrams(receive(a, 2)), 2u);
}

TEST_F(UdpTest, looks_the_same_on_the_wire_whatever_is_inside) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  FileDescriptor wire;
  {
    const Inside inside(*a_);
    run("ethtool -K wire tx-udp-segmentation off >/dev/null");
    const Inside other(*b_);
    wire = packet_socket(ETH_P_IP);
  }
  const auto cells = numbered_cells(30);
  ASSERT_EQ(a.send_train(cells.data(), 30, kCell), 30u);
  std::vector<uint8_t> packet(65536);
  size_t seen = 0;
  for (ssize_t got; (got = next_packet(wire, packet, seen == 30)) > 0;) {
    if (packet[9] != IPPROTO_UDP) continue;
    ++seen;
    EXPECT_EQ(got, static_cast<ssize_t>(kCell + 28));
    EXPECT_EQ(packet[1], 0) << "type of service";
    EXPECT_EQ(load_be16(&packet[6]), 0x4000) << "don't fragment, no offset";
    EXPECT_EQ(packet[8], 64) << "time to live";
  }
  EXPECT_EQ(seen, 30u);
}

TEST_F(UdpTest, has_no_flow_label_and_constant_class_over_ipv6) {
  auto a = lane(*a_, "[fd09::1]:4410", "[fd09::2]:4410");
  FileDescriptor wire;
  {
    const Inside inside(*b_);
    wire = packet_socket(ETH_P_IPV6);
  }
  const auto cells = numbered_cells(1);
  ASSERT_EQ(a.send_train(cells.data(), 1, kCell), 1u);
  std::vector<uint8_t> packet(65536);
  size_t seen = 0;
  while (next_packet(wire, packet, seen == 1) > 0) {
    if (packet[6] != IPPROTO_UDP) continue;
    ++seen;
    EXPECT_EQ(load_be32(packet.data()), 0x60000000u);
    EXPECT_EQ(packet[7], 64);
  }
  EXPECT_EQ(seen, 1u);
}

TEST_F(UdpTest, says_what_is_wrong_with_an_endpoint) {
  const Inside inside(*a_);
  UdpOptions options;
  options.cell_bytes = kCell;
  options.local = endpoint("10.9.9.9:4410");
  options.remote = endpoint("10.9.0.2:4410");
  EXPECT_THAT(UdpSocket::open(options).error().message, HasSubstr("no interface of this machine"));
  options.local = endpoint("10.9.0.1:4410");
  options.remote = endpoint("10.200.0.1:4410");
  EXPECT_THAT(UdpSocket::open(options).error().message, HasSubstr("no route"));
  options.remote = endpoint("[fd09::2]:4410");
  EXPECT_THAT(UdpSocket::open(options).error().message, HasSubstr("different IP versions"));
}

}  // namespace
}  // namespace cuttle
