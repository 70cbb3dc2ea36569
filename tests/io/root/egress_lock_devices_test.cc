// The lock on devices of all kinds, those of guests among them.
#include <gmock/gmock.h>
#include <sys/uio.h>

#include "egress_lock_fixture.hh"
#include "io/tun.hh"

namespace cuttle {
namespace {

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
      if (size > 50 && std::all_of(&got[size - 40], &got[size], [](uint8_t byte) { return byte == 0x5a; })) {
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
  const auto without = devices_locked_wrong(config).value();
  ASSERT_EQ(without.size(), 1u);
  EXPECT_EQ(without[0].name, "first");
  ASSERT_TRUE(remove_lock());
  run("tc qdisc show dev first | grep -q ingress");
}

TEST_F(EgressLockTest, comes_to_new_devices_and_leaves_no_trace) {
  const Inside inside(*a_);
  const GuardConfig config = lock_against_b();
  EXPECT_TRUE(devices_locked_wrong(config).value().empty());
  EXPECT_TRUE(lock_is_present().value());
  run("ip link add later type veth peer name other");
  run("ip link add cuttle-clock0 link wire type macvlan mode private");  // ours: what leaves it meets wire's
  EXPECT_EQ(devices_locked_wrong(config).value().size(), 2u);
  apply(config);
  EXPECT_TRUE(devices_locked_wrong(config).value().empty());
  run("nft flush ruleset");
  EXPECT_TRUE(devices_locked_wrong(config).value().empty());
  run("tc filter del dev wire egress pref 20");
  EXPECT_EQ(devices_locked_wrong(config).value().size(), 1u);
  apply(config);
  GuardConfig changed = config;
  changed.peers[0].cell_bytes += 4;
  EXPECT_EQ(devices_locked_wrong(changed).value().size(), 3u);
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
  EXPECT_TRUE(devices_locked_wrong(config).value().empty());
}

}  // namespace
}  // namespace cuttle
