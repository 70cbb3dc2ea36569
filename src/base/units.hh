// Rates and durations as people write them, in integers throughout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hh"

namespace cuttle {

// "200 Mb/s", "1.5 Gb/s", "64kb/s", "9000 b/s" or with "bit": bits a second, powers of 1,000. nullopt when it
// is anything else, bytes ("MB/s") and a bare number among them, or not a whole number of bits a second.
std::optional<uint64_t> parse_rate(std::string_view text);

// "200 us", "0.5 ms", "1 s", "250000ns". nullopt for anything else or parts of a nanosecond.
std::optional<Duration> parse_duration(std::string_view text);

// The same the other way round, for a person: at most four digits that count, in the largest fitting unit.
std::string format_rate(uint64_t rate_bps);
std::string format_duration(Duration duration);

}  // namespace cuttle
