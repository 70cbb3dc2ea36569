#include "engine/cell_socket_double.hh"

#include <gtest/gtest.h>

#include <array>

namespace cuttle {
namespace {

TEST(CellSocketDouble, hands_a_train_to_the_other_end) {
  auto [left, right] = CellSocketDouble::create_pair();
  const std::array<uint8_t, 6> cells{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(left->send_train(cells.data(), 3, 2), 3u);
  std::array<uint8_t, 10> buffer{};
  const auto train = right->receive(buffer);
  ASSERT_TRUE(train);
  EXPECT_EQ(train->bytes, 6u);
  EXPECT_EQ(train->segment_bytes, 2u);
  EXPECT_EQ(buffer[5], 6);
  EXPECT_FALSE(right->receive(buffer));
  EXPECT_FALSE(left->receive(buffer));
}

TEST(CellSocketDouble, takes_only_as_many_as_it_was_told) {
  auto [left, right] = CellSocketDouble::create_pair();
  const std::array<uint8_t, 6> cells{};
  left->refuse_after(2);
  EXPECT_EQ(left->send_train(cells.data(), 3, 2), 2u);
  EXPECT_EQ(left->send_train(cells.data(), 1, 2), 0u);
}

TEST(CellSocketDouble, says_when_the_buffer_was_too_small) {
  auto [left, right] = CellSocketDouble::create_pair();
  const std::array<uint8_t, 6> cells{};
  left->send_train(cells.data(), 1, 6);
  std::array<uint8_t, 4> buffer{};
  const auto train = right->receive(buffer);
  ASSERT_TRUE(train);
  EXPECT_TRUE(train->truncated);
  EXPECT_EQ(train->bytes, 4u);
}

}  // namespace
}  // namespace cuttle
