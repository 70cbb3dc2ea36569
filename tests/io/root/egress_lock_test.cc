// What the lock holds, and what it lets leave.
#include "egress_lock_fixture.hh"

namespace cuttle {
namespace {

TEST_F(EgressLockTest, cells_pass_alone_and_in_trains) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  const auto cells = numbered_cells(30);
  EXPECT_EQ(a.send_train(cells.data(), 30, kCell), 30u);
  EXPECT_EQ(datagrams(receive(b, 30)), 30u);
  EXPECT_EQ(a.send_train(cells.data(), 1, kCell), 1u);
  EXPECT_EQ(datagrams(receive(b, 1)), 1u);
  EXPECT_TRUE(leaves("10.9.0.1:4411", "10.9.0.2:4411", kCell, kMark)) << "the other lane";
}

TEST_F(EgressLockTest, what_only_looks_like_a_cell_does_not) {
  EXPECT_TRUE(leaves("10.9.0.1:4410", "10.9.0.2:4410", kCell, kMark));
  EXPECT_TRUE(is_held("10.9.0.1:4410", "10.9.0.2:4410", kCell)) << "no mark";
  EXPECT_TRUE(is_held("10.9.0.1:4410", "10.9.0.2:4410", kCell, kMark + 1)) << "another mark";
  EXPECT_TRUE(is_held("10.9.0.1:4410", "10.9.0.2:4410", kCell - 4, kMark)) << "another size";
  EXPECT_TRUE(is_held("10.9.0.1:4410", "10.9.0.2:4410", 3 * kCell, kMark)) << "fragments";
  EXPECT_TRUE(is_held("10.9.0.1:4412", "10.9.0.2:4412", kCell, kMark)) << "no lane's port";
  EXPECT_TRUE(is_held("10.9.0.1:4409", "10.9.0.2:4409", kCell, kMark)) << "no lane's port";
  EXPECT_TRUE(is_held("10.9.0.1:4410", "10.9.0.2:4411", kCell, kMark)) << "another lane's port";
  EXPECT_TRUE(is_held("[fd09::1]:4410", "[fd09::2]:4410", kCell, kMark)) << "not the endpoint";
}

// As cells do that are to leave by a clock device, and find another way.
TEST_F(EgressLockTest, what_goes_round_a_queue_does_not_pass) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  const auto cells = numbered_cells(3);
  EXPECT_EQ(a.send_train(cells.data(), 3, kCell), 3u);
  EXPECT_EQ(datagrams(receive(b, 3)), 3u);
  uint32_t wire = 0;
  {
    const Inside inside(*a_);
    wire = ::if_nametoindex("wire");
  }
  a.set_way_out(wire);
  (void)a.send_train(cells.data(), 3, kCell);
  EXPECT_EQ(datagrams(receive(b, 0)), 0u);
  a.set_way_out(0);
  EXPECT_EQ(a.send_train(cells.data(), 3, kCell), 3u);
  EXPECT_EQ(datagrams(receive(b, 3)), 3u) << "by the routes again";
  GuardConfig other = lock_against_b();
  other.peers[0].prefixes = {IpPrefix::parse("10.9.0.77").value()};
  apply(other);
  a.set_way_out(wire);
  (void)a.send_train(cells.data(), 3, kCell);
  EXPECT_EQ(datagrams(receive(b, 0)), 0u) << "to an endpoint that is not redirected";
}

TEST_F(EgressLockTest, nothing_else_goes_to_the_peer) {
  const Inside inside(*a_);
  for (const char* what :
       {"ping -q -c 2 -i 0.2 -W 0.5 10.9.0.2", "ping -q -c 2 -i 0.2 -W 0.5 fd09::2",
        "ping -q -c 2 -i 0.2 -W 0.5 -s 4000 10.9.0.2", "ping -q -c 2 -i 0.2 -W 0.5 -s 4000 fd09::2",
        "ping -q -c 2 -i 0.2 -W 0.5 -R 10.9.0.2"}) {
    EXPECT_FALSE(succeeds(what)) << what;
  }
  run("ping -q -c 1 -i 0.2 -w 5 ff02::1%wire >/dev/null");
}

TEST_F(EgressLockTest, neighbours_find_each_other) {
  {
    const Inside inside(*a_);
    run("ip neigh flush dev wire");
  }
  GuardConfig config = lock_against_b();
  config.peers[0].endpoint = endpoint("[fd09::2]:4410");
  apply(config);
  EXPECT_TRUE(leaves("[fd09::1]:4410", "[fd09::2]:4410", kCell, kMark));
  EXPECT_TRUE(is_held("[fd09::1]:4410", "[fd09::2]:4410", kCell));
  EXPECT_TRUE(is_held("[fd09::1]:4410", "[fd09::2]:4410", 3 * kCell, kMark)) << "fragments";
  EXPECT_TRUE(is_held("10.9.0.1:4410", "10.9.0.2:4410", kCell, kMark)) << "not the endpoint";
}

// As another user could, too, since Linux 5.7.
TEST_F(EgressLockTest, binding_to_the_device_helps_nobody) {
  const auto sender = plain(*a_, "10.9.0.1:5000", "10.9.0.2:5000");
  const auto receiver = plain(*b_, "10.9.0.2:5000", "10.9.0.1:5000");
  ASSERT_EQ(setsockopt(sender.get(), SOL_SOCKET, SO_BINDTODEVICE, "wire", 5), 0);
  uint8_t byte = 0;
  send(sender.get(), &byte, 1, 0);
  pollfd entry{receiver.get(), POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, kLookout_ms), 0);
}

TEST_F(EgressLockTest, holds_listed_ports_alone) {
  GuardConfig config = lock_against_b();
  config.peers[0].ports = {PortRange::parse("udp 5000-5010").value(), PortRange::parse("6789").value()};
  apply(config);
  for (const char* port : {"5000", "5005", "5007", "5010"}) {
    EXPECT_TRUE(is_held("10.9.0.1:4000", std::string("10.9.0.2:") + port, 100)) << port;
    EXPECT_TRUE(is_held(std::string("[fd09::1]:") + port, "[fd09::2]:4000", 100)) << port;
  }
  EXPECT_TRUE(leaves("10.9.0.1:4999", "10.9.0.2:5011", 100));
  EXPECT_TRUE(leaves("[fd09::1]:4999", "[fd09::2]:5011", 100));
  EXPECT_TRUE(leaves("10.9.0.1:6789", "10.9.0.2:6789", 100)) << "that is UDP";
  EXPECT_TRUE(is_held("10.9.0.1:4000", "10.9.0.2:4000", 3000)) << "fragments could hide their ports";
  EXPECT_TRUE(is_held("[fd09::1]:4000", "[fd09::2]:4000", 3000)) << "fragments could hide their ports";
  EXPECT_TRUE(leaves("10.9.0.1:4410", "10.9.0.2:4410", kCell, kMark)) << "cells";
  const Inside inside(*a_);
  run("ping -q -c 1 -i 0.2 -w 5 10.9.0.2 >/dev/null && ping -q -c 1 -i 0.2 -w 5 -s 3000 fd09::2 >/dev/null");
  const auto connects = [](const char* port) {
    return succeeds(std::string("timeout 1 bash -c 'exec 3<>/dev/tcp/10.9.0.2/") + port + "'");
  };
  const Namespace& b = *b_;
  const auto listen_at_b = [&](const char* address) {
    const Inside there(b);
    FileDescriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress at = socket_address(endpoint(address));
    EXPECT_EQ(bind(listener.get(), at.raw(), at.size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    return listener;
  };
  const auto listed = listen_at_b("10.9.0.2:6789");
  const auto other = listen_at_b("10.9.0.2:6790");
  EXPECT_FALSE(connects("6789"));
  EXPECT_TRUE(connects("6790"));
}

TEST_F(EgressLockTest, prefixes_and_strangers) {
  GuardConfig config = lock_against_b();
  config.peers[0].prefixes = {IpPrefix::parse("10.9.0.4/30").value(),
                              IpPrefix::parse("fd09:0:0:1::/64").value()};
  apply(config);
  {
    const Inside inside(*b_);
    run("ip addr add 10.9.0.5/24 dev wire && ip addr add 10.9.0.8/24 dev wire");
  }
  EXPECT_TRUE(is_held("10.9.0.1:5000", "10.9.0.5:5000", 100));
  EXPECT_TRUE(leaves("10.9.0.1:5000", "10.9.0.8:5000", 100));
  EXPECT_TRUE(leaves("10.9.0.1:5000", "10.9.0.2:5000", 100));
}

TEST_F(EgressLockTest, forwarded_packets_are_held_too) {
  const Namespace container;
  {
    const Inside inside(*a_);
    run("sysctl -q -w net.ipv4.ip_forward=1 && ip link add inner type veth peer name inner netns " +
        container.path());
    run("ip addr add 10.5.0.1/24 dev inner && ip link set inner up");
  }
  {
    const Inside inside(*b_);
    run("ip route add 10.5.0.0/24 via 10.9.0.1 && ip addr add 10.9.0.8/24 dev wire");
  }
  const Inside inside(container);
  run("ip addr add 10.5.0.2/24 dev inner && ip link set inner up && ip route add default via 10.5.0.1");
  run("ping -q -c 1 -i 0.2 -w 5 10.9.0.8 >/dev/null");
  EXPECT_FALSE(succeeds("ping -q -c 2 -i 0.2 -W 0.5 10.9.0.2"));
}

}  // namespace
}  // namespace cuttle
