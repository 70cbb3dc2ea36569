// mesh_entries FIRST COUNT: what puts so many hosts into the monitors' store, for tests/mesh/many_test.sh:
// commands for the monitor, one JSON object a line. Host N is fN at 10.98.0.N, proved with an identity that
// is nobody's secret.
#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "../mesh/nodes.hh"

using namespace cuttle::mesh;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int first = std::atoi(argv[1]);
  const int count = std::atoi(argv[2]);
  for (int number = first; number < first + count; ++number) {
    TestHost host = test_host(number, fmt::format("f{}", number));
    host.entry.endpoint.address = address(fmt::format("10.98.0.{}", number));
    host.entry.addresses = {host.entry.endpoint.address};
    host.say_anew();
    const nlohmann::json command{
        {"prefix", "config-key set"}, {"key", "cuttle/peer/" + host.entry.host}, {"val", host.to_string()}};
    fmt::print("{}\n", command.dump());
  }
}
