// The example in docs/configuration.md is a good configuration, and its tables name every key there is.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "config/parse.hh"

namespace cuttle {
namespace {

std::string page() {
  std::ifstream file(CUTTLE_TEST_DATA "/../../docs/configuration.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Documentation, TheExampleIsGood) {
  const std::string text = page();
  const size_t begin = text.find("```toml\n");
  ASSERT_NE(begin, std::string::npos);
  const ParsedConfig parsed =
      parse_config(text.substr(begin + 8, text.find("```\n", begin + 8) - begin - 8), "");
  for (const Problem& problem : parsed.problems.list()) ADD_FAILURE() << to_string(problem, "example");
  EXPECT_EQ(parsed.config.peers.size(), 2u);
}

TEST(Documentation, EveryKeyIsInATable) {
  const ParsedConfig parsed = parse_config(
      "[node]\nzzzzzzzz = 1\n[shape]\nzzzzzzzz = 1\n[runtime]\nzzzzzzzz = 1\n[mesh]\nzzzzzzzz = "
      "1\n[[peer]]\nzzzzzzzz = 1\n",
      "");
  const std::string text = page();
  int tables = 0;
  for (const Problem& problem : parsed.problems.list()) {
    const size_t list = problem.message.find("known here: ");
    if (list == std::string::npos) continue;
    ++tables;
    std::string keys = problem.message.substr(list + 12);
    keys.replace(keys.rfind(" and "), 5, ", ");
    std::istringstream words(keys);
    for (std::string key; std::getline(words, key, ',');) {
      key.erase(0, key.find_first_not_of(' '));
      const std::string row = key == "shape" ? "## [shape] and [peer.shape]" : "\n| `" + key + "` |";
      EXPECT_THAT(text, testing::HasSubstr(row)) << key;
    }
  }
  EXPECT_EQ(tables, 5);
}

}  // namespace
}  // namespace cuttle
