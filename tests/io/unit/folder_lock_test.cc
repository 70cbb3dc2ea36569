// One process at a time, and no folder left behind.
#include "io/folder_lock.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "../../temporary_folder.hh"

namespace cuttle {
namespace {

class FolderLockTest : public testing::Test {
 protected:
  TemporaryFolder outer_;
  const std::string folder_ = (outer_.path() / "lock").string();
};

TEST_F(FolderLockTest, IsHadByOneAndGoneAfterwards) {
  {
    const auto first = FolderLock::take(folder_);
    ASSERT_TRUE(first && *first);
    EXPECT_EQ(std::filesystem::status(folder_).permissions(), std::filesystem::perms::owner_all);
    const auto second = FolderLock::take(folder_);
    ASSERT_TRUE(second);
    EXPECT_FALSE(*second);
  }
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

// Whoever had it takes the folder away while another has it open already.
TEST_F(FolderLockTest, IsNeverHadByTwo) {
  constexpr int kTurns = 2000;
  std::atomic<int> holders{0};
  std::atomic<int> had_by_two{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        const auto lock = FolderLock::take(folder_);
        if (!lock || !*lock) continue;
        if (++holders > 1) ++had_by_two;
        std::this_thread::yield();
        --holders;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(had_by_two, 0);
}

TEST_F(FolderLockTest, WhatIsInItStays) {
  {
    const auto lock = FolderLock::take(folder_);
    ASSERT_TRUE(lock && *lock);
    std::ofstream(folder_ + "/file") << "x";
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/file"));
  const auto again = FolderLock::take(folder_);
  EXPECT_TRUE(again && *again);
}

TEST_F(FolderLockTest, AFileOfThatNameIsAnError) {
  std::ofstream(folder_).flush();
  EXPECT_FALSE(FolderLock::take(folder_));
}

}  // namespace
}  // namespace cuttle
