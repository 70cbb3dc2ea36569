#include "control/metrics_address.hh"

#include <fmt/format.h>

namespace cuttle {

Result<Endpoint> parse_metrics_address(const std::string& option, const std::string& text,
                                       const std::string& example, bool reveal) {
  const auto listen = Endpoint::parse(text);
  if (!listen || listen->port == 0) {
    return failure(fmt::format("{} {}: not an address and port; write {}", option, text, example));
  }
  if (!reveal && !listen->address.is_loopback()) {
    return failure(
        fmt::format("{} {}: whoever reads the metrics learns what the links hide, how much they carry and "
                    "when; say --reveal if this address is safe",
                    option, text));
  }
  return *listen;
}

}  // namespace cuttle
