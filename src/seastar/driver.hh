// The Seastar driver: the lanes of a node on the reactors of Seastar, links spread over its shards. The
// agent's handshakes and its control stay threads of their own beside them: a key agreement takes as long as
// a slot and more, a look at nftables milliseconds, and neither has a place on a reactor that keeps time.
#pragma once

#include <memory>

#include "node/driver.hh"
#include "seastar/options.hh"
#include "seastar/settings.hh"

namespace cuttle {

// `settings`: seastar_settings() of the two; the driver takes them over.
MakeDriver make_seastar_driver(const SeastarOptions& options, std::shared_ptr<SeastarSettings> settings);

}  // namespace cuttle
