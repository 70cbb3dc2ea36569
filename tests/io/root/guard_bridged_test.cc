// Guests beside the node, and its guard.
#include <gmock/gmock.h>

#include "guard_fixture.hh"

namespace cuttle {
namespace {

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
  expect_cells_both_ways();
}

}  // namespace
}  // namespace cuttle
