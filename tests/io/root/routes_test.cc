#include "io/routes.hh"

#include <gmock/gmock.h>

#include <cerrno>

#include "io/links.hh"
#include "io/rules.hh"
#include "io/tun.hh"
#include "udp_fixture.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr uint32_t kMark = 0x10c0;
constexpr uint32_t kTable = 4410;
const RedirectRule kRule{100, kMark, kTable};

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  char line[512];
  while (fgets(line, sizeof(line), pipe) != nullptr) text += line;
  pclose(pipe);
  return text;
}

IpPrefix prefix(const std::string& text) {
  return IpPrefix::parse(text).value();
}

IpAddress address(const std::string& text) {
  return IpAddress::parse(text).value();
}

// One node with an interface to a peer: own addresses 10.9.0.1 and fd09::1, peer 10.9.0.2 and fd09::2.
class RoutesTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    inside_ = std::make_unique<Inside>(*a_);
    auto tun = Tun::open("ct-b", {});
    ASSERT_TRUE(tun) << tun.error().message;
    tun_ = std::make_unique<Tun>(std::move(*tun));
    LinkSettings settings;
    settings.up = true;
    settings.quiet_ipv6 = true;
    ASSERT_TRUE(set_link("ct-b", settings));
  }
  std::unique_ptr<Inside> inside_;
  std::unique_ptr<Tun> tun_;
};

TEST_F(RoutesTest, adds_the_rule_once_and_removes_it_whole) {
  EXPECT_FALSE(rule_is_present(kRule).value());
  for (int i = 0; i < 2; ++i) {
    const auto added = add_rule(kRule);
    ASSERT_TRUE(added) << added.error().message;
  }
  EXPECT_TRUE(rule_is_present(kRule).value());
  for (const char* family : {"-4", "-6"}) {
    const std::string rules = output_of(std::string("ip ") + family + " rule list pref 100");
    EXPECT_THAT(rules, HasSubstr("not from all fwmark 0x10c0 lookup 4410 proto 199"));
    EXPECT_EQ(std::count(rules.begin(), rules.end(), '\n'), 1) << rules;
  }
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(remove_rule(kRule));
  EXPECT_FALSE(rule_is_present(kRule).value());
  EXPECT_EQ(output_of("ip rule list pref 100") + output_of("ip -6 rule list pref 100"), "");
}

TEST_F(RoutesTest, lists_our_rules_whatever_they_name) {
  run("ip rule add pref 100 not fwmark 0x10c0 lookup 77");  // not ours
  EXPECT_TRUE(list_rules().value().empty());
  RedirectRule other = kRule;
  other.firewall_mark = 0x77;
  other.table = 5000;
  ASSERT_TRUE(add_rule(kRule));
  ASSERT_TRUE(add_rule(other));
  EXPECT_THAT(list_rules().value(), UnorderedElementsAre(kRule, other));
  run("ip rule del pref 100 not fwmark 0x77 lookup 5000");
  EXPECT_THAT(list_rules().value(), UnorderedElementsAre(kRule, other)) << "one IP version is enough";
  run("ip -6 rule del pref 100 not fwmark 0x77 lookup 5000");
  EXPECT_THAT(list_rules().value(), UnorderedElementsAre(kRule));
}

TEST_F(RoutesTest, leaves_other_rules_of_that_preference_alone) {
  run("ip rule add pref 100 fwmark 0x10c0 lookup 4410");
  run("ip rule add pref 100 not fwmark 0x10c0 lookup 77");
  EXPECT_FALSE(rule_is_present(kRule).value());
  ASSERT_TRUE(add_rule(kRule));
  EXPECT_TRUE(rule_is_present(kRule).value());
  ASSERT_TRUE(remove_rule(kRule));
  EXPECT_THAT(output_of("ip rule list pref 100"), HasSubstr("from all fwmark 0x10c0 lookup 4410"));
  EXPECT_THAT(output_of("ip rule list pref 100"), HasSubstr("lookup 77"));
}

TEST_F(RoutesTest, sets_and_lists_routes_and_blackholes) {
  for (int i = 0; i < 2; ++i) {
    for (const auto& [to, own] :
         {std::pair{"10.9.0.2/32", "10.9.0.1"}, std::pair{"fd09::2/128", "fd09::1"}}) {
      const auto blackhole = set_blackhole(kTable, prefix(to));
      ASSERT_TRUE(blackhole) << blackhole.error().message;
      const auto route = set_link_route(kTable, prefix(to), "ct-b", address(own));
      ASSERT_TRUE(route) << route.error().message;
    }
  }
  run("ip route add 10.8.0.0/24 dev wire table 4410");  // not ours
  EXPECT_THAT(list_routes(kTable).value(), SizeIs(4));
  EXPECT_THAT(output_of("ip route list table 4410"), HasSubstr("10.9.0.2 dev ct-b proto 199 scope link"));
  EXPECT_THAT(output_of("ip route list table 4410"), HasSubstr("blackhole 10.9.0.2 proto 199 metric 4000"));
  EXPECT_THAT(output_of("ip -6 route list table 4410"),
              HasSubstr("fd09::2 dev ct-b proto 199 src fd09::1 metric 100"));

  ASSERT_TRUE(remove_routes(kTable, prefix("10.9.0.2/32")));
  EXPECT_THAT(list_routes(kTable).value(), SizeIs(2));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(remove_all_routes(kTable));
  EXPECT_THAT(list_routes(kTable).value(), IsEmpty());
  EXPECT_THAT(output_of("ip route list table 4410"), HasSubstr("10.8.0.0/24"));
}

TEST_F(RoutesTest, redirects_all_but_marked_packets) {
  ASSERT_TRUE(add_rule(kRule));
  for (const char* to : {"10.9.0.2", "fd09::2"}) {
    const IpAddress peer = address(to);
    const IpAddress own = address(peer.is_v6 ? "fd09::1" : "10.9.0.1");
    ASSERT_TRUE(set_blackhole(kTable, {peer, static_cast<uint8_t>(peer.size() * 8)}));
    ASSERT_TRUE(set_link_route(kTable, {peer, static_cast<uint8_t>(peer.size() * 8)}, "ct-b", own));
    const auto inner = find_way_out(peer, 0);
    const auto outer = find_way_out(peer, kMark);
    ASSERT_TRUE(inner) << inner.error().message;
    ASSERT_TRUE(outer) << outer.error().message;
    EXPECT_EQ(inner->interface, "ct-b");
    EXPECT_EQ(inner->source, own);
    EXPECT_EQ(outer->interface, "wire");
    EXPECT_EQ(outer->mtu, 1500u);
  }
}

TEST_F(RoutesTest, lets_nothing_pass_once_the_interface_is_gone) {
  ASSERT_TRUE(add_rule(kRule));
  for (const char* to : {"10.9.0.2/32", "fd09::2/128"}) {
    ASSERT_TRUE(set_blackhole(kTable, prefix(to)));
    ASSERT_TRUE(set_link_route(kTable, prefix(to), "ct-b", std::nullopt));
  }
  ASSERT_TRUE(Tun::remove("ct-b"));
  EXPECT_FALSE(find_way_out(address("10.9.0.2"), 0));
  EXPECT_FALSE(find_way_out(address("fd09::2"), 0));
  EXPECT_EQ(find_way_out(address("10.9.0.2"), kMark)->interface, "wire");
  EXPECT_EQ(find_way_out(address("fd09::2"), kMark)->interface, "wire");
  EXPECT_THAT(list_routes(kTable).value(), SizeIs(2));
}

TEST_F(RoutesTest, marked_sockets_leave_by_the_main_table) {
  ASSERT_TRUE(add_rule(kRule));
  ASSERT_TRUE(set_blackhole(kTable, prefix("10.9.0.2/32")));
  auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
  auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  const auto cells = numbered_cells(3);
  EXPECT_EQ(a.send_train(cells.data(), 3, kCell), 3u);
  EXPECT_EQ(datagrams(receive(b, 3)), 3u);
  EXPECT_EQ(b.send_train(cells.data(), 3, kCell), 3u);
  EXPECT_EQ(datagrams(receive(a, 3)), 3u);
  const FileDescriptor plain(socket(AF_INET, SOCK_DGRAM, 0));
  const SocketAddress to = socket_address(endpoint("10.9.0.2:4410"));
  EXPECT_EQ(connect(plain.get(), to.raw(), to.size), -1);
  EXPECT_EQ(errno, EINVAL) << "a blackhole";
}

TEST_F(RoutesTest, says_what_is_wrong_with_a_route) {
  EXPECT_THAT(set_link_route(kTable, prefix("10.9.0.2/32"), "ct-none", std::nullopt).error().message,
              HasSubstr("no interface of that name"));
  EXPECT_THAT(set_link_route(kTable, prefix("10.9.0.2/32"), "ct-b", address("10.99.0.1")).error().message,
              HasSubstr("is 10.99.0.1 an address of this machine?"));
  EXPECT_THAT(find_way_out(address("192.0.2.1"), 0).error().message, HasSubstr("no route to 192.0.2.1"));
}

TEST_F(RoutesTest, knows_the_machines_own_addresses) {
  std::vector<std::string> found;
  const auto all = local_addresses();
  ASSERT_TRUE(all) << all.error().message;
  for (const LocalAddress& own : *all) {
    if (own.interface == "wire")
      found.push_back(own.address.to_string() + "/" + std::to_string(own.prefix_length));
  }
  EXPECT_THAT(found, testing::IsSupersetOf({"10.9.0.1/24", "fd09::1/64"}));
  EXPECT_TRUE(find_way_out(address("10.9.0.1"), kMark)->local);
}

TEST_F(RoutesTest, sets_up_links_and_finds_them_by_their_alias) {
  LinkSettings settings;
  settings.mtu = 1400;
  settings.queue_packets = 77;
  settings.alias = alias_of_node("osd0");
  ASSERT_TRUE(set_link("ct-b", settings));
  const auto links = links_with_alias("cuttle osd0").value();
  ASSERT_THAT(links, SizeIs(1));
  EXPECT_EQ(links[0].name, "ct-b");
  EXPECT_EQ(links[0].mtu, 1400u);
  EXPECT_EQ(links[0].queue_packets, 77u);
  EXPECT_TRUE(links[0].up);
  EXPECT_TRUE(links[0].running);
  EXPECT_THAT(links_with_alias("cuttle osd").value(), IsEmpty());
  EXPECT_FALSE(set_link("ct-none", settings));
  tun_.reset();
  EXPECT_FALSE(find_link("ct-b").value()->running) << "no process holds it";
}

TEST_F(RoutesTest, reads_how_strictly_reverse_paths_are_filtered) {
  run("sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wire.rp_filter=1");
  EXPECT_EQ(reverse_path_filter("wire").value(), 1);
  run("sysctl -q -w net.ipv4.conf.all.rp_filter=2");
  EXPECT_EQ(reverse_path_filter("wire").value(), 2);
  EXPECT_FALSE(reverse_path_filter("nothing"));
  EXPECT_FALSE(reverse_path_filter("../all"));
}

}  // namespace
}  // namespace cuttle
