// Damaged configurations, and the exact lines that come out.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "config/parse.hh"
#include "damages.hh"
#include "damages_of_peers.hh"

namespace cuttle {
namespace {

constexpr std::string_view kGood = R"([node]
name = "osd0"
private_key_file = "/etc/cuttle/osd0.key"
listen = "10.77.0.11:4410"
[shape]
rate = "200 Mb/s"
slot = "200 us"
cell = 1472
jitter = 0
[runtime]
shards = 1
[[peer]]
name = "mon"
public_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
endpoint = "10.77.0.10:4410"
redirect = ["10.77.0.10"]
lanes = 1
[[peer]]
name = "osd1"
public_key = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
endpoint = "10.77.0.12:4410"
redirect = ["10.77.0.12", "10.77.8.0/24"]
)";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> lines;
  const ParsedConfig parsed = parse_config(text, "");
  for (const Problem& problem : parsed.problems.list()) lines.push_back(to_string(problem, "F"));
  return lines;
}

class BadConfig : public testing::TestWithParam<Damage> {};

TEST_P(BadConfig, SaysExactly) {
  EXPECT_THAT(problems_of(replaced(GetParam().from, GetParam().to)),
              testing::ElementsAreArray(GetParam().lines));
}

std::string name_of(const testing::TestParamInfo<Damage>& row) {
  return row.param.what;
}
INSTANTIATE_TEST_SUITE_P(Damages, BadConfig, testing::ValuesIn(damages()), name_of);
INSTANTIATE_TEST_SUITE_P(DamagesOfPeers, BadConfig, testing::ValuesIn(damages_of_peers()), name_of);

TEST(BadFile, TheUndamagedOneIsGood) {
  EXPECT_THAT(problems_of(kGood), testing::IsEmpty());
}

TEST(BadFile, Empty) {
  EXPECT_THAT(
      problems_of(""),
      testing::ElementsAre("F: [node] is missing: name, private_key_file and listen of this node",
                           "F: [[peer]] is missing: name, public_key, endpoint and redirect of every peer"));
}

TEST(BadFile, OnePeerAsAPlainTable) {
  const std::string text = std::string(kGood.substr(0, kGood.find("[[peer]]"))) + "[peer]\nname = \"mon\"\n";
  EXPECT_THAT(problems_of(text),
              testing::ElementsAre("F:12: peer: must be a list of tables; begin each peer with [[peer]]"));
}

TEST(BadFile, NoPeersInTheList) {
  const std::string text = "peer = []\n" + std::string(kGood.substr(0, kGood.find("[[peer]]")));
  EXPECT_THAT(problems_of(text), testing::ElementsAre("F:1: peer: 0 of them; there can be 1 to 1024"));
}

TEST(BadFile, CellThatIpv6DoesNotCarry) {
  EXPECT_THAT(problems_of("[node]\nname = \"a\"\nprivate_key_file = \"a\"\nlisten = \"[fd00::1]:4410\"\n"
                          "[shape]\ncell = 8956\n"
                          "[[peer]]\nname = \"b\"\nendpoint = \"[fd00::2]:4410\"\nredirect = [\"fd00::2\"]\n"
                          "public_key = \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"\n"),
              testing::ElementsAre("F:6: shape.cell = 8956: too large for IPv6; 8952 is the most"));
}

// Whatever bytes the file holds: problems or none, but one line each and no crash.
TEST(BadFile, EveryTruncationAndFlipIsSurvived) {
  for (size_t i = 0; i < kGood.size(); ++i) {
    std::string flipped(kGood);
    flipped[i] = static_cast<char>(flipped[i] ^ 0x81);
    for (const std::string& line : problems_of(flipped))
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    for (const std::string& line : problems_of(kGood.substr(0, i))) {
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    }
  }
}

}  // namespace
}  // namespace cuttle
