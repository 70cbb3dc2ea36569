#include "io/egress_lock.hh"

#include <gmock/gmock.h>
#include <sys/uio.h>

#include "io/tun.hh"
#include "udp_fixture.hh"

namespace cuttle {
namespace {

constexpr uint32_t kMark = 0x10c0;

GuardConfig lock_against_b() {
  GuardConfig config;
  config.peers.push_back({"ct-b",
                          {IpPrefix::parse("10.9.0.2").value(), IpPrefix::parse("fd09::2").value()},
                          endpoint("10.9.0.2:4410"),
                          2,
                          {},
                          kCell});
  config.first_port = 4410;
  config.firewall_mark = kMark;
  return config;
}

bool succeeds(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// Node a has no guard and no routes of ours, but the lock on its device.
class EgressLockTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    // Neighbours that know each other: what is lost then was dropped.
    const Inside inside(*a_);
    run("ping -q -c 1 -i 0.2 -w 5 10.9.0.2 >/dev/null && ping -q -c 1 -i 0.2 -w 5 fd09::2 >/dev/null");
    apply(lock_against_b());
  }
  void apply(const GuardConfig& config) {
    const Inside inside(*a_);
    const auto done = apply_lock(config);
    ASSERT_TRUE(done) << done.error().message;
  }
  FileDescriptor plain(const Namespace& where, const std::string& local, const std::string& remote,
                       uint32_t mark = 0) {
    const Inside inside(where);
    auto socket = plain_socket(local, remote);
    if (mark != 0) {
      EXPECT_TRUE(set_option(socket.get(), SOL_SOCKET, SO_MARK, static_cast<int>(mark)));
    }
    return socket;
  }
  // Whether a datagram of that size goes from a's address to b's.
  bool leaves(const std::string& from, const std::string& to, size_t bytes, uint32_t mark = 0) {
    return arrives(from, to, bytes, mark, kPatience_ms);
  }
  bool is_held(const std::string& from, const std::string& to, size_t bytes, uint32_t mark = 0) {
    return !arrives(from, to, bytes, mark, kLookout_ms);
  }
  bool arrives(const std::string& from, const std::string& to, size_t bytes, uint32_t mark, int wait_ms) {
    const auto sender = plain(*a_, from, to, mark);
    const auto receiver = plain(*b_, to, from);
    const int off = IP_PMTUDISC_DONT;
    if (from[0] != '[') {
      EXPECT_TRUE(set_option(sender.get(), IPPROTO_IP, IP_MTU_DISCOVER, off));
    }
    const std::vector<uint8_t> octets(bytes);
    send(sender.get(), octets.data(), octets.size(), 0);
    pollfd entry{receiver.get(), POLLIN, 0};
    std::vector<uint8_t> got(bytes);
    return poll(&entry, 1, wait_ms) == 1 &&
           recv(receiver.get(), got.data(), got.size(), 0) == static_cast<ssize_t>(bytes);
  }
};

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
  uint8_t octet = 0;
  send(sender.get(), &octet, 1, 0);
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

// Guests that never meet the machine's own firewall.
class GuestTest : public EgressLockTest {
 protected:
  void expect_held(const Namespace& guest) {
    {
      const Inside inside(*b_);
      run("ip addr add 10.9.0.8/24 dev wire && ip addr add fd09::8/64 dev wire nodad");
    }
    const Inside inside(guest);
    run("ping -q -c 1 -i 0.2 -w 5 10.9.0.8 >/dev/null && ping -q -c 1 -i 0.2 -w 5 fd09::8 >/dev/null");
    EXPECT_FALSE(succeeds("ping -q -c 2 -i 0.2 -W 0.5 10.9.0.2"));
    EXPECT_FALSE(succeeds("ping -q -c 2 -i 0.2 -W 0.5 fd09::2"));
  }
};

TEST_F(GuestTest, on_a_macvlan) {
  const Namespace guest;
  {
    const Inside inside(*a_);
    run("ip link add mac0 link wire type macvlan mode bridge && ip link set mac0 netns " + guest.path());
  }
  {
    const Inside inside(guest);
    run("ip addr add 10.9.0.7/24 dev mac0 && ip addr add fd09::7/64 dev mac0 nodad && ip link set mac0 up");
  }
  expect_held(guest);
}

TEST_F(GuestTest, on_a_bridge) {
  const Namespace guest;
  {
    const Inside inside(*a_);
    run("ip link add bridge0 type bridge mcast_snooping 0 && ip link set bridge0 up && ip link set wire "
        "master bridge0");
    run("ip link add port type veth peer name eth netns " + guest.path() +
        " && ip link set port up master bridge0");
  }
  {
    const Inside inside(guest);
    run("ip addr add 10.9.0.7/24 dev eth && ip addr add fd09::7/64 dev eth nodad && ip link set eth up");
  }
  expect_held(guest);
}

// Frames as a guest would put them on the wire, with tags of its own.
TEST_F(EgressLockTest, looks_behind_vlan_tags) {
  const auto on_the_wire = [](const Namespace& where) {
    const Inside inside(where);
    return packet_socket(ETH_P_ALL, SOCK_RAW);
  };
  const auto sender = on_the_wire(*a_);
  const auto arrives = [&](const std::vector<uint8_t>& tags, const std::vector<uint8_t>& packet) {
    const auto receiver = on_the_wire(*b_);
    std::vector<uint8_t> frame(12, 0xff);
    frame.insert(frame.end(), tags.begin(), tags.end());
    frame.insert(frame.end(), packet.begin(), packet.end());
    frame.resize(frame.size() + 40, 0x5a);
    send(sender.get(), frame.data(), frame.size(), 0);  // says, too, when it is dropped
    std::vector<uint8_t> got(2000);
    for (pollfd entry{receiver.get(), POLLIN, 0}; poll(&entry, 1, kLookout_ms) == 1;) {
      const ssize_t size = recv(receiver.get(), got.data(), got.size(), 0);
      if (size > 50 &&
          std::all_of(&got[size - 40], &got[size], [](uint8_t octet) { return octet == 0x5a; })) {
        return true;
      }
    }
    return false;
  };
  const auto v4 = [](uint8_t host) {
    return std::vector<uint8_t>{8, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 253, 0, 0, 10, 9, 0, 1, 10, 9, 0, host};
  };
  const auto v6 = [](uint8_t host) {
    std::vector<uint8_t> packet(42);
    const uint8_t head[] = {0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, 253, 64, 0xfd, 9};
    std::copy(std::begin(head), std::end(head), packet.begin());
    packet[25] = 1;
    packet[26] = 0xfd;
    packet[27] = 9;
    packet[41] = host;
    return packet;
  };
  const std::vector<std::vector<uint8_t>> all_tags{{},
                                                   {0x81, 0, 0, 5},
                                                   {0x88, 0xa8, 0, 5},
                                                   {0x88, 0xa8, 0, 5, 0x81, 0, 0, 10},
                                                   {0x81, 0, 0, 5, 0x81, 0, 0, 10}};
  for (const auto& tags : all_tags) {
    SCOPED_TRACE(testing::PrintToString(tags));
    EXPECT_TRUE(arrives(tags, v4(8)));
    EXPECT_TRUE(arrives(tags, v6(8)));
    EXPECT_FALSE(arrives(tags, v4(2)));
    EXPECT_FALSE(arrives(tags, v6(2)));
  }
}

// A device without Ethernet, as tunnels are.
TEST_F(EgressLockTest, holds_devices_that_carry_bare_packets) {
  const Inside inside(*a_);
  auto tun = Tun::open("tun9", {});
  ASSERT_TRUE(tun);
  LinkSettings settings;
  settings.up = true;
  settings.quiet_ipv6 = true;
  ASSERT_TRUE(set_link("tun9", settings));
  apply(lock_against_b());
  for (const char* route : {"10.9.0.2/32", "10.9.0.8/32", "fd09::2/128", "fd09::8/128"}) {
    run(std::string("ip route add dev tun9 ") + route);
  }
  // How many packets come out for that address.
  const auto come_out = [&](const std::string& to) {
    const bool v6 = to.find(':') != std::string::npos;
    const auto sender = v6 ? plain_socket("[fd09::1]:4000", "[" + to + "]:4000")
                           : plain_socket("10.9.0.1:4000", to + ":4000");
    uint8_t packet[2000] = {};
    send(sender.get(), packet, 1000, 0);
    int count = 0;
    for (pollfd entry{tun->fd(), POLLIN, 0}; poll(&entry, 1, kLookout_ms) == 1; ++count) {
      const iovec piece{packet, sizeof packet};
      if (readv(tun->fd(), &piece, 1) <= 0) break;
    }
    return count;
  };
  EXPECT_EQ(come_out("10.9.0.8"), 1);
  EXPECT_EQ(come_out("fd09::8"), 1);
  EXPECT_EQ(come_out("10.9.0.2"), 0);
  EXPECT_EQ(come_out("fd09::2"), 0);
}

TEST_F(EgressLockTest, goes_on_where_a_device_cannot_have_it) {
  const Inside inside(*a_);
  run("ip link add first type veth peer name second && ip link add third type veth peer name fourth");
  run("tc qdisc add dev first ingress");
  const GuardConfig config = lock_against_b();
  const auto done = apply_lock(config);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, testing::HasSubstr("interface first: a qdisc 'ingress' of somebody's"));
  const auto without = devices_without_lock(config).value();
  ASSERT_EQ(without.size(), 1u);
  EXPECT_EQ(without[0].name, "first");
  ASSERT_TRUE(remove_lock());
  run("tc qdisc show dev first | grep -q ingress");
}

TEST_F(EgressLockTest, comes_to_new_devices_and_leaves_no_trace) {
  const Inside inside(*a_);
  const GuardConfig config = lock_against_b();
  EXPECT_TRUE(devices_without_lock(config).value().empty());
  EXPECT_TRUE(lock_is_present().value());
  run("ip link add later type veth peer name other");
  run("ip link add cuttle-clock0 link wire type macvlan mode private");  // ours: what leaves it meets wire's
  EXPECT_EQ(devices_without_lock(config).value().size(), 2u);
  apply(config);
  EXPECT_TRUE(devices_without_lock(config).value().empty());
  run("nft flush ruleset");
  EXPECT_TRUE(devices_without_lock(config).value().empty());
  run("tc filter del dev wire egress pref 20");
  EXPECT_EQ(devices_without_lock(config).value().size(), 1u);
  apply(config);
  GuardConfig changed = config;
  changed.peers[0].cell_bytes += 4;
  EXPECT_EQ(devices_without_lock(changed).value().size(), 3u);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(remove_lock());
  EXPECT_FALSE(lock_is_present().value());
  EXPECT_FALSE(succeeds("tc qdisc show | grep clsact"));
}

TEST_F(EgressLockTest, holds_hundreds_of_peers_with_many_ports) {
  GuardConfig config;
  config.first_port = 4410;
  config.firewall_mark = 0xfffffff7;
  for (int i = 0; i < 300; ++i) {
    const std::string address = fmt::format("10.20.{}.{}", i / 250, i % 250 + 1);
    GuardPeer peer{fmt::format("ct-p{}", i),
                   {IpPrefix::parse(address).value()},
                   endpoint(address + ":4410"),
                   2,
                   {},
                   kCell};
    for (uint16_t port = 1; port < 20; ++port) {
      peer.ports.push_back(
          {port % 2 == 0, static_cast<uint16_t>(port * 100 + 1), static_cast<uint16_t>(port * 100 + 97)});
    }
    config.peers.push_back(std::move(peer));
  }
  apply(config);
  const Inside inside(*a_);
  EXPECT_TRUE(devices_without_lock(config).value().empty());
}

}  // namespace
}  // namespace cuttle
