// Interfaces in a namespace of their own.
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <vector>

#include "io/links.hh"
#include "io/tun.hh"
#include "namespace.hh"

namespace cuttle {

class TunTest : public RootTest {
 protected:
  void SetUp() override {
    RootTest::SetUp();
    if (IsSkipped()) return;
    node_ = std::make_unique<Namespace>();
    inside_ = std::make_unique<Inside>(*node_);
  }
  std::unique_ptr<Namespace> node_;
  std::unique_ptr<Inside> inside_;
};

struct Packet {
  ssize_t got = 0;
  VirtioHeader header;
  std::vector<uint8_t> bytes;
};

// The next packet within a second.
inline Packet read_packet(Tun& tun) {
  Packet packet;
  packet.bytes.resize(kLargestTunPacketBytes);
  pollfd entry{tun.fd(), POLLIN, 0};
  poll(&entry, 1, 1000);
  const iovec pieces[] = {{&packet.header, kVirtioHeaderBytes}, {packet.bytes.data(), packet.bytes.size()}};
  packet.got = tun.readv(pieces);
  packet.bytes.resize(packet.got < 10 ? 0 : static_cast<size_t>(packet.got) - kVirtioHeaderBytes);
  return packet;
}

inline void bring_up(const std::string& name) {
  ASSERT_TRUE(set_link(name, {.up = true, .quiet_ipv6 = true}));
  run("ip addr add 10.1.0.1 peer 10.1.0.2 dev " + name);
}
}  // namespace cuttle
