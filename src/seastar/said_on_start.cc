#include "seastar/said_on_start.hh"

#include <iostream>
#include <utility>

namespace cuttle {

SaidOnStart::SaidOnStart() : before_(std::cerr.rdbuf(said_.rdbuf())) {}

std::string SaidOnStart::end() {
  if (before_ != nullptr) std::cerr.rdbuf(std::exchange(before_, nullptr));
  std::istringstream lines(said_.str());
  std::string last = "it does not say why";
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace cuttle
