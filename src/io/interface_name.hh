// What Cuttle accepts as the name of an interface: what it creates itself, and nothing that could mean more
// than a name in the text of a firewall rule.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hh"

namespace cuttle {

// What the names of devices begin with whose queues keep time (clock_device.hh).
inline constexpr std::string_view kClockDevicePrefix = "cuttle-clock";
inline constexpr size_t kLongestInterfaceName = 15;  // IFNAMSIZ less the terminating zero

inline Result<void> check_interface_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  if (name.empty() || name.size() > kLongestInterfaceName ||
      name.find_first_not_of(kAllowed) != std::string_view::npos || name == "." || name == "..") {
    return failure("interface name '" + std::string(name) +
                   "': 1 to 15 characters of letters, digits, '_', '.' and '-' are possible");
  }
  return {};
}

}  // namespace cuttle
