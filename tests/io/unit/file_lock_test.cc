// One process at a time, of those that the folder belongs to: nobody else can have it.
#include "io/file_lock.hh"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../../temporary_folder.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

class FileLockTest : public testing::Test {
 protected:
  FileLockTest() { std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755)); }

  struct stat status() const {
    struct stat its {};
    EXPECT_EQ(::lstat(path_.c_str(), &its), 0);
    return its;
  }
  FileDescriptor held_by_another() const {
    FileDescriptor fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(fd);
    EXPECT_EQ(::flock(fd.get(), LOCK_EX | LOCK_NB), 0);
    return fd;
  }

  TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "osd0.lock").string();
};

TEST_F(FileLockTest, IsForItsOwnerAlone) {
  ASSERT_TRUE(FileLock::wait_for(path_));
  EXPECT_EQ(status().st_mode & 07777, 0600u);
  // One of before, too.
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  ASSERT_TRUE(FileLock::wait_for(path_));
  EXPECT_EQ(status().st_mode & 07777, 0600u);
}

TEST_F(FileLockTest, AStrangerCannotHaveIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(FileLock::wait_for(path_));
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    ::_exit(::open(path_.c_str(), O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1);
  }
  int ended = 0;
  ASSERT_EQ(::waitpid(stranger, &ended, 0), stranger);
  EXPECT_EQ(WEXITSTATUS(ended), 0);
}

TEST_F(FileLockTest, WhatRootMakesIsWhoseTheFolderIs) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chown(folder_.path().c_str(), 12345, 12346), 0);
  ASSERT_TRUE(FileLock::wait_for(path_));
  EXPECT_EQ(status().st_uid, 12345u);
  EXPECT_EQ(status().st_gid, 12346u);
  // One that is root's is not given away: it may be a second name of another file.
  std::filesystem::remove(path_);
  const std::string other = (folder_.path() / "other").string();
  std::ofstream(other) << "x";
  ASSERT_EQ(::link(other.c_str(), path_.c_str()), 0);
  ASSERT_TRUE(FileLock::wait_for(path_));
  EXPECT_EQ(status().st_uid, 12345u);
  struct stat its {};
  ASSERT_EQ(::stat(other.c_str(), &its), 0);
  EXPECT_EQ(its.st_uid, 0u);
  EXPECT_NE(its.st_mode & 07777, 0600u);
}

TEST_F(FileLockTest, TheWaitHasAnEnd) {
  std::ofstream(path_).flush();
  {
    const FileDescriptor other = held_by_another();
    const auto lock = FileLock::wait_for(path_, milliseconds(50));
    ASSERT_FALSE(lock);
    EXPECT_THAT(lock.error().message, HasSubstr("fuser -v " + path_));
  }
  EXPECT_TRUE(FileLock::wait_for(path_, milliseconds(50)));
}

TEST_F(FileLockTest, OnceAtATime) {
  const auto lock = FileLock::wait_for(path_);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(FileLock::wait_for(path_, milliseconds(50)));
}

TEST_F(FileLockTest, APipeOrALinkOfThatNameIsAnError) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const auto pipe = FileLock::wait_for(path_, milliseconds(50));
  ASSERT_FALSE(pipe);
  EXPECT_THAT(pipe.error().message, HasSubstr("is no file"));
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("elsewhere", path_);
  EXPECT_FALSE(FileLock::wait_for(path_, milliseconds(50)));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "elsewhere"));
}

}  // namespace
}  // namespace cuttle
