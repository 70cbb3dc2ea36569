// A link between two keys for tests without network: nothing comes out of its interface, and what is to be
// sent waits in its rings, for no thread serves its lane.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "config/parse.hh"
#include "door_to_nowhere.hh"
#include "node/assemble.hh"

namespace cuttle {

struct TwoKeys {
  PrivateKey initiator;
  PrivateKey responder;
};

inline PrivateKey key_of(uint8_t number) {
  std::array<uint8_t, kKeySize> bytes{};
  bytes[1] = number;
  return PrivateKey::from_random(bytes);
}

inline TwoKeys two_keys() {
  PrivateKey one = key_of(1);
  PrivateKey other = key_of(2);
  if (other.public_key() < one.public_key()) std::swap(one, other);
  return {one, other};
}

// Another peer's, whom a node with the key `own` asks as well.
inline PublicKey key_above(const PublicKey& own) {
  uint8_t number = 3;
  while (key_of(number).public_key() < own) ++number;
  return key_of(number).public_key();
}

inline std::unique_ptr<NodeLink> link_to_nowhere(const PrivateKey& own, const PrivateKey& peer) {
  const ParsedConfig parsed = parse_config(
      fmt::format("[node]\nname = \"a\"\nprivate_key_file = \"a.key\"\nlisten = \"10.0.0.1:4410\"\n"
                  "[[peer]]\nname = \"b\"\npublic_key = \"{}\"\nendpoint = \"10.0.0.2:4410\"\n"
                  "redirect = [\"10.0.0.2\"]\n",
                  peer.public_key().to_string()),
      "");
  EXPECT_FALSE(parsed.problems.has_errors());
  const NodeKeys keys{own, {PresharedKey::from_random(std::array<uint8_t, kKeySize>{})}};
  auto link = assemble_link({parsed.config, keys, AeadBackend::openssl, SealCost({}, {}), nullptr}, 0,
                            [](size_t /*peer*/) {
                              std::vector<LaneDoor> lanes;
                              lanes.push_back(door_to_nowhere());
                              return Result<std::vector<LaneDoor>>(std::move(lanes));
                            });
  CUTTLE_CHECK(link.has_value(), "a link to nowhere needs nothing");
  return std::move(*link);
}

}  // namespace cuttle
