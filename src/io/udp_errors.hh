// What the kernel counts of all UDP datagrams of this network namespace, both IP versions. Source: proc(5),
// "/proc/net/snmp".
#pragma once

#include <cstdint>

namespace cuttle {

// Dropped because their checksum was wrong. 0 where the kernel does not say.
uint64_t udp_checksum_errors();

}  // namespace cuttle
