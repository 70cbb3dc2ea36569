// What a good configuration comes out as.
#include <gtest/gtest.h>

#include "config/parse.hh"
#include "config/shape_plan.hh"

namespace cuttle {
namespace {

constexpr char kKeyA[] = "public_key = \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"\n";
constexpr char kKeyB[] = "public_key = \"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"\n";

std::string first_problem(const ParsedConfig& parsed) {
  return parsed.problems.list().empty() ? "" : to_string(parsed.problems.list().front(), "FILE");
}

// Each tests single bits of a mark, whatever the others are, and masquerades, drops or routes what has them.
TEST(GoodConfig, TheDefaultMarkHasNoBitThatOthersTest) {
  constexpr uint32_t kKubernetes = 0x4000 | 0x8000 | 0x2000;  // masquerade, drop; the port mapper's
  constexpr uint32_t kCilium = 0x0f00;
  constexpr uint32_t kCalico = 0xffff0000;  // Felix's whole IptablesMarkMask
  constexpr uint32_t kTailscale = 0x00ff0000;
  constexpr uint32_t kProxmox = 0x80000000;
  constexpr uint32_t kTransparentProxies = 0x3;
  EXPECT_EQ(NodeConfig{}.firewall_mark &
                (kKubernetes | kCilium | kCalico | kTailscale | kProxmox | kTransparentProxies),
            0u);
}

TEST(GoodConfig, TheSmallestFileGetsEveryDefault) {
  const ParsedConfig parsed = parse_config(std::string(R"([node]
name = "osd0"
private_key_file = "/etc/cuttle/osd0.key"
listen = "10.77.0.11:4410"

[[peer]]
name = "mon"
endpoint = "10.77.0.10:4410"
redirect = ["10.77.0.10"]
)") + kKeyA,
                                           "");
  ASSERT_EQ(first_problem(parsed), "");
  const NodeConfig& node = parsed.config;
  EXPECT_EQ(node.name, "osd0");
  EXPECT_EQ(node.private_key_file, "/etc/cuttle/osd0.key");
  EXPECT_EQ(node.listen.to_string(), "10.77.0.11:4410");
  ASSERT_EQ(node.addresses.size(), 1u);
  EXPECT_EQ(node.addresses[0].to_string(), "10.77.0.11");
  EXPECT_EQ(node.control_socket, "/run/cuttle/osd0.sock");
  EXPECT_FALSE(node.renew_preshared.has_value());
  EXPECT_EQ(node.renewed_file, "/var/lib/cuttle/osd0.preshared");
  EXPECT_EQ(node.firewall_mark, 0x10c0u);
  EXPECT_EQ(node.route_table, 4410u);
  EXPECT_EQ(node.inner_mtu, 1500u);
  EXPECT_TRUE(node.realtime);
  EXPECT_FALSE(node.spin);
  EXPECT_EQ(node.driver, "native");
  EXPECT_EQ(node.shards, 1u);
  ASSERT_EQ(node.peers.size(), 1u);
  const PeerConfig& peer = node.peers[0];
  EXPECT_EQ(peer.interface_name(), "ct-mon");
  EXPECT_EQ(peer.line, 6u);
  EXPECT_EQ(peer.lanes, 1u);
  EXPECT_EQ(peer.preshared_key_file, "");
  EXPECT_EQ(peer.redirect[0].to_string(), "10.77.0.10/32");
  EXPECT_EQ(peer.shape, (Shape{1472, 200'000'000, microseconds(1500), 100}));
}

TEST(GoodConfig, PortsAreTcpUnlessTheySayOtherwise) {
  const ParsedConfig parsed = parse_config(std::string(R"([node]
name = "osd0"
private_key_file = "osd0.key"
listen = "10.77.0.11:4410"
[[peer]]
name = "mon"
endpoint = "10.77.0.10:4410"
redirect = ["10.77.0.10"]
ports = ["3300", "tcp 6789", "6800-7300", "udp 123", "4410"]
)") + kKeyA,
                                           "");
  ASSERT_EQ(first_problem(parsed), "");
  std::string ports;
  for (const PortRange& range : parsed.config.peers[0].ports) ports += range.to_string() + ", ";
  EXPECT_EQ(ports, "tcp 3300, tcp 6789, tcp 6800-7300, udp 123, tcp 4410, ");
  EXPECT_TRUE(parsed.config.has_port_lists());
  EXPECT_EQ(parsed.config.port_table(), 4411u);
}

TEST(GoodConfig, EveryKeyIsTakenOver) {
  const ParsedConfig parsed = parse_config(std::string(R"(
[node]
name = "osd0"
private_key_file = "osd0.key"
listen = "[fd00::11]:4410"
addresses = ["fd00::11", "10.77.0.11"]
control_socket = "/tmp/c.sock"
status_group = "prometheus"
renew_preshared = "86400 s"
renewed_file = "renewed"
accept = ["fd00::11", "10.88.0.0/24"]
multicast = ["224.0.0.18", "ff02::/16"]
firewall_mark = 0x10
route_table = 77
inner_mtu = 9000
[runtime]
driver = "native"
realtime = false
poll_before = "120 us"
cpu_latency = "2 us"
spin = true
shards = 2
cpus = [1, 3]
[shape]
rate = 1000000000
slot = "0.5 ms"
jitter = 10
scatter = true
[[peer]]
name = "mon"
next_public_key = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
preshared_key_file = "mon.psk"
endpoint = "[fd00::10]:4410"
redirect = ["fd00::10", "10.77.0.10", "10.78.0.0/16"]
joining = true
joining_limit = "3600 s"
lanes = 2
)") + kKeyA + R"([peer.shape]
rate = "64 kb/s"
cell = 1000
[[peer]]
name = "osd1"
endpoint = "[fd00::12]:4410"
redirect = []
)" + kKeyB,
                                           "/etc/cuttle");
  ASSERT_EQ(first_problem(parsed), "");
  const NodeConfig& node = parsed.config;
  EXPECT_EQ(node.private_key_file, "/etc/cuttle/osd0.key");
  EXPECT_EQ(node.addresses.size(), 2u);
  EXPECT_EQ(node.control_socket, "/tmp/c.sock");
  EXPECT_EQ(node.status_group, "prometheus");
  EXPECT_EQ(node.renew_preshared, seconds(86'400));
  EXPECT_EQ(node.renewed_file, "/etc/cuttle/renewed");
  EXPECT_EQ(node.accept.size(), 2u);
  EXPECT_EQ(node.multicast.size(), 2u);
  EXPECT_EQ(node.peers[0].joining_limit, seconds(3600));
  EXPECT_EQ(node.firewall_mark, 0x10u);
  EXPECT_EQ(node.route_table, 77u);
  EXPECT_EQ(node.inner_mtu, 9000u);
  EXPECT_FALSE(node.realtime);
  EXPECT_EQ(node.poll_before, microseconds(120));
  EXPECT_EQ(node.cpu_latency, microseconds(2));
  EXPECT_TRUE(node.spin);
  EXPECT_EQ(node.shards, 2u);
  EXPECT_EQ(node.cpus, (std::vector<uint32_t>{1, 3}));
  EXPECT_EQ(node.max_lanes(), 2u);
  EXPECT_EQ(node.peers[0].next_public_key->to_string(), "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=");
  EXPECT_FALSE(node.peers[1].next_public_key.has_value());
  EXPECT_EQ(node.peers[0].preshared_key_file, "/etc/cuttle/mon.psk");
  EXPECT_EQ(node.peers[0].redirect.size(), 3u);
  EXPECT_EQ(node.peers[0].shape, (Shape{1000, 64'000, microseconds(500), 10, true}));
  EXPECT_EQ(node.peers[1].shape, (Shape{1452, 1'000'000'000, microseconds(500), 10, true}));
  EXPECT_EQ(parsed.lines.line("peer[0].shape.rate"), 40u);
  EXPECT_EQ(parsed.lines.line({"peer[1].shape.rate", "shape.rate"}), 25u);
  EXPECT_EQ(parsed.lines.line("node.nothing"), 0u);
}

TEST(GoodConfig, WhatLetsCellsGo) {
  const auto read = [](const std::string& word) {
    return parse_config("[runtime]\nrelease = \"" + word + "\"\n", "").config.release;
  };
  EXPECT_EQ(read("auto"), ReleaseBy::best);
  EXPECT_EQ(read("queue"), ReleaseBy::queue);
  EXPECT_EQ(read("thread"), ReleaseBy::thread);
  EXPECT_EQ(read("txtime"), ReleaseBy::txtime);
}

TEST(Tables, OfTheQueuesAreNeverTheKernelsOwn) {
  NodeConfig node;
  node.route_table = 4410;
  EXPECT_EQ(node.clock_table(0), 4412u);
  node.route_table = 250;
  EXPECT_EQ(node.clock_table(0), 252u);
  EXPECT_EQ(node.clock_table(1), 256u);
  EXPECT_EQ(node.clock_table(2), 257u);
  node.route_table = 256;
  EXPECT_EQ(node.clock_table(0), 258u);
}

TEST(GoodConfig, ACalendarIsInheritedAndReplacedWhole) {
  const std::string peer = "redirect = [\"10.77.0.1X\"]\nendpoint = \"10.77.0.1X:4410\"\n";
  const auto with = [&](const char* digit) {
    std::string text = peer;
    for (size_t at = text.find('X'); at != std::string::npos; at = text.find('X')) text.replace(at, 1, digit);
    return text;
  };
  const ParsedConfig parsed = parse_config(R"([node]
name = "osd0"
private_key_file = "k"
listen = "10.77.0.11:4410"
[shape]
rate = "50 Mb/s"
[[shape.calendar]]
days = "mon-wed,fri"
from = "22:00"
until = "04:30"
rate = "400 Mb/s"
[[shape.calendar]]
from = "12:00"
until = "24:00"
days = "sun"
rate = "100 Mb/s"
[[peer]]
name = "a"
)" + with("2") + kKeyA + "[[peer]]\nname = \"b\"\n" +
                                               with("3") + kKeyB + "[peer.shape]\ncalendar = []\n",
                                           "");
  ASSERT_EQ(first_problem(parsed), "");
  const auto& calendar = parsed.config.peers[0].shape.calendar;
  ASSERT_EQ(calendar.size(), 2u);
  EXPECT_EQ(calendar[0], (CalendarEntry{0x17, 22 * 60, 4 * 60 + 30, 400'000'000}));
  EXPECT_EQ(calendar[1], (CalendarEntry{0x40, 12 * 60, 24 * 60, 100'000'000}));
  EXPECT_TRUE(parsed.config.peers[1].shape.calendar.empty());
}

TEST(GoodConfig, ALadderIsOfAllLinksWithoutARateOfTheirOwn) {
  const auto peer = [](const char* digit, const std::string& key, const std::string& shape) {
    return std::string("[[peer]]\nname = \"p") + digit + "\"\nredirect = [\"10.77.0.1" + digit +
           "\"]\nendpoint = \"10.77.0.1" + digit + ":4410\"\n" + key + shape;
  };
  const ParsedConfig parsed = parse_config(
      "[node]\nname = \"osd0\"\nprivate_key_file = \"k\"\nlisten = \"10.77.0.11:4410\"\n[shape]\njitter = "
      "50\n[shape.ladder]\nrates = [\"50 Mb/s\", \"400 Mb/s\"]\nepoch = \"20 s\"\nbudget = \"30 "
      "bits/day\"\n" +
          peer("2", kKeyA, "[peer.shape]\nslot = \"2 ms\"\n") +
          peer("3", kKeyB, "[peer.shape]\nrate = \"9 Mb/s\"\n"),
      "");
  ASSERT_EQ(first_problem(parsed), "");
  const auto& shape = parsed.config.peers[0].shape;
  ASSERT_TRUE(shape.ladder);
  EXPECT_EQ(shape.rate_bps, 400'000'000u) << "the top is what is allocated";
  EXPECT_EQ(shape.ladder->rates_bps, (std::vector<uint64_t>{50'000'000, 400'000'000}));
  EXPECT_EQ(shape.ladder->epochs_per_day(), 4320u);
  EXPECT_EQ(shape.ladder->shape().changes_per_day, 2u);
  EXPECT_EQ(shape.ladder->going_down_epochs(), 15u);
  EXPECT_FALSE(parsed.config.peers[1].shape.ladder);
  const auto steps = plan_peer_steps(parsed.config, parsed.config.peers[0]);
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->plans.size(), 2u);
  EXPECT_EQ(at_highest_rate(shape).rate_bps, 400'000'000u);
  EXPECT_EQ(at_lowest_rate(shape).rate_bps, 50'000'000u);
}

TEST(GoodConfig, ALadderYieldsOnlyWhereItSaysSo) {
  const auto parsed = [](const char* more) {
    return parse_config(
        std::string("[node]\nname = \"osd0\"\nprivate_key_file = \"k\"\nlisten = "
                    "\"10.77.0.11:4410\"\n[shape.ladder]\nrates = [\"8 Mb/s\", \"9 Mb/s\"]\n") +
            more + "[mesh]\npeers = \"p\"\n",
        "");
  };
  EXPECT_FALSE(parsed("").config.shape.ladder->yields);
  EXPECT_FALSE(parsed("yield = false\n").config.shape.ladder->yields);
  EXPECT_EQ(parsed("yield = false\n").config.shape.ladder, parsed("").config.shape.ladder);
  EXPECT_TRUE(parsed("yield = true\n").config.shape.ladder->yields);
}

TEST(GoodConfig, ALadderTakesNoRateBesideIt) {
  const ParsedConfig parsed = parse_config(
      "[node]\nname = \"osd0\"\nprivate_key_file = \"k\"\nlisten = \"10.77.0.11:4410\"\n[shape]\nrate = \"9 "
      "Mb/s\"\nladder = { rates = [\"8 Mb/s\", \"9 Mb/s\"] }\n[mesh]\npeers = \"p\"\n",
      "");
  EXPECT_EQ(first_problem(parsed),
            "FILE:7: shape.ladder: rate is there as well; leave it out: the ladder has the rates");
}

}  // namespace
}  // namespace cuttle
