// What a lane's two sides tell Seastar's metrics, each on its own shard. The names follow Prometheus's
// conventions; Seastar puts its prefix before them (seastar_cuttle_cells_sent_total ...).
#pragma once

#include <seastar/core/metrics_registration.hh>
#include <string>

#include "engine/lane.hh"

namespace cuttle {

// Until `groups` goes, before the lane does.
void add_sending_metrics(seastar::metrics::metric_groups& groups, const Lane& lane, const std::string& peer);
void add_receiving_metrics(seastar::metrics::metric_groups& groups, const Lane& lane,
                           const std::string& peer);

}  // namespace cuttle
