// How much memory can still be had, for who takes much of it at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cuttle {

// Without swapping: of the machine's, and of what the control groups of this process are held to. Nothing
// where the kernel does not say. `root`: in whose proc and sys it is looked up.
std::optional<uint64_t> available_memory_bytes(const std::string& root = "");

}  // namespace cuttle
