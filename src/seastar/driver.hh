// The Seastar driver: the lanes of a node on the reactors of Seastar, links spread over its shards. The
// agent's control thread stays what it is, a thread of its own beside them: a key agreement takes as long as
// a slot and more, a look at nftables milliseconds, and neither has a place on a reactor that keeps time.
#pragma once

#include <memory>

#include "node/driver.hh"
#include "seastar/options.hh"

namespace cuttle {

MakeDriver make_seastar_driver(const SeastarOptions& options);

}  // namespace cuttle
