// The third of the three kinds of failure: a broken invariant of our own. It ends the process, in release
// builds too, because going on could put something on the wire that must not be there.
#pragma once

namespace cuttle {

[[noreturn]] void check_failed(const char* expression, const char* file, int line, const char* why) noexcept;

}  // namespace cuttle

#define CUTTLE_CHECK(expression, why) \
  ((expression) ? (void)0 : ::cuttle::check_failed(#expression, __FILE__, __LINE__, why))
