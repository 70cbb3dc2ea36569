// The system's words for an error number.
#pragma once

#include <string>

namespace cuttle {

// Such as "Operation not permitted". Any thread.
std::string os_error_text(int error_number);

}  // namespace cuttle
