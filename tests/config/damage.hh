// One damage: a name, a piece of the good file (bad_test.cc), what stands in its place, and the exact lines
// that come out.
#pragma once

#include <string>
#include <vector>

namespace cuttle {

struct Damage {
  std::string what;
  std::string from;
  std::string to;
  std::vector<std::string> lines;
};

}  // namespace cuttle
