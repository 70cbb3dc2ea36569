// The guard as a table: what it says of itself, whether it is whole, and how it comes and goes.
#include <gmock/gmock.h>

#include "guard_fixture.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

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

// Somebody saved the ruleset once, and loads it again when the addresses are others.
TEST_F(GuardTest, is_told_from_one_for_other_addresses_and_from_one_that_was_added_to) {
  GuardConfig other = guard_against_b();
  other.peers[0].prefixes[0] = IpPrefix::parse("10.9.0.77").value();
  apply(other);
  const Inside inside(*a_);
  EXPECT_FALSE(guard_is_whole(guard_against_b()).value());
  apply(guard_against_b());
  EXPECT_TRUE(guard_is_whole(guard_against_b()).value());
  run("nft insert rule inet cuttle exit accept");
  EXPECT_FALSE(guard_is_whole(guard_against_b()).value());
}

TEST_F(GuardTest, says_what_it_closes_and_names_nobody_else) {
  GuardConfig config = guard_against_b();
  config.peers[0].prefixes = {IpPrefix::parse("10.9.0.2").value(), IpPrefix::parse("10.10.0.0/16").value(),
                              IpPrefix::parse("fd09::/64").value()};
  GuardPeer open = config.peers[0];
  open.interface = "ct-open";
  open.prefixes.clear();
  config.peers.push_back(open);
  apply(config);
  const Inside inside(*a_);
  const std::string interface = config.peers[0].interface;
  std::vector<GuardedPrefix> expected;
  for (const IpPrefix& prefix : config.peers[0].prefixes) expected.push_back({prefix, interface});
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(guarded_prefixes().value(), expected);
  EXPECT_EQ(guard_counts().value().size(), 1u);
  EXPECT_TRUE(guard_is_whole(config).value());
  config.peers[0].prefixes = {IpPrefix::parse("0.0.0.0/0").value()};
  apply(config);
  EXPECT_EQ(guarded_prefixes().value().at(0).prefix, IpPrefix::parse("0.0.0.0/0").value());
  ASSERT_TRUE(remove_guard());
  EXPECT_TRUE(guarded_prefixes().value().empty());
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
