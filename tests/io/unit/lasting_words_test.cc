// Numbers that outlive the process.
#include "io/lasting_words.hh"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../../temporary_folder.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

class LastingWordsTest : public testing::Test {
 protected:
  LastingWords open() {
    auto words = LastingWords::open(path_);
    EXPECT_TRUE(words) << words.error().message;
    return std::move(*words);
  }
  TemporaryFolder folder_;
  std::string path_ = folder_.path() / "osd0.ladder";
};

TEST_F(LastingWordsTest, TheyAreThereTheNextTime) {
  const LastingWords::Words words{20'000, 3, UINT64_MAX};
  {
    LastingWords first = open();
    EXPECT_FALSE(first.load()) << "nothing was written yet";
    first.store({1, 2, 3});
    first.store(words);
    EXPECT_EQ(first.load(), words);
  }
  EXPECT_EQ(open().load(), words);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(LastingWordsTest, WhatWasNotWrittenToItsEndOrIsOfAnotherSizeIsNothing) {
  open().store({1, 2, 3});
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(8);
    file.put(9);
  }
  EXPECT_FALSE(open().load());
  open().store({1, 2, 3});
  std::filesystem::resize_file(path_, 7);
  EXPECT_FALSE(open().load());
  open().store({4, 5, 6});
  EXPECT_TRUE(open().load());
}

// A hole that a full disk cannot fill would end the process when something is stored.
TEST_F(LastingWordsTest, TheirRoomIsThereBeforeAnythingIsStored) {
  const auto blocks = [&] {
    struct stat status {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return status.st_blocks;
  };
  open();
  EXPECT_GT(blocks(), 0);
  const auto bytes = std::filesystem::file_size(path_);
  std::filesystem::resize_file(path_, 0);
  std::filesystem::resize_file(path_, bytes);
  ASSERT_EQ(blocks(), 0);
  open();
  EXPECT_GT(blocks(), 0);
}

// The agent was root's once, and is that user's now.
TEST_F(LastingWordsTest, RootMakesThemForTheOwnerOfTheFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  constexpr uid_t kUser = 12'345;
  ASSERT_EQ(::chown(folder_.path().c_str(), kUser, kUser), 0);
  open().store({1, 2, 3});
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kUser);
  EXPECT_EQ(status.st_gid, kUser);
  EXPECT_TRUE(open().load()) << "and root takes them";
  ASSERT_EQ(::chown(path_.c_str(), kUser + 1, kUser), 0);
  EXPECT_FALSE(LastingWords::open(path_)) << "a third one's";
}

TEST_F(LastingWordsTest, OnlyAFileOfThisUsersAloneIsTaken) {
  const std::string other = folder_.path() / "other";
  std::ofstream(other) << "something";
  std::filesystem::create_symlink(other, path_);
  EXPECT_FALSE(LastingWords::open(path_));
  std::filesystem::remove(path_);
  std::filesystem::create_hard_link(other, path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  const auto linked = LastingWords::open(path_);
  ASSERT_FALSE(linked);
  EXPECT_THAT(linked.error().message, HasSubstr("no file of this user's alone"));
  std::filesystem::remove(path_);
  open();
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  EXPECT_FALSE(LastingWords::open(path_));
  EXPECT_FALSE(LastingWords::open(folder_.path() / "none/osd0.ladder"));
}

}  // namespace
}  // namespace cuttle
