// The traced client: one librados handle, one write or read, every call's beginning and end recorded.
#pragma once

#include <string>

#include "settings.hh"

namespace cuttle::trace {

struct Operation {
  bool put = true;
  std::string pool;
  std::string object;
  std::string file;
};

// The exit status: 0; 1 when a call failed (which, and with what, is in the records); 2 when the file is at
// fault (said on stderr).
int run_operation(const ClientSettings& settings, const Operation& operation);

}  // namespace cuttle::trace
