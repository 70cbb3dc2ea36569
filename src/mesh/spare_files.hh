// Room on the disk that is held for the day on which another user has filled it, so that a revocation can
// still be written down: BEGINNING0 and so on, of a node of its own, whose lock whoever uses them has, or
// another would take for broken what is just being written. What has to be written goes into such a file,
// whose blocks are there already, and that takes the other's name; room that was merely set free, whoever
// fills the disk would take first. Used by the folder's owner alone. Touches the disk. Source:
// posix_fallocate(3).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hh"

namespace cuttle::mesh {

inline constexpr int kSpareFiles = 4;           // writes of one look of cuttle-mesh's, at most
inline constexpr size_t kSpareBytes = 2 << 20;  // more than it writes of a thousand hosts

// Makes those that are missing; nothing where the folder is another user's. An error: there is no room.
Result<void> keep_spare_files(const std::string& beginning);
// Whole or not at all, readable by all; in the same folder. An error: no spare file is left.
Result<void> write_into_spare_file(const std::string& beginning, const std::string& path,
                                   std::string_view text);

}  // namespace cuttle::mesh
