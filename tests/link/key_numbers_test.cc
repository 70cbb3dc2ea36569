#include "link/key_numbers.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

PublicKey key_with(uint64_t number) {
  PublicKey key{};
  store_be64(key.bytes.data(), number);
  return key;
}

TEST(KeyNumbers, AreThoseOfThePresentKeyTheNextAndTheOnesBefore) {
  KeyNumbers numbers(key_with(11), key_with(12));
  EXPECT_EQ(numbers.current(), 11u);
  for (const uint64_t number : {11, 12}) EXPECT_TRUE(numbers.is_present(number));
  for (const uint64_t number : {11, 12}) EXPECT_TRUE(numbers.contains(number));
  numbers.handle_keys(key_with(12));
  EXPECT_EQ(numbers.current(), 12u);
  EXPECT_TRUE(numbers.is_present(12));
  EXPECT_FALSE(numbers.is_present(11));
  for (const uint64_t number : {11, 12}) EXPECT_TRUE(numbers.contains(number));
  for (const uint64_t number : {0, 10, 13}) EXPECT_FALSE(numbers.contains(number));
}

TEST(KeyNumbers, TheOldestGiveWayAndNeverThoseOfThePresent) {
  KeyNumbers numbers(key_with(1));
  for (uint64_t next = 100; next < 130; ++next) {
    numbers.handle_keys(key_with(1), key_with(next));
    EXPECT_TRUE(numbers.contains(1));
    EXPECT_TRUE(numbers.contains(next));
    EXPECT_TRUE(next < 106 || !numbers.contains(next - 7));
  }
  EXPECT_TRUE(numbers.contains(124));
}

TEST(KeyNumbers, NobodyIsNobody) {
  EXPECT_FALSE(KeyNumbers().contains(0));
  EXPECT_FALSE(KeyNumbers(key_with(0)).contains(0));
  EXPECT_TRUE(KeyNumbers(key_with(0), key_with(5)).contains(5));
}

}  // namespace
}  // namespace cuttle
