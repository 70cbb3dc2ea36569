#include "io/limits.hh"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace cuttle {
namespace {

TEST(OpenFiles, AsManyAsAreAllowed) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(raise_open_files(), limit.rlim_max);
}

}  // namespace
}  // namespace cuttle
