#include "seastar/tasks.hh"

#include <fmt/format.h>

#include "base/check.hh"

namespace cuttle {

void task_failed(const char* what, const std::exception_ptr& why) noexcept {
  std::string message = fmt::format("an exception ended {}", what);
  try {
    std::rethrow_exception(why);
  } catch (const std::exception& error) {
    message += fmt::format(": {}", error.what());
  } catch (...) {
    message += ": of no type that is known here";
  }
  check_failed("no task of a reactor throws", __FILE__, __LINE__, message.c_str());
}

}  // namespace cuttle
