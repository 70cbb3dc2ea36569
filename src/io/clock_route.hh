// IPv6's way through a clock device (clock_device.hh): whoever names the device finds a route there, and
// nobody else: "pref 99 oif DEVICE lookup TABLE" and a default route in that table. (IPv4 takes any address
// for a neighbour where a device is named and no route is found.)
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hh"

namespace cuttle {

// Present already is no error. False where there is no IPv6, on the machine or the device. `preference`:
// before any rule that leads elsewhere.
Result<bool> set_clock_route(uint32_t table, uint32_t preference, std::string_view device);
Result<bool> clock_route_is_whole(uint32_t table, uint32_t preference, std::string_view device);
// Of whatever table. Absent already is no error.
Result<void> remove_clock_route(std::string_view device);

}  // namespace cuttle
