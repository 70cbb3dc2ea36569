// Any text as a configuration: problems with lines inside the file, or a configuration whose shapes can be
// planned.
#include <string_view>

#include "base/check.hh"
#include "config/parse.hh"
#include "config/shape_plan.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cuttle;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParsedConfig parsed = parse_config(text, "");
  for (const Problem& problem : parsed.problems.list()) (void)to_string(problem, "fuzz.toml");
  if (parsed.problems.has_errors()) return 0;
  for (const PeerConfig& peer : parsed.config.peers) {
    const auto plan = plan_peer(parsed.config, peer);
    CUTTLE_CHECK(plan.has_value(), "a configuration without problems has shapes that can be planned");
  }
  return 0;
}
