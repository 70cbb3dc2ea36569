// What a reload makes of each link.
#include "node/reload_plan.hh"

#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "config/parse.hh"

namespace cuttle {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kFile = R"([node]
name = "a"
private_key_file = "a.key"
listen = "10.0.0.1:4410"
[[peer]]
name = "b"
public_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
endpoint = "10.0.0.2:4410"
redirect = ["10.0.0.2"]
[[peer]]
name = "c"
public_key = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
endpoint = "10.0.0.3:4410"
redirect = ["10.0.0.3"]
)";

class LinkChangesTest : public ::testing::Test {
 protected:
  static PrivateKey key_of(uint8_t byte) {
    std::array<uint8_t, kKeySize> bytes;
    bytes.fill(byte);
    return PrivateKey::from_random(bytes);
  }
  static PresharedKey psk_of(uint8_t byte) {
    std::array<uint8_t, kKeySize> bytes;
    bytes.fill(byte);
    return PresharedKey::from_random(bytes);
  }
  static NodeConfig parse(std::string_view text) {
    ParsedConfig parsed = parse_config(text, "");
    EXPECT_FALSE(parsed.problems.has_errors());
    return parsed.config;
  }
  ReloadPlan compare(const NodeConfig& other) const {
    return compare_links(now, keys, running, other, wanted_keys);
  }
  static std::vector<std::string> problems(const NodeConfig& before, const ParsedConfig& after) {
    Problems problems;
    check_unchangeable(before, after.config, after.lines, problems);
    std::vector<std::string> lines;
    for (const Problem& problem : problems.list()) lines.push_back(to_string(problem, "FILE"));
    return lines;
  }

  NodeConfig now = parse(kFile);
  NodeConfig wanted = now;
  NodeKeys keys{key_of(7), {PresharedKey(), PresharedKey()}};
  NodeKeys wanted_keys = keys;
  std::vector<std::string> running{"b", "c"};
};

TEST_F(LinkChangesTest, NothingChanged) {
  wanted.peers[0].line = 99;  // a comment above it
  const ReloadPlan changes = compare(wanted);
  EXPECT_THAT(changes.kept, ElementsAre(0, 1));
  EXPECT_TRUE(changes.only_keys());
  EXPECT_THAT(changes.rekeyed, IsEmpty());
  wanted.peers[0].joining_limit = seconds(60);  // a matter of routes
  EXPECT_THAT(compare(wanted).kept, ElementsAre(0, 1));
}

TEST_F(LinkChangesTest, OneMoreOneLess) {
  wanted.peers[0].name = "d";
  const ReloadPlan changes = compare(wanted);
  EXPECT_THAT(changes.added, ElementsAre(0));
  EXPECT_THAT(changes.kept, ElementsAre(1));
  EXPECT_THAT(changes.removed, ElementsAre("b"));
  EXPECT_FALSE(changes.only_keys());
}

TEST_F(LinkChangesTest, AnotherOrderIsNoChange) {
  std::swap(wanted.peers[0], wanted.peers[1]);
  keys.preshared = {psk_of(1), psk_of(2)};
  wanted_keys.preshared = {psk_of(2), psk_of(1)};
  EXPECT_THAT(compare(wanted).kept, ElementsAre(0, 1));
}

TEST_F(LinkChangesTest, EveryKeyCounts) {
  wanted.peers[0].next_public_key = key_of(9).public_key();
  EXPECT_THAT(compare(wanted).rekeyed, ElementsAre(0));
  wanted = now;
  wanted.peers[1].public_key = key_of(9).public_key();
  EXPECT_THAT(compare(wanted).rekeyed, ElementsAre(1));
  wanted = now;
  wanted_keys.preshared[1] = psk_of(3);
  EXPECT_THAT(compare(wanted).rekeyed, ElementsAre(1));
  wanted_keys = {key_of(8), keys.preshared};
  EXPECT_THAT(compare(wanted).rekeyed, ElementsAre(0, 1));
  EXPECT_TRUE(compare(wanted).only_keys());
}

TEST_F(LinkChangesTest, WhatAnObserverCouldSeeStartsTheLinkAnew) {
  const auto restarted = [&](auto change) {
    wanted = now;
    change(wanted.peers[1]);
    return compare(wanted).restarted == std::vector<size_t>{1} && compare(wanted).kept.size() == 1;
  };
  EXPECT_TRUE(restarted([](PeerConfig& peer) { peer.endpoint.port = 4411; }));
  EXPECT_TRUE(restarted([](PeerConfig& peer) { peer.shape.rate_bps *= 2; }));
  EXPECT_TRUE(restarted([](PeerConfig& peer) { peer.shape.cell_bytes -= 4; }));
  EXPECT_TRUE(restarted([](PeerConfig& peer) { peer.lanes = 2; }));
  EXPECT_TRUE(restarted([](PeerConfig& peer) { peer.redirect.push_back(*IpPrefix::parse("10.1.0.0/16")); }));
}

// An earlier change failed halfway: the next one tries again.
TEST_F(LinkChangesTest, ALinkThatIsMissingIsAdded) {
  running = {"c"};
  EXPECT_THAT(compare(wanted).added, ElementsAre(0));
  running = {};
  wanted.peers.pop_back();
  EXPECT_THAT(compare(wanted).removed, IsEmpty());
}

TEST_F(LinkChangesTest, WhatTakesARestartIsSaidWithItsLine) {
  ParsedConfig other = parse_config(kFile, "");
  EXPECT_THAT(problems(now, other), IsEmpty());
  std::string text(kFile);
  text.replace(text.find("4410\""), 5, "4500\"");
  text += "[runtime]\nshards = 2\n";
  // [runtime] behind [[peer]] is a table of its own in TOML.
  other = parse_config(text, "");
  ASSERT_FALSE(other.problems.has_errors());
  EXPECT_THAT(problems(now, other),
              ElementsAre(HasSubstr("FILE:4: node.listen: "), HasSubstr("runtime.shards: ")));
}

TEST_F(LinkChangesTest, AnotherLadderTakesARestart) {
  std::string text(kFile);
  text.insert(text.find("[[peer]]"), "[shape.ladder]\nrates = [\"8 Mb/s\", \"9 Mb/s\"]\n");
  const ParsedConfig other = parse_config(text, "");
  ASSERT_FALSE(other.problems.has_errors());
  EXPECT_THAT(problems(now, other), Contains(HasSubstr("shape.ladder: not what the agent runs with")));
}

// Whatever the reader knows of [node] and [runtime]: a reload that would pass over it in silence is a fault.
TEST_F(LinkChangesTest, NothingIsPassedOver) {
  const std::map<std::string, std::string> others{
      {"name", "\"z\""},
      {"listen", "\"10.0.0.9:4410\""},
      {"addresses", "[\"10.0.0.1\", \"fd00::1\"]"},
      {"accept", "[\"10.0.0.1\"]"},
      {"control_socket", "\"/z\""},
      {"status_group", "\"z\""},
      {"renew_preshared", "\"60 s\""},
      {"renewed_file", "\"/z\""},
      {"firewall_mark", "7"},
      {"route_table", "7"},
      {"rule_preference", "7"},
      {"inner_mtu", "1400"},
      {"multicast", "[\"224.0.0.18\"]"},
      {"driver", "\"seastar\""},
      {"user", "\"z\""},
      {"realtime", "false"},
      {"poll_before", "\"9 us\""},
      {"cpu_latency", "\"9 us\""},
      {"release", "\"thread\""},
      {"lead", "\"9 ms\""},
      {"segmentation", "false"},
      {"spin", "true"},
      {"shards", "2"},
      {"cpus", "[0]"},
      {"private_key_file", ""},  // which is read again
  };
  const std::string peers(kFile.substr(kFile.find("[[peer]]")));
  const std::string node(kFile.substr(0, kFile.find("[[peer]]")));
  int tables = 0;
  for (const std::string& section : {std::string("node"), std::string("runtime")}) {
    const ParsedConfig unknown = parse_config("[" + section + "]\nzzzzzzzz = 1\n", "");
    for (const Problem& problem : unknown.problems.list()) {
      const size_t list = problem.message.find("known here: ");
      if (list == std::string::npos) continue;
      ++tables;
      std::string names = problem.message.substr(list + 12);
      names.replace(names.rfind(" and "), 5, ", ");
      std::istringstream words(names);
      for (std::string key; std::getline(words, key, ',');) {
        key.erase(0, key.find_first_not_of(' '));
        ASSERT_TRUE(others.contains(key)) << "what does a reload make of " << key << "?";
        const std::string& value = others.at(key);
        if (value.empty()) continue;
        std::string text = node;
        if (const size_t at = text.find("\n" + key + " = "); at != std::string::npos) {
          text.erase(at, text.find('\n', at + 1) - at);
        }
        text += "[" + section + "]\n" + key + " = " + value + "\n" + peers;
        if (section == "node") text.erase(text.find("[node]\n", 1), 7);
        const ParsedConfig other = parse_config(text, "");
        EXPECT_FALSE(other.problems.has_errors()) << text;
        EXPECT_THAT(problems(now, other),
                    Contains(HasSubstr(section + "." + key + ": not what the agent runs with")));
      }
    }
  }
  EXPECT_EQ(tables, 2);
}

// Nothing else is taken on without root's word (RunningAgent::retry_links).
TEST_F(LinkChangesTest, AFileSaysTheSameWhereOnlyLinesMoved) {
  EXPECT_TRUE(says_the_same(now, parse("# a line more\n" + std::string(kFile))));
  NodeConfig other = now;
  other.closed = {*IpPrefix::parse("10.0.0.7")};
  EXPECT_FALSE(says_the_same(now, other));
  other = now;
  other.peers[1].line = 0;  // the mesh names it
  EXPECT_FALSE(says_the_same(now, other));
  other = now;
  other.peers[1].lanes = 2;
  EXPECT_FALSE(says_the_same(now, other));
}

TEST_F(LinkChangesTest, TheReportNamesThem) {
  wanted.peers[0].name = "d";
  const ReloadReport report = report_of(compare(wanted), wanted);
  EXPECT_EQ(to_string(report), "added d; removed b; 1 as before");
  const auto back = reload_report_from_json(to_json(report));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, report);
  for (const char* bad : {"", "[]", "{}", "{\"reloaded\":1}", "{\"reloaded\":true,\"added\":1}",
                          "{\"reloaded\":true,\"added\":[1]}"}) {
    EXPECT_FALSE(reload_report_from_json(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace cuttle
