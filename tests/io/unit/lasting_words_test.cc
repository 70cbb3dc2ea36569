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
