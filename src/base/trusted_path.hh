// Opening what somebody else could have put a symbolic link in the way of.
#pragma once

#include <string>

#include "base/file_descriptor.hh"
#include "base/result.hh"

namespace cuttle {

// Through links only in folders that nobody but root and whoever runs this may write: in another user's
// folder he could have it be any file or socket of the machine. `how`: flags of open(2) for what the path
// ends in; with O_PATH, a link there that is not followed is what was opened. Errors are the reason alone.
Result<FileDescriptor> open_by_trusted_links(const std::string& path, int how);

}  // namespace cuttle
