// Another user has filled the disk: a revocation takes effect nevertheless, and who watches the cluster hears
// of it.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <thread>

#include "io/file_lock.hh"
#include "keeper_fixture.hh"
#include "mesh/spare_files.hh"

namespace cuttle::mesh {
namespace {

using testing::HasSubstr;
using testing::Not;

// Its folder is a small file system of its own.
class FullDisk : public KeeperTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const std::string files[] = {"osd9.toml", "peers.entry.json", "peers.toml"};
    std::map<std::string, std::string> texts;
    for (const std::string& file : files) texts[file] = read(file);
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      GTEST_SKIP() << "needs a mount namespace of its own";
    ASSERT_EQ(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=20m,mode=755"), 0);
    is_mounted_ = true;
    for (const auto& [file, text] : texts) write(file, text);
    agent_.now->links = {link_that_joins("osd1"), link_that_joins("osd2")};
  }
  ~FullDisk() override {
    if (is_mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }

  // Of whatever becomes free.
  void fill() {
    for (const size_t size : {size_t{65536}, size_t{4096}, size_t{1}}) {
      std::ofstream file(path("somebodys"), std::ios::app);
      const std::string some(size, 'x');
      while (file << some << std::flush) {
      }
    }
  }
  int spare_files() const {
    int count = 0;
    for (int i = 0; i < kSpareFiles; ++i)
      count += std::filesystem::exists(path("peers.spare." + std::to_string(i)));
    return count;
  }
  bool is_mounted_ = false;
};

TEST_F(FullDisk, ARevocationTakesEffectAndTheManagerHears) {
  ASSERT_TRUE(look());
  ASSERT_EQ(codes(), "");
  ASSERT_EQ(spare_files(), kSpareFiles);
  agent_.when_reloaded = store_.when_asked = [this] { fill(); };
  fill();
  // A link that was closed once never begins open again.
  agent_.now->links[1] = link_that_is_up("osd2");
  ASSERT_TRUE(look());
  EXPECT_THAT(read("peers.toml").substr(read("peers.toml").find("# osd2")), Not(HasSubstr("joining")));
  agent_.reloads = 0;
  store_.keys["cuttle/revoked/osd1"] = "x";
  ASSERT_TRUE(look(11));
  EXPECT_THAT(read("peers.toml"), Not(HasSubstr("# osd1")));
  EXPECT_EQ(agent_.reloads, 1);
  EXPECT_EQ(codes(), "CUTTLE_AGENT osd9;");
  EXPECT_THAT(state()["problems"].dump(), HasSubstr("no room"));
  // It has an end, and that is told: nothing that was not written down takes effect.
  for (int i = 3; i < 12 && look(11); ++i) put(test_host(i));
  EXPECT_EQ(spare_files(), 0);
  agent_.reloads = 0;
  store_.keys["cuttle/revoked/osd2"] = "x";
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(look(11));
    EXPECT_EQ(codes(), "CUTTLE_AGENT osd9;");
    EXPECT_THAT(state()["problems"].dump(), HasSubstr("what changes takes no effect here"));
  }
  EXPECT_THAT(read("peers.toml"), HasSubstr("# osd2"));
  EXPECT_EQ(agent_.reloads, 0);
  // There is room again.
  agent_.when_reloaded = store_.when_asked = [] {};
  std::filesystem::remove(path("somebodys"));
  ASSERT_TRUE(look(11));
  EXPECT_THAT(read("peers.toml"), Not(HasSubstr("# osd2")));
  EXPECT_EQ(codes(), "");
  EXPECT_EQ(spare_files(), kSpareFiles);
}

// Two nodes of one machine have one folder and a lock each: what the one is just writing, the other must not
// take for broken, nor use up.
TEST_F(FullDisk, AnotherNodeHasItsOwnRoom) {
  const auto replaced = [](std::string text, const std::string& what, const std::string& by) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
      text.replace(at, what.size(), by);
    }
    return text;
  };
  write("osd8.toml", replaced(replaced(read("osd9.toml"), "osd9", "osd8"), "peers.toml", "others.toml"));
  write("others.entry.json", test_host(8).to_string());
  write("others.toml", kNobody);
  AgentDouble agent;
  agent.now = StatusSnapshot();
  Keeper other({store_, agent, [this] { return machine_; }}, path("osd8.toml"));
  ASSERT_TRUE(look());
  ASSERT_TRUE(other.look(now_, 1'700'000'000));
  // It runs while a spare file of the first is half written.
  std::filesystem::resize_file(path("peers.spare.0"), 5);
  ASSERT_TRUE(other.look(now_ = now_ + seconds(11), 1'700'000'000));
  EXPECT_EQ(std::filesystem::file_size(path("peers.spare.0")), 5u);
  ASSERT_TRUE(look(11));
  agent.when_reloaded = store_.when_asked = [this] { fill(); };
  fill();
  for (int i = 3; i < 12; ++i) {
    put(test_host(i));
    now_ = now_ + seconds(11);
    if (!other.look(now_, 1'700'000'000)) break;
  }
  ASSERT_FALSE(std::filesystem::exists(path("others.spare.3")));
  EXPECT_EQ(spare_files(), kSpareFiles);
}

// Root's words, which have the lock, may be writing into one.
TEST_F(KeeperTest, SpareFilesAreMadeWithTheLock) {
  ASSERT_TRUE(look());
  bool is_kept_out = false;
  std::thread word;
  agent_.when_reloaded = [&] {
    auto lock = FileLock::wait_for(path("peers.lock")).value();
    std::filesystem::resize_file(path("peers.spare.0"), 5);
    word = std::thread([&, held = std::move(lock)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      is_kept_out = std::filesystem::file_size(path("peers.spare.0")) == 5;
    });
  };
  put(test_host(3));
  ASSERT_TRUE(look(11));
  ASSERT_TRUE(word.joinable());
  word.join();
  EXPECT_TRUE(is_kept_out);
}

// Written down in part: the others must not hear that this host has taken it in.
TEST_F(KeeperTest, WhatCouldNotBeWrittenForTheAgentIsNotTold) {
  ASSERT_TRUE(look());
  EXPECT_EQ(state()["taken"]["osd1"], 1);
  TestHost host = test_host(1);
  host.entry.next_key = test_key(71);
  host.say_anew();
  put(host);
  std::filesystem::remove(path("peers.toml"));
  std::filesystem::create_directory(path("peers.toml"));
  ASSERT_FALSE(look(11));
  EXPECT_THAT(read("peers.known.json"), HasSubstr(test_key(71).to_string()));
  EXPECT_FALSE(state()["taken"].contains("osd1"));
  EXPECT_EQ(codes(), "CUTTLE_AGENT osd9;");
  std::filesystem::remove(path("peers.toml"));
  ASSERT_TRUE(look(11));
  EXPECT_EQ(state()["taken"]["osd1"], 2);
}

TEST(MeshSpareFiles, AreMadeAgainWhereOneWasInterrupted) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / "cuttle-spare-").string() + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(keep_spare_files(folder + "/a.spare."));
  std::filesystem::resize_file(folder + "/a.spare.0", 5);
  std::filesystem::remove(folder + "/a.spare.1");
  std::filesystem::create_symlink("/dev/null", folder + "/a.spare.1");
  ASSERT_TRUE(write_into_spare_file(folder + "/a.spare.", folder + "/text", "some"));
  std::ostringstream text;
  text << std::ifstream(folder + "/text").rdbuf();
  EXPECT_EQ(text.str(), "some");
  struct stat status {};
  ASSERT_EQ(::stat((folder + "/text").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644u);
  EXPECT_FALSE(std::filesystem::exists(folder + "/a.spare.2"));
  ASSERT_TRUE(keep_spare_files(folder + "/a.spare."));
  for (int i = 0; i < kSpareFiles; ++i) {
    const std::string file = folder + "/a.spare." + std::to_string(i);
    EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(file)));
    EXPECT_EQ(std::filesystem::file_size(file), kSpareBytes);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cuttle::mesh
