// Tests that need no model: rare events that one class has more of, and the single feature that differs most.
// They find what a classifier on windows is too coarse for, such as a slot left out every few minutes.
#pragma once

#include <string>
#include <vector>

#include "audit/feature_table.hh"
#include "audit/pair.hh"

namespace cuttle::audit {

struct EventTest {
  Event event = Event::skipped_slot;
  double per_window[2] = {0, 0};  // mean over the windows of each class
  double p = 1;                   // by shuffling the classes of whole blocks
};
std::vector<EventTest> test_events(const FeatureTable& table, const Pair& pair, uint64_t seed);

struct FeatureTest {
  size_t column = 0;
  std::string name;
  double auc = 0.5;  // of this feature alone; below 0.5: smaller in class 1
  double p = 1;      // that the best of all features is so good by chance, by shuffling blocks
};
FeatureTest test_features(const FeatureTable& table, const Pair& pair, uint64_t seed);

}  // namespace cuttle::audit
