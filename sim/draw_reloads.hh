// The reloads of a scenario: keys that change, links that come and go.
#pragma once

#include "base/random.hh"
#include "sim/scenario.hh"

namespace cuttle::sim {

// One of a node at a time: the next one begins when its peers know of the last.
void draw_key_changes(Random& random, Scenario& scenario);
// In some runs two nodes change theirs at a time, so that those who have links with both have two of them
// renewed at once. Where runs are `compared` there are no others.
void draw_overlapping_key_changes(Random& random, Scenario& scenario, bool compared);
void draw_reloads(Random& random, Scenario& scenario, bool compared);

}  // namespace cuttle::sim
