#include "node/kept.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

TEST(Kept, IsFoundOutOnceInItsLife) {
  Kept<int> kept(milliseconds(200));
  int found = 0;
  const auto find = [&] { return ++found; };
  Instant now{7};
  EXPECT_EQ(kept.get(now, find), 1);
  EXPECT_EQ(kept.get(now + milliseconds(199), find), 1);
  EXPECT_EQ(kept.get(now + milliseconds(200), find), 2);
  EXPECT_EQ(kept.get(now + milliseconds(399), find), 2) << "counted from when it was found";
  EXPECT_EQ(kept.get(now + milliseconds(400), find), 3);
}

}  // namespace
}  // namespace cuttle
