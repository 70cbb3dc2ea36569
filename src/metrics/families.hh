// What agents say of themselves as Prometheus's metrics. Names and units follow Prometheus's conventions:
// base units (seconds, bytes), _total for counters. docs/metrics.md lists them; a test holds the two
// together. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

#include "control/status.hh"

namespace cuttle::metrics {

struct AgentAnswer {
  std::string node;                      // as its socket is called, where it did not answer
  std::optional<StatusSnapshot> status;  // none: it did not answer
};

std::vector<prometheus::MetricFamily> families(const std::vector<AgentAnswer>& agents);

}  // namespace cuttle::metrics
