// The observations that the lab recorded: Ceph 16.2.15 (Debian 12) and 18.2.7 (Debian 13). `cuttle trace put
// ... --keep FOLDER` makes such a folder.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trace/assemble.hh"
#include "trace/observation_files.hh"
#include "trace/step.hh"

namespace cuttle::trace {

inline Observation recorded(const std::string& name) {
  auto observation = load_observation(std::string(CUTTLE_TEST_DATA) + "/recorded/" + name);
  if (!observation) {
    ADD_FAILURE() << observation.error().message;
    return {};
  }
  return std::move(*observation);
}

inline const Step* find_step(const Trace& trace, const std::string& id) {
  for (const Step& step : trace.steps) {
    if (step.id == id) return &step;
  }
  return nullptr;
}

inline bool any_contains(const std::vector<std::string>& texts, const std::string& part) {
  for (const std::string& text : texts) {
    if (text.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace cuttle::trace
