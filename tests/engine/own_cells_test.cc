// A link's own cells are told from everything else that goes into it.
#include "engine/own_cells.hh"

#include <gtest/gtest.h>

#include <vector>

namespace cuttle {
namespace {

std::vector<uint8_t> udp(const Endpoint& from, const Endpoint& to) {
  const bool v6 = to.address.is_v6;
  const size_t header = v6 ? 40 : 20;
  std::vector<uint8_t> packet(header + 8 + 100);
  packet[0] = v6 ? 0x60 : 0x45;
  if (v6) {
    store_be16(&packet[4], static_cast<uint16_t>(packet.size() - 40));
  } else {
    store_be16(&packet[2], static_cast<uint16_t>(packet.size()));
  }
  packet[v6 ? 6 : 9] = 17;
  std::copy_n(from.address.bytes.begin(), from.address.size(), &packet[v6 ? 8 : 12]);
  std::copy_n(to.address.bytes.begin(), to.address.size(), &packet[v6 ? 24 : 16]);
  store_be16(&packet[header], from.port);
  store_be16(&packet[header + 2], to.port);
  return packet;
}

TEST(OwnCells, ByAddressPortsAndLanes) {
  for (const bool v6 : {false, true}) {
    const auto at = [&](int host, uint16_t port) {
      return *Endpoint::parse(v6 ? "[fd00::" + std::to_string(host) + "]:" + std::to_string(port)
                                 : "10.0.0." + std::to_string(host) + ":" + std::to_string(port));
    };
    const CellEnds ends{at(2, 4500), 4410, 2};
    const auto is_own = [&](const Endpoint& from, const Endpoint& to) {
      const auto packet = udp(from, to);
      return is_own_cell(packet, packet.size(), ends);
    };
    EXPECT_TRUE(is_own(at(1, 4410), at(2, 4500)));
    EXPECT_TRUE(is_own(at(1, 4411), at(2, 4501)));
    EXPECT_FALSE(is_own(at(1, 4412), at(2, 4502)));  // no lane of it
    EXPECT_FALSE(is_own(at(1, 4410), at(3, 4500)));  // to somebody else
    EXPECT_FALSE(is_own(at(1, 4410), at(2, 53)));
    EXPECT_FALSE(is_own(at(1, 53), at(2, 4500)));
    auto tcp = udp(at(1, 4410), at(2, 4500));
    tcp[v6 ? 6 : 9] = 6;
    EXPECT_FALSE(is_own_cell(tcp, tcp.size(), ends));
    EXPECT_FALSE(is_own_cell(Bytes(), 0, ends));
  }
}

}  // namespace
}  // namespace cuttle
