// What the demo promises, and whether it held.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/demo/observation.hh"

namespace cuttle::report {

struct DemoResult {
  nlohmann::json facts;  // "hello" and "ceph", from the lab
  Observation plain;
  Observation shaped;
  capture::CellShape shape;
};

inline constexpr double kLargestRateDifference = 0.01;  // between idle and busy, as a share

// |busy - idle| / idle; 1 when nothing was sent while idle.
double rate_difference(const LinkObservation& link);

struct Promise {
  std::string text;                 // what must hold
  std::vector<std::string> broken;  // one line for each place where it does not
};
std::vector<Promise> check_promises(const DemoResult& result);
std::vector<std::string> broken_lines(const std::vector<Promise>& promises);

nlohmann::json demo_json(const DemoResult& result);
std::string demo_page(const DemoResult& result);
std::string demo_table(const DemoResult& result);  // for the terminal

}  // namespace cuttle::report
