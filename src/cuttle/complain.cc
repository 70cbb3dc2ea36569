#include <fmt/format.h>

#include "cuttle/commands.hh"

namespace cuttle {

void complain(const LoadedConfig& loaded) {
  for (const std::string& line : loaded.problem_lines()) fmt::print(stderr, "{}\n", line);
}

}  // namespace cuttle
