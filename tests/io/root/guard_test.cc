// What the guard lets pass and what it drops.
#include <cerrno>

#include "guard_fixture.hh"
#include "io/links.hh"
#include "io/routes.hh"
#include "io/tun.hh"

namespace cuttle {
namespace {

TEST_F(GuardTest, lets_cells_pass_both_ways) {
  expect_cells_both_ways();
  EXPECT_EQ(counts().entry_packets, 0u);
  EXPECT_EQ(counts().exit_packets, 0u);
}

TEST_F(GuardTest, drops_and_counts_what_comes_in_unshaped) {
  const auto a = plain(*a_, "10.9.0.1:4410", "10.9.0.2:5000");
  const auto b = plain(*b_, "10.9.0.2:5000", "10.9.0.1:4410");
  EXPECT_FALSE(arrives(b, a)) << "not from the peer's port";
  const auto a2 = plain(*a_, "10.9.0.1:5000", "10.9.0.2:4410");
  const auto b2 = plain(*b_, "10.9.0.2:4410", "10.9.0.1:5000");
  EXPECT_FALSE(arrives(b2, a2)) << "not to our port";
  EXPECT_EQ(counts().entry_packets, 2u);
  EXPECT_EQ(counts().entry_bytes, 256u);
  {
    const Inside inside(*b_);
    EXPECT_NE(std::system("ping -q -c 1 -W 1 10.9.0.1 >/dev/null"), 0);
  }
  EXPECT_EQ(counts().entry_packets, 3u);
}

TEST_F(GuardTest, drops_and_counts_what_would_leave_unshaped) {
  const auto a = plain(*a_, "10.9.0.1:4410", "10.9.0.2:4410");  // the right ports, but no mark
  const auto b = plain(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  EXPECT_FALSE(arrives(a, b));
  EXPECT_EQ(counts().exit_packets, 1u);
  const auto other = plain(*a_, "10.9.0.1:6000", "10.9.0.2:4410");  // the mark, but not our port
  ASSERT_TRUE(set_option(other.get(), SOL_SOCKET, SO_MARK, static_cast<int>(kMark)));
  const std::vector<uint8_t> bytes(100);
  send(other.get(), bytes.data(), bytes.size(), 0);
  EXPECT_EQ(counts().exit_packets, 2u);
}

// Each pair once; none of what bears the cells' mark, as what `cuttle doctor --try` sends to see it dropped.
TEST_F(GuardTest, remembers_whom_it_dropped) {
  const auto drops = [&] {
    const Inside inside(*a_);
    const auto all = guard_drops();
    EXPECT_TRUE(all) << all.error().message;
    return all ? *all : std::vector<GuardDrop>{};
  };
  EXPECT_TRUE(drops().empty());
  const auto marked = plain(*a_, "10.9.0.1:6000", "10.9.0.2:6000");
  ASSERT_TRUE(set_option(marked.get(), SOL_SOCKET, SO_MARK, static_cast<int>(kMark)));
  const std::vector<uint8_t> bytes(100);
  send(marked.get(), bytes.data(), bytes.size(), 0);
  EXPECT_EQ(counts().exit_packets, 1u);
  EXPECT_TRUE(drops().empty());
  const auto a = plain(*a_, "10.9.0.1:5000", "10.9.0.2:5000");
  const auto b6 = plain(*b_, "[fd09::2]:5000", "[fd09::1]:5000");
  for (int i = 0; i < 3; ++i) {
    send(a.get(), bytes.data(), bytes.size(), 0);
    send(b6.get(), bytes.data(), bytes.size(), 0);
  }
  const std::vector<GuardDrop> expected{{*IpAddress::parse("10.9.0.1"), *IpAddress::parse("10.9.0.2")},
                                        {*IpAddress::parse("fd09::2"), *IpAddress::parse("fd09::1")}};
  for (int tries = 0; tries < 50 && drops() != expected; ++tries) usleep(100'000);
  EXPECT_EQ(drops(), expected);
  apply(guard_against_b());
  EXPECT_TRUE(drops().empty()) << "of rules that are gone";
}

TEST_F(GuardTest, drops_forwarded_packets_too) {
  // A machine behind a, as a container would be, may not speak to b past the link.
  const Namespace container;
  {
    const Inside inside(*a_);
    run("sysctl -q -w net.ipv4.ip_forward=1");
    run("ip link add inner type veth peer name inner netns " + container.path());
    run("ip addr add 10.5.0.1/24 dev inner && ip link set inner up");
  }
  {
    const Inside inside(container);
    run("ip addr add 10.5.0.2/24 dev inner && ip link set inner up && ip route add default via 10.5.0.1");
    EXPECT_NE(std::system("ping -q -c 5 -i 0.2 -W 1 10.9.0.2 >/dev/null"), 0);
  }
  EXPECT_GE(counts().exit_packets, 1u);
}

TEST_F(GuardTest, drops_fragments_even_on_our_ports) {
  const auto b = plain(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  const int off = IP_PMTUDISC_DONT;
  ASSERT_TRUE(set_option(b.get(), IPPROTO_IP, IP_MTU_DISCOVER, off));
  const auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  const std::vector<uint8_t> bytes(3000);
  EXPECT_EQ(send(b.get(), bytes.data(), bytes.size(), 0), 3000);
  usleep(20'000);
  EXPECT_EQ(counts().entry_packets, 3u);
  EXPECT_EQ(a.wrong_size_dropped(), 0u);
}

// A link that carries certain ports only: these, in either place, and what could hide them.
TEST_F(GuardTest, guards_listed_ports_alone) {
  GuardConfig config = guard_against_b();
  config.peers[0].ports = {PortRange::parse("udp 5000-5010").value(), PortRange::parse("6789").value()};
  apply(config);
  const auto between = [&](const char* a, const char* b) {
    const auto at_a = plain(*a_, a, b);
    const auto at_b = plain(*b_, b, a);
    const bool out = arrives(at_a, at_b);
    return std::pair(out, arrives(at_b, at_a));
  };
  const std::pair both(true, true);
  const std::pair neither(false, false);
  EXPECT_EQ(between("10.9.0.1:4000", "10.9.0.2:5000"), neither);
  EXPECT_EQ(between("10.9.0.1:5010", "10.9.0.2:4000"), neither);
  EXPECT_EQ(between("[fd09::1]:5005", "[fd09::2]:4000"), neither);
  EXPECT_EQ(counts().exit_packets, 3u);
  EXPECT_EQ(counts().entry_packets, 3u);
  EXPECT_EQ(between("10.9.0.1:4999", "10.9.0.2:5011"), both);
  EXPECT_EQ(between("10.9.0.1:6789", "10.9.0.2:6789"), both) << "that is UDP";
  EXPECT_EQ(between("[fd09::1]:4999", "[fd09::2]:5011"), both);
  {
    const Inside inside(*b_);
    EXPECT_EQ(std::system("ping -q -c 1 -W 5 10.9.0.1 >/dev/null"), 0);
    EXPECT_EQ(std::system("ping -q -c 1 -W 5 -s 3000 10.9.0.1 >/dev/null"), 0) << "fragments of ICMP";
  }
  const auto before = counts().entry_packets;
  const auto a = plain(*a_, "10.9.0.1:4000", "10.9.0.2:4000");
  const auto b = plain(*b_, "10.9.0.2:4000", "10.9.0.1:4000");
  ASSERT_TRUE(set_option(b.get(), IPPROTO_IP, IP_MTU_DISCOVER, static_cast<int>(IP_PMTUDISC_DONT)));
  const std::vector<uint8_t> bytes(3000);
  EXPECT_EQ(send(b.get(), bytes.data(), bytes.size(), 0), 3000);
  usleep(20'000);
  EXPECT_EQ(counts().entry_packets, before + 3) << "fragments of UDP";
}

TEST_F(GuardTest, guards_ipv6_but_lets_neighbours_find_each_other) {
  GuardConfig config = guard_against_b();
  config.peers[0].endpoint = endpoint("[fd09::2]:4410");
  apply(config);
  auto a = lane(*a_, "[fd09::1]:4410", "[fd09::2]:4410");
  auto b = lane(*b_, "[fd09::2]:4410", "[fd09::1]:4410");
  const auto cells = numbered_cells(2);
  EXPECT_EQ(a.send_train(cells.data(), 2, kCell), 2u);
  EXPECT_EQ(datagrams(receive(b, 2)), 2u) << "after neighbour discovery";
  const auto before = counts();
  EXPECT_FALSE(arrives(plain(*b_, "[fd09::2]:5000", "[fd09::1]:5000"),
                       plain(*a_, "[fd09::1]:5000", "[fd09::2]:5000")));
  EXPECT_EQ(counts().entry_packets, before.entry_packets + 1);
}

TEST_F(GuardTest, lets_what_comes_out_of_the_link_pass_and_nothing_that_claims_to) {
  const Inside inside(*a_);
  auto tun = Tun::open("ct-b", {});
  auto foreign = Tun::open("ct-c", {});
  ASSERT_TRUE(tun && foreign);
  for (const char* name : {"ct-b", "ct-c"}) {
    LinkSettings settings;
    settings.up = true;
    settings.quiet_ipv6 = true;
    ASSERT_TRUE(set_link(name, settings));
  }
  run("sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.ct-b.rp_filter=0 "
      "net.ipv4.conf.ct-c.rp_filter=0");
  const FileDescriptor receiver = plain_socket("10.9.0.1:7000", "10.9.0.2:7000");
  // IPv4 and UDP headers from 10.9.0.2:7000 to 10.9.0.1:7000, no UDP checksum, four bytes.
  std::array<uint8_t, 32> packet{0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1};
  uint32_t sum = 0;
  for (size_t i = 0; i < 20; i += 2) sum += load_be16(&packet[i]);
  store_be16(&packet[10], static_cast<uint16_t>(~((sum >> 16) + (sum & 0xffff))));
  store_be16(&packet[20], 7000);
  store_be16(&packet[22], 7000);
  store_be16(&packet[24], 12);
  VirtioHeader header;
  const iovec pieces[] = {{&header, sizeof(header)}, {packet.data(), packet.size()}};
  uint8_t byte = 0;
  ASSERT_EQ(foreign->writev(pieces), 42);
  EXPECT_EQ(recv(receiver.get(), &byte, 1, 0), -1);
  EXPECT_EQ(guard_counts().value()["ct-b"].entry_packets, 1u);
  ASSERT_EQ(tun->writev(pieces), 42);
  EXPECT_EQ(recv(receiver.get(), &byte, 1, 0), 1);
  // Nor where what has the link's name is not the link.
  GuardConfig others = guard_against_b();
  others.peers.front().others_interface = true;
  apply(others);
  ASSERT_EQ(tun->writev(pieces), 42);
  EXPECT_EQ(recv(receiver.get(), &byte, 1, 0), -1);
}

TEST_F(GuardTest, leaves_loopback_and_strangers_alone) {
  const auto left = plain(*a_, "127.0.0.1:7000", "127.0.0.1:7001");
  const auto right = plain(*a_, "127.0.0.1:7001", "127.0.0.1:7000");
  EXPECT_TRUE(arrives(left, right, kTimeout_ms));
  {
    const Inside inside(*b_);
    run("ip addr add 10.9.0.3/24 dev wire");
  }
  const auto a = plain(*a_, "10.9.0.1:7000", "10.9.0.3:7000");
  const auto b = plain(*b_, "10.9.0.3:7000", "10.9.0.1:7000");
  EXPECT_TRUE(arrives(a, b, kTimeout_ms));
  EXPECT_TRUE(arrives(b, a, kTimeout_ms));
}

// What a machine has it may talk to itself by, though it is a peer's as well.
TEST_F(GuardTest, leaves_a_machine_talk_to_itself_by_whatever_address_it_has) {
  {
    const Inside inside(*a_);
    run("ip addr add 10.9.0.2/32 dev lo");
  }
  const auto left = plain(*a_, "10.9.0.2:7000", "10.9.0.2:7001");
  const auto right = plain(*a_, "10.9.0.2:7001", "10.9.0.2:7000");
  EXPECT_TRUE(arrives(left, right, kTimeout_ms));
  EXPECT_EQ(counts().entry_packets, 0u);
}

}  // namespace
}  // namespace cuttle
