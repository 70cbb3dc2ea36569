// What was closed, as a text and as a configuration.
#include "node/closed_address.hh"

#include <gmock/gmock.h>

namespace cuttle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

ClosedAddress closed(const char* text) {
  return ClosedAddress::parse(text).value();
}

std::string without_host_bits(std::string text) {
  for (const std::string bits : {"/32", "/128"}) {
    if (const size_t at = text.find(bits); at != std::string::npos) text.erase(at, bits.size());
  }
  return text;
}

NodeConfig node(const std::vector<ClosedAddress>& peers) {
  NodeConfig config;
  for (const ClosedAddress& one : peers) {
    PeerConfig peer;
    peer.name = std::string(1, static_cast<char>('b' + config.peers.size()));
    peer.redirect = {one.prefix};
    peer.ports = one.ports;
    config.peers.push_back(peer);
  }
  return config;
}

// "b 10.0.0.2", "Earlier0 10.0.0.0/25=tcp 3300"
std::vector<std::string> texts(const NodeConfig& config) {
  std::vector<std::string> result;
  for (const PeerConfig& peer : config.peers) {
    for (const IpPrefix& prefix : peer.redirect) {
      result.push_back(peer.name + " " + without_host_bits(ClosedAddress{prefix, peer.ports}.to_string()));
    }
  }
  return result;
}

TEST(ClosedAddress, HasATextThatIsReadAgain) {
  for (const char* text :
       {"10.0.0.2", "10.0.0.0/24", "fd00::/64=tcp 3300", "10.0.0.2=tcp 6800-7300,udp 500"}) {
    EXPECT_EQ(without_host_bits(closed(text).to_string()), text);
    EXPECT_EQ(closed(closed(text).to_string().c_str()), closed(text));
  }
  for (const char* bad : {"", "=", "10.0.0.2=", "10.0.0.2=tcp 1,", "x=tcp 1", "10.0.0.2=,tcp 1"}) {
    EXPECT_FALSE(ClosedAddress::parse(bad)) << bad;
  }
}

TEST(ClosedAddress, NothingElseIsClosedAndEachByItsOwner) {
  const NodeConfig config = node({closed("10.0.0.2"), closed("10.0.0.3=tcp 3300"), closed("10.0.0.4")});
  EXPECT_THAT(texts(closing_only(config, {closed("10.0.0.2"), closed("10.0.0.3=tcp 3300")})),
              ElementsAre("b 10.0.0.2", "c 10.0.0.3=tcp 3300"));
  EXPECT_THAT(texts(closing_only(config, {closed("10.0.0.2=udp 7"), closed("10.9.0.0/24")})),
              UnorderedElementsAre("b 10.0.0.2=udp 7", "Earlier0 10.9.0.0/24"));
  EXPECT_THAT(texts(closing_only(config, {closed("10.0.0.0/30=tcp 1"), closed("10.0.0.2")})),
              UnorderedElementsAre("b 10.0.0.2", "c 10.0.0.0/31=tcp 1", "c 10.0.0.3=tcp 1"));
  EXPECT_THAT(texts(closing_only(config, {})), IsEmpty());
}

TEST(ClosedAddress, WhatNoPeerHasIsClosedBeside) {
  const NodeConfig config = node({closed("10.0.0.2"), closed("10.0.0.3=tcp 3300")});
  EXPECT_THAT(texts(closing_also(config, {closed("10.0.0.2"), closed("10.0.0.3")})),
              ElementsAre("b 10.0.0.2", "c 10.0.0.3"))
      << "all of it was closed";
  EXPECT_THAT(texts(closing_also(config, {closed("10.0.0.3=udp 7")})),
              ElementsAre("b 10.0.0.2", "c 10.0.0.3"));
  EXPECT_THAT(texts(closing_also(config, {closed("10.0.0.3=tcp 3300")})),
              ElementsAre("b 10.0.0.2", "c 10.0.0.3=tcp 3300"));
  EXPECT_THAT(texts(closing_also(config, {closed("10.0.0.0/30"), closed("fd00::1=udp 7")})),
              ElementsAre("b 10.0.0.2", "c 10.0.0.3", "Earlier0 10.0.0.0/31", "Earlier1 fd00::1=udp 7"));
  EXPECT_THAT(texts(closing_also(node({}), {closed("10.0.0.2")})), ElementsAre("Earlier0 10.0.0.2"));
  EXPECT_TRUE(closes_the_same(config, closing_also(config, {closed("10.0.0.2")})));
  EXPECT_FALSE(closes_the_same(config, closing_also(config, {closed("10.0.0.3")}))) << "other ports";
  EXPECT_FALSE(closes_the_same(config, closing_also(config, {closed("10.0.0.4")})));
}

}  // namespace
}  // namespace cuttle
