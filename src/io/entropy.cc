#include "io/entropy.hh"

#include <sys/random.h>

#include <cerrno>

#include "base/check.hh"

namespace cuttle {

void fill_with_entropy(MutableBytes out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CUTTLE_CHECK(got > 0, "the kernel gives random bytes");
    out = out.subspan(static_cast<size_t>(got));
  }
}

}  // namespace cuttle
