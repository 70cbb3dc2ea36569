// The native driver: shards of three threads each (shard.hh), and the lanes spread over them.
#pragma once

#include <memory>

#include "node/driver.hh"

namespace cuttle {

std::unique_ptr<Driver> make_native_driver(const NodeConfig& config, const WakeUp& handshakes);

}  // namespace cuttle
