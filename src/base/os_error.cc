#include "base/os_error.hh"

#include <system_error>

namespace cuttle {

std::string os_error_text(int error_number) {
  return std::generic_category().message(error_number);
}

}  // namespace cuttle
