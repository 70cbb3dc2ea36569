#include "control/metrics_address.hh"

#include <fmt/format.h>

namespace cuttle {

namespace {

bool is_loopback(const IpAddress& address) {
  return address.is_v6 ? address == *IpAddress::parse("::1") : address.bytes[0] == 127;
}

}  // namespace

Result<Endpoint> parse_metrics_address(const std::string& option, const std::string& text,
                                       const std::string& example, bool reveal) {
  const auto listen = Endpoint::parse(text);
  if (!listen || listen->port == 0) {
    return failure(fmt::format("{} {}: not an address and port; write {}", option, text, example));
  }
  if (!reveal && !is_loopback(listen->address)) {
    return failure(
        fmt::format("{} {}: whoever reads the metrics learns what the links hide, how much they carry and "
                    "when; say --reveal if this address is safe",
                    option, text));
  }
  return *listen;
}

}  // namespace cuttle
