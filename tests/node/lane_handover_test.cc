// Lanes that join or leave a loop while it runs.
#include "engine/lane_handover.hh"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <set>
#include <thread>

#include "node/wait_for_loop.hh"

namespace cuttle {
namespace {

// Nobody looks into these.
struct alignas(Lane) Room {
  std::array<std::byte, sizeof(Lane)> bytes;
};

bool becomes(const std::atomic<size_t>& value, size_t wanted) {
  for (int i = 0; i < 1000 && value != wanted; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return value == wanted;
}

// A pacer has a round a slot, and slots can be a second long: what takes a round for each lane takes too
// long.
TEST(LaneHandover, TakesOneRoundHoweverManyLanes) {
  constexpr size_t kLanes = 40;
  std::vector<Room> rooms(kLanes);
  std::vector<Lane*> lanes;
  for (Room& room : rooms) lanes.push_back(reinterpret_cast<Lane*>(&room));
  LaneHandover change;
  std::atomic<int> rounds{0};
  std::atomic<size_t> there{0};
  std::atomic<bool> stop{false};
  std::thread loop([&] {
    std::set<Lane*> in;
    while (!stop) {
      change.poll([&](Lane& lane) { in.insert(&lane); }, [&](Lane& lane) { in.erase(&lane); });
      there = in.size();
      ++rounds;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const auto rounds_for = [&](auto begin) {
    const int before = rounds;
    begin(lanes);
    wait_for_loop(change);
    return rounds - before;
  };
  // The one that it takes, and those that may begin before this thread runs again.
  EXPECT_LT(rounds_for([&](const auto& which) { change.begin_join(which); }), 20);
  EXPECT_TRUE(becomes(there, kLanes));
  EXPECT_LT(rounds_for([&](const auto& which) { change.begin_leave(which); }), 20);
  EXPECT_TRUE(becomes(there, 0));
  stop = true;
  loop.join();
}

}  // namespace
}  // namespace cuttle
