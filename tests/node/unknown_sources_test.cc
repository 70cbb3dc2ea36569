// Which ports a node holds, and whose matter it is when one cannot be had.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/file_descriptor.hh"
#include "node/doors.hh"

namespace cuttle {
namespace {

// A socket of another program's, at that port; at any that is free where it is 0.
FileDescriptor neighbour(uint16_t& port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket.get(), generic, size), 0);
  EXPECT_EQ(::getsockname(socket.get(), generic, &size), 0);
  port = ntohs(address.sin_port);
  return socket;
}

class UnknownSourcesTest : public testing::Test {
 protected:
  UnknownSourcesTest() {
    config_.listen = {*IpAddress::parse("127.0.0.1"), 0};
    config_.mesh.emplace();
  }
  void add_peer(uint32_t lanes, uint32_t line) {
    PeerConfig peer;
    peer.lanes = lanes;
    peer.line = line;
    config_.peers.push_back(peer);
  }
  NodeConfig config_;
};

// Before anybody is named, or a neighbour could take it and keep everybody out.
TEST_F(UnknownSourcesTest, InAMeshTheFirstPortIsHeldFromTheStart) {
  neighbour(config_.listen.port);  // it is free again
  const auto held = open_unknown_sources(config_, 0, {});
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held->size(), 1U);
  config_.mesh.reset();
  EXPECT_TRUE(open_unknown_sources(config_, 0, {})->empty());
}

TEST_F(UnknownSourcesTest, WhatOnlyTheMeshsPeersNeedFailsForThemAlone) {
  const FileDescriptor other = neighbour(config_.listen.port);
  add_peer(2, 0);
  const auto held = open_unknown_sources(config_, 0, {});
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_TRUE(held->empty());
  // Root's own have to be carried.
  add_peer(1, 7);
  EXPECT_FALSE(open_unknown_sources(config_, 0, {}));
}

// The one before it is held all the same.
TEST_F(UnknownSourcesTest, TheSecondPortMayBeAnothers) {
  uint16_t second = 0;
  const FileDescriptor other = neighbour(second);
  config_.listen.port = static_cast<uint16_t>(second - 1);
  add_peer(3, 0);
  add_peer(1, 7);
  const auto held = open_unknown_sources(config_, 0, {});
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held->size(), 1U);
}

}  // namespace
}  // namespace cuttle
