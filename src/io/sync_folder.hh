// Telling the disk which names a folder has, after one of them was made, or leads to another file now.
#pragma once

#include <string>

#include "base/result.hh"

namespace cuttle {

// Returns once the disk has them. Where a file system knows no such thing, it need not be told. Source:
// fsync(2).
Result<void> sync_folder(const std::string& folder);

}  // namespace cuttle
