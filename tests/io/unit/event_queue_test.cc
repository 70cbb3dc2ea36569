#include "io/event_queue.hh"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "io/realtime.hh"

namespace cuttle {
namespace {

TEST(EventQueue, wakes_for_what_is_ready_and_says_which) {
  auto queue = EventQueue::create();
  auto first = WakeUp::create();
  auto second = WakeUp::create();
  ASSERT_TRUE(queue && first && second);
  ASSERT_TRUE(queue->add(first->fd(), 11, EventQueue::Trigger::level));
  ASSERT_TRUE(queue->add(second->fd(), 22, EventQueue::Trigger::edge));
  std::array<uint64_t, 4> tags{};
  EXPECT_EQ(queue->wait(tags, Duration{0}), 0u);

  second->set();
  ASSERT_EQ(queue->wait(tags, seconds(1)), 1u);
  EXPECT_EQ(tags[0], 22u);
  EXPECT_EQ(queue->wait(tags, Duration{0}), 0u) << "edge: once";

  first->set();
  EXPECT_EQ(queue->wait(tags, seconds(1)), 1u);
  EXPECT_EQ(queue->wait(tags, seconds(1)), 1u) << "level: as long as it is set";
  first->clear();
  EXPECT_EQ(queue->wait(tags, Duration{0}), 0u);

  queue->remove(first->fd());
  first->set();
  EXPECT_EQ(queue->wait(tags, Duration{0}), 0u);
}

TEST(EventQueue, is_woken_from_another_thread) {
  auto queue = EventQueue::create();
  auto wake_up = WakeUp::create();
  ASSERT_TRUE(queue && wake_up);
  ASSERT_TRUE(queue->add(wake_up->fd(), 1, EventQueue::Trigger::level));
  std::thread other([&] { wake_up->set(); });
  std::array<uint64_t, 1> tags{};
  EXPECT_EQ(queue->wait(tags, seconds(5)), 1u);
  other.join();
}

TEST(Realtime, says_plainly_what_is_not_possible) {
  std::thread([] {
    const auto pinned = set_thread_cpus({1'000'000});
    ASSERT_FALSE(pinned);
    EXPECT_NE(pinned.error().message.find("CPU 1000000"), std::string::npos);
    EXPECT_TRUE(set_thread_cpus({0}));
    const auto priority = set_realtime_priority(1000);
    EXPECT_FALSE(priority);
    name_thread("a name that is longer than the kernel takes");
  }).join();
}

}  // namespace
}  // namespace cuttle
