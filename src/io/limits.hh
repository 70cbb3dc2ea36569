// What the system lets one process have.
#pragma once

#include <cstdint>

namespace cuttle {

// Lets the process have as many open files as it is allowed at all, and returns how many that is. A link
// takes a handful (interface, socket, filter), and the usual limit of 1,024 is what programs that use
// select() need.
uint64_t raise_open_files();

}  // namespace cuttle
