// The second reading of a capture: every window's features.
#pragma once

#include "audit/feature_table.hh"
#include "audit/survey.hh"

namespace cuttle::audit {

struct Extraction {
  FeatureTable table;  // a row for each window of the plan
  // Packets a train -> trains, for each class of the plan, over all links.
  std::vector<std::map<uint32_t, uint64_t>> train_counts;
};

Result<Extraction> extract(const std::vector<CaptureInput>& inputs, const ReadOptions& options,
                           const Survey& surveyed, const WindowPlan& plan, Progress& progress);

}  // namespace cuttle::audit
