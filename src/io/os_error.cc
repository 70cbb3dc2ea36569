#include "io/os_error.hh"

#include <cerrno>
#include <string>

namespace cuttle {

tl::unexpected<Error> os_failure(std::string_view what, int error_number, std::string_view advice) {
  if (advice.empty() && (error_number == EPERM || error_number == EACCES)) {
    advice = "run as root or with CAP_NET_ADMIN";
  }
  std::string message(what);
  message += ": ";
  message += os_error_text(error_number);
  if (!advice.empty()) {
    message += "; ";
    message += advice;
  }
  return failure(std::move(message));
}

}  // namespace cuttle
