#include "base/check.hh"

#include <cstdio>
#include <cstdlib>

namespace cuttle {

void check_failed(const char* expression, const char* file, int line, const char* why) noexcept {
  std::fprintf(stderr, "cuttle: broken invariant at %s:%d: %s (%s)\n", file, line, why, expression);
  std::abort();
}

}  // namespace cuttle
