// Numbers as a person reads them in a table.
#pragma once

#include <cstdint>
#include <string>

namespace cuttle {

// "0 B", "999 B", "1.21 KiB", "37.4 GiB": powers of 1,024, three digits that count.
std::string human_bytes(uint64_t bytes);

// "17 s", "4 min 2 s", "3 h 12 min", "9 d 4 h": the two largest units.
std::string human_age(uint64_t seconds);

// "37.5 %"; "-" when there is nothing to be a part of.
std::string human_share(uint64_t part, uint64_t whole);

}  // namespace cuttle
