// The attacker that is handed the draws: who knows when each release was to leave sees the host's lateness
// alone. How much better it guesses than the others is what rests on the draws staying secret.
#pragma once

#include "audit/progress.hh"
#include "audit/residual_table.hh"
#include "audit/schedule.hh"
#include "audit/sequences.hh"

namespace cuttle::audit {

struct DrawsTables {
  Matrix values;                   // a row each window: lateness against the draws, of each link and sender
  std::vector<std::string> names;  // of the columns
  Matrix convolved;                // random convolutions of the lateness
  size_t links = 0;                // whose draws are known
};

// Errors: a schedule of a link that is not in the capture, or that does not fit it.
Result<DrawsTables> make_draws_tables(const std::vector<ScheduledLink>& schedules,
                                      const std::vector<ReleaseSource>& sources, const FeatureTable& table,
                                      const capture::NodeList& nodes, uint64_t seed, Progress& progress);

}  // namespace cuttle::audit
