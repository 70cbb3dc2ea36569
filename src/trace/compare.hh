// The same operation plain and shaped, step by step. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hh"
#include "trace/step.hh"

namespace cuttle::trace {

struct Distribution {
  size_t count = 0;
  int64_t median_ns = 0;
  int64_t p99_ns = 0;
};

// Of the values that there are, by nearest rank; none of none.
std::optional<Distribution> distribution(std::vector<int64_t> values);

struct StepComparison {
  std::string id;
  std::string lane;
  std::string title;
  int crossings = 0;  // of links, in the shaped traces
  std::optional<Distribution> plain;
  std::optional<Distribution> shaped;
};

// How much of a difference comes from links. By the schedule, a packet waits for the next release: nothing to
// a whole slot, half a slot on average where it comes at any time; a payload of several slots' cells waits
// for those too. And as measured: what the steps that cross links took longer.
struct SlotShare {
  int64_t difference_ns = 0;  // of the medians
  int crossings = 0;          // on the client's path, one after the other
  int64_t slot_ns = 0;
  int64_t expected_ns = 0;    // crossings * slot / 2
  int64_t carrying_ns = 0;    // further slots that the payload takes
  int64_t measured_ns = 0;    // added by the client's steps that cross links
  double waiting_share = 0;   // (expected + carrying) / difference; above 1 where the measurement is noisy
  double measured_share = 0;  // measured / difference
};

struct Comparison {
  std::string lead;
  std::vector<std::string> summary;  // sentences with the figures
  std::vector<StepComparison> steps;
  Distribution plain_total;
  Distribution shaped_total;
  Distribution plain_operation;  // the librados call alone
  Distribution shaped_operation;
  std::optional<SlotShare> whole;  // none when no link of the shaped traces is known
  std::optional<SlotShare> operation;
};

// Fails when one side has no trace that succeeded, or they are of different operations.
Result<Comparison> compare(const std::vector<Trace>& plain, const std::vector<Trace>& shaped);

std::string to_json(const Comparison& comparison);
std::string to_string(const Comparison& comparison);

}  // namespace cuttle::trace
