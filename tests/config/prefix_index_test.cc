#include "config/prefix_index.hh"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "config/parse.hh"

namespace cuttle {
namespace {

// Few bits, so that they meet: IPv4 and IPv6 with the same ones.
IpPrefix any_prefix(std::mt19937& random) {
  IpPrefix prefix;
  prefix.address.is_v6 = random() % 2 == 0;
  prefix.length = static_cast<uint8_t>(random() % 11);
  const uint32_t address = (static_cast<uint32_t>(random() % 1024) << 22) &
                           ~(prefix.length == 0 ? 0xffffffffU : 0xffffffffU >> prefix.length);
  for (size_t i = 0; i < 4; ++i) prefix.address.bytes[i] = static_cast<uint8_t>(address >> (24 - 8 * i));
  return prefix;
}

// Against a look at each.
TEST(PrefixIndex, FindsTheFirstThatOverlaps) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<IpPrefix> prefixes(random() % 40);
    for (IpPrefix& prefix : prefixes) prefix = any_prefix(random);
    const PrefixIndex index(prefixes);
    for (int i = 0; i < 40; ++i) {
      const IpPrefix other = any_prefix(random);
      const auto slow = std::find_if(prefixes.begin(), prefixes.end(),
                                     [&](const IpPrefix& one) { return one.overlaps(other); });
      const auto found = index.first_overlapping(other);
      ASSERT_EQ(found.value_or(prefixes.size()), static_cast<size_t>(slow - prefixes.begin()))
          << other.to_string();
    }
  }
}

// As many as a file can hold: the helper and the agent read it within seconds, on a slow machine, too.
TEST(PrefixIndex, ALongPeersFileIsReadSoon) {
  std::string peers;
  std::string closed;
  const auto address = [](int number) {
    return "\"10." + std::to_string(number >> 16) + "." + std::to_string((number >> 8) & 255) + "." +
           std::to_string(number & 255) + "\"";
  };
  for (int i = 0; i < 1000; ++i) {
    std::string key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
    key[0] = static_cast<char>('A' + i % 26);
    key[1] = static_cast<char>('A' + i / 26 % 26);
    key[2] = static_cast<char>('A' + i / 676);
    const std::string endpoint = address(65536 + i);
    peers += "[[peer]]\nname = \"h" + std::to_string(i) + "\"\npublic_key = \"" + key +
             "\"\nendpoint = " + endpoint.substr(0, endpoint.size() - 1) + ":4410\"\nredirect = [";
    for (int j = 0; j < 24; ++j) peers += (j == 0 ? "" : ", ") + address(131072 + i * 24 + j);
    peers += "]\n";
    for (int j = 0; j < 20; ++j) closed += (closed.empty() ? "" : ", ") + address(262144 + i * 20 + j);
  }
  const std::string text = "closed = [" + closed + "]\n" + peers;
  const std::string root =
      "[node]\nname = \"osd0\"\nprivate_key_file = \"k\"\nlisten = \"192.168.0.1:4410\"\n[mesh]\npeers = "
      "\"/p\"\n";
  const auto begin = std::chrono::steady_clock::now();
  const ParsedConfig parsed = parse_config(root, "", PeersText{text});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (const Problem& problem : parsed.problems.list()) ADD_FAILURE() << to_string(problem, "file");
  EXPECT_EQ(parsed.config.peers.size(), 1000u);
  RecordProperty("seconds", std::to_string(took.count()));
  EXPECT_LT(took.count(), 3.0);
}

}  // namespace
}  // namespace cuttle
