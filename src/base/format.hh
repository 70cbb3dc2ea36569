// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace cuttle {

std::string grouped(uint64_t count);         // 12,034
std::string three_digits(double value);      // 12,035   101   9.53   0.0123
std::string short_number(double value);      // 12k   1.5M   0.2   for ticks of an axis
std::string bytes_text(double bytes);        // 2.16 TB   145 MB   63.6 kB   12 B
std::string percent(double fraction);        // 0.0123 -> 1.23 %
std::string nanoseconds_text(double value);  // 12.5 us   3.2 ms

}  // namespace cuttle
