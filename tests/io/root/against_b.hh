// What a closes to b, for the guard and for the lock.
#pragma once

#include "io/guard.hh"
#include "udp_fixture.hh"

namespace cuttle {

constexpr uint32_t kMark = 0x10c0;

inline GuardConfig against_b(uint16_t lanes, uint32_t cell_bytes = 0) {
  GuardConfig config;
  config.peers.push_back({"ct-b",
                          {IpPrefix::parse("10.9.0.2").value(), IpPrefix::parse("fd09::2").value()},
                          endpoint("10.9.0.2:4410"),
                          lanes,
                          {},
                          cell_bytes});
  config.first_port = 4410;
  config.firewall_mark = kMark;
  return config;
}

}  // namespace cuttle
