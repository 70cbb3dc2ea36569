#include "io/guard.hh"

#include <gmock/gmock.h>

#include <cerrno>

#include "io/links.hh"
#include "io/routes.hh"
#include "io/tun.hh"
#include "udp_fixture.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

constexpr uint32_t kMark = 0x10c0;

GuardConfig guard_against_b() {
  GuardConfig config;
  config.peers.push_back({"ct-b",
                          {IpPrefix::parse("10.9.0.2").value(), IpPrefix::parse("fd09::2").value()},
                          endpoint("10.9.0.2:4410"),
                          1});
  config.first_port = 4410;
  config.firewall_mark = kMark;
  return config;
}

// Node a guards itself against node b, which does as it likes.
class GuardTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    apply(guard_against_b());
  }
  void apply(const GuardConfig& config) {
    const Inside inside(*a_);
    const auto done = apply_guard(config);
    ASSERT_TRUE(done) << done.error().message;
  }
  GuardCounts counts(const std::string& interface = "ct-b") {
    const Inside inside(*a_);
    auto all = guard_counts();
    if (!all) ADD_FAILURE() << all.error().message;
    return all.value()[interface];
  }
  FileDescriptor plain(const Namespace& where, const std::string& local, const std::string& remote) {
    const Inside inside(where);
    return plain_socket(local, remote);
  }
  // Whether a datagram sent on one socket arrives on the other.
  static bool arrives(const FileDescriptor& from, const FileDescriptor& to, int wait_ms = kLookout_ms) {
    const std::vector<uint8_t> bytes(100);
    send(from.get(), bytes.data(), bytes.size(), 0);
    pollfd entry{to.get(), POLLIN, 0};
    uint8_t octet = 0;
    return poll(&entry, 1, wait_ms) == 1 && recv(to.get(), &octet, 1, 0) == 1;
  }
};

TEST_F(GuardTest, lets_cells_pass_both_ways) {
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  const auto cells = numbered_cells(30);
  EXPECT_EQ(a.send_train(cells.data(), 30, kCell), 30u);
  EXPECT_EQ(datagrams(receive(b, 30)), 30u);
  EXPECT_EQ(b.send_train(cells.data(), 30, kCell), 30u);
  EXPECT_EQ(datagrams(receive(a, 30)), 30u);
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
  // IPv4 and UDP headers from 10.9.0.2:7000 to 10.9.0.1:7000, no UDP checksum, four octets.
  std::array<uint8_t, 32> packet{0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1};
  uint32_t sum = 0;
  for (size_t i = 0; i < 20; i += 2) sum += load_be16(&packet[i]);
  store_be16(&packet[10], static_cast<uint16_t>(~((sum >> 16) + (sum & 0xffff))));
  store_be16(&packet[20], 7000);
  store_be16(&packet[22], 7000);
  store_be16(&packet[24], 12);
  VirtioHeader header;
  const iovec pieces[] = {{&header, sizeof(header)}, {packet.data(), packet.size()}};
  uint8_t octet = 0;
  ASSERT_EQ(foreign->writev(pieces), 42);
  EXPECT_EQ(recv(receiver.get(), &octet, 1, 0), -1);
  EXPECT_EQ(guard_counts().value()["ct-b"].entry_packets, 1u);
  ASSERT_EQ(tun->writev(pieces), 42);
  EXPECT_EQ(recv(receiver.get(), &octet, 1, 0), 1);
}

TEST_F(GuardTest, leaves_loopback_and_strangers_alone) {
  const auto left = plain(*a_, "127.0.0.1:7000", "127.0.0.1:7001");
  const auto right = plain(*a_, "127.0.0.1:7001", "127.0.0.1:7000");
  EXPECT_TRUE(arrives(left, right, kPatience_ms));
  {
    const Inside inside(*b_);
    run("ip addr add 10.9.0.3/24 dev wire");
  }
  const auto a = plain(*a_, "10.9.0.1:7000", "10.9.0.3:7000");
  const auto b = plain(*b_, "10.9.0.3:7000", "10.9.0.1:7000");
  EXPECT_TRUE(arrives(a, b, kPatience_ms));
  EXPECT_TRUE(arrives(b, a, kPatience_ms));
}

TEST_F(GuardTest, keeps_its_counts_when_replaced_and_goes_without_trace) {
  arrives(plain(*b_, "10.9.0.2:5000", "10.9.0.1:5000"), plain(*a_, "10.9.0.1:5000", "10.9.0.2:5000"));
  ASSERT_EQ(counts().entry_packets, 1u);
  GuardConfig config = guard_against_b();
  config.peers.push_back(
      {"ct-x.y_z-1", {IpPrefix::parse("10.66.0.0/16").value()}, endpoint("10.9.0.9:1"), 4});
  apply(config);
  EXPECT_EQ(counts().entry_packets, 1u);
  EXPECT_EQ(counts("ct-x.y_z-1").entry_packets, 0u);
  apply({});
  const Inside inside(*a_);
  EXPECT_TRUE(guard_counts().value().empty());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(remove_guard());
  const auto gone = guard_counts();
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().message, HasSubstr("is not there"));
  EXPECT_EQ(std::system("nft list ruleset | grep -q ."), 256) << "something is left";
}

// Where bridge netfilter is on, frames of guests that are bridged to the network pass the same rules.
class BridgedGuestTest : public GuardTest {
 protected:
  void SetUp() override {
    GuardTest::SetUp();
    if (IsSkipped()) return;
    guest_ = std::make_unique<Namespace>();
    container_ = std::make_unique<Namespace>();
    const Inside inside(*a_);
    if (access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) != 0)
      GTEST_SKIP() << "needs bridge netfilter";
    run("ip link add bridge0 type bridge mcast_snooping 0 && ip addr flush dev wire && ip link set wire "
        "master bridge0");
    run("ip addr add 10.9.0.1/24 dev bridge0 && ip addr add fd09::1/64 dev bridge0 nodad && ip link set "
        "bridge0 up");
    run("sysctl -q -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 "
        "net.ipv4.ip_forward=1");
    attach(*guest_, "bridge0", "10.9.0.7/24", "fd09::7/64");
    // A network of containers, which the node routes for: a bridge, too.
    run("ip link add docker0 type bridge mcast_snooping 0 && ip addr add 10.5.0.1/24 dev docker0 && "
        "ip link set docker0 up");
    attach(*container_, "docker0", "10.5.0.2/24", "fd05::2/64");
    {
      const Inside there(*container_);
      run("ip route add default via 10.5.0.1");
    }
    const Inside there(*b_);
    run("ip route add 10.5.0.0/24 via 10.9.0.1 && ip addr add 10.9.0.8/24 dev wire");
  }
  static void attach(const Namespace& guest, const std::string& bridge, const std::string& v4,
                     const std::string& v6) {
    run(fmt::format(
        "ip link add to-{0} type veth peer name eth netns {1} && ip link set to-{0} up master {0}", bridge,
        guest.path()));
    const Inside inside(guest);
    run(fmt::format("ip addr add {} dev eth && ip addr add {} dev eth nodad && ip link set eth up", v4, v6));
  }
  void guard_bridges() {
    GuardConfig config = guard_against_b();
    const Inside inside(*a_);
    config.bridges = filtered_bridges().value();
    EXPECT_THAT(config.bridges, testing::ElementsAre("bridge0", "docker0"));
    apply(config);
    EXPECT_TRUE(guard_is_whole(config).value());
  }
  static bool answers(const Namespace& from, const std::string& address,
                      const char* how = "-c 1 -i 0.2 -w 5") {
    const Inside inside(from);
    return std::system(fmt::format("ping -q {} {} >/dev/null 2>&1", how, address).c_str()) == 0;
  }
  static bool is_silent(const Namespace& from, const std::string& address) {
    return !answers(from, address, "-c 2 -i 0.2 -W 0.5");
  }

  std::unique_ptr<Namespace> guest_;
  std::unique_ptr<Namespace> container_;
};

TEST_F(BridgedGuestTest, passes_and_nobody_else_does) {
  ASSERT_TRUE(answers(*guest_, "10.9.0.8"));
  EXPECT_TRUE(is_silent(*guest_, "10.9.0.2")) << "bridge netfilter is off, or there is no need for this";
  guard_bridges();
  EXPECT_TRUE(answers(*guest_, "10.9.0.2"));
  EXPECT_TRUE(answers(*guest_, "fd09::2"));
  EXPECT_TRUE(answers(*b_, "10.9.0.7"));
  EXPECT_EQ(counts().entry_packets + counts().exit_packets, 2u) << "from before";
  // The node itself, and what it routes for, by the same bridge.
  EXPECT_TRUE(answers(*container_, "10.9.0.8"));
  EXPECT_TRUE(is_silent(*container_, "10.9.0.2"));
  EXPECT_TRUE(is_silent(*a_, "10.9.0.2"));
  EXPECT_TRUE(is_silent(*a_, "fd09::2"));
  EXPECT_GE(counts().exit_packets, 6u);
  const auto before = counts();
  EXPECT_TRUE(is_silent(*b_, "10.9.0.1"));
  EXPECT_TRUE(is_silent(*b_, "fd09::1"));
  EXPECT_TRUE(is_silent(*b_, "10.5.0.2"));
  EXPECT_EQ(counts().entry_packets, before.entry_packets + 6);
  EXPECT_EQ(counts().exit_packets, before.exit_packets) << "nothing of it was answered";
}

TEST_F(BridgedGuestTest, cells_pass) {
  guard_bridges();
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  const auto cells = numbered_cells(30);
  EXPECT_EQ(a.send_train(cells.data(), 30, kCell), 30u);
  EXPECT_EQ(datagrams(receive(b, 30)), 30u);
  EXPECT_EQ(b.send_train(cells.data(), 30, kCell), 30u);
  EXPECT_EQ(datagrams(receive(a, 30)), 30u);
}

TEST_F(GuardTest, is_not_whole_once_somebody_flushed_a_part_of_it) {
  GuardConfig config = guard_against_b();
  config.peers.push_back({"ct-c",
                          {IpPrefix::parse("10.66.0.0/16").value()},
                          endpoint("10.9.0.9:1"),
                          4,
                          {PortRange::parse("6789").value(), PortRange::parse("udp 500").value()}});
  const Inside inside(*a_);
  for (const char* part : {"ruleset", "table inet cuttle", "chain inet cuttle exit",
                           "chain inet cuttle entry-ct-b", "chain inet cuttle exit-ct-c"}) {
    apply(config);
    EXPECT_TRUE(guard_is_present().value());
    EXPECT_TRUE(guard_is_whole(config).value());
    run(std::string("nft flush ") + part);
    EXPECT_FALSE(guard_is_whole(config).value()) << part;
  }
  ASSERT_TRUE(remove_guard());
  EXPECT_FALSE(guard_is_present().value());
}

TEST_F(GuardTest, refuses_text_that_is_no_interface_name) {
  GuardConfig config = guard_against_b();
  config.peers[0].interface = "x; flush ruleset";
  EXPECT_FALSE(apply_guard(config));
}

TEST_F(GuardTest, guards_hundreds_of_peers) {
  GuardConfig config;
  config.first_port = 4410;
  config.firewall_mark = kMark;
  for (int i = 0; i < 300; ++i) {
    const std::string address = fmt::format("10.20.{}.{}", i / 250, i % 250 + 1);
    config.peers.push_back(
        {fmt::format("ct-p{}", i), {IpPrefix::parse(address).value()}, endpoint(address + ":4410"), 2});
  }
  apply(config);
  const Inside inside(*a_);
  EXPECT_EQ(guard_counts().value().size(), 300u);
  EXPECT_TRUE(guard_is_whole(config).value());
}

}  // namespace
}  // namespace cuttle
