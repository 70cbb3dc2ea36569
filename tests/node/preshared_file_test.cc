// The file that outlives an agent: whole whatever happens while it is written, and for one agent alone.
#include "node/preshared_file.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "../temporary_folder.hh"

namespace cuttle {
namespace {

using ::testing::HasSubstr;

RenewedKey key(uint8_t byte) {
  std::array<uint8_t, kKeySize> bytes;
  bytes.fill(byte);
  return {PresharedKey::from_random(bytes), byte * uint64_t{1'000'000'000}};
}

class PresharedFileTest : public ::testing::Test {
 protected:
  std::string bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    std::filesystem::permissions(path_,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  std::string why_not() const {
    const auto file = PresharedFile::open(path_);
    return file ? "" : file.error().message;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
  const std::string path_ = (folder_ / "keys").string();
};

const KeptPreshared kFirst{{"mon", {key(1), std::nullopt}}, {"osd1", {std::nullopt, key(2)}}};
const KeptPreshared kSecond{{"mon", {key(1), key(3)}}};

TEST_F(PresharedFileTest, WhatIsKeptIsThereAfterAStart) {
  {
    auto file = PresharedFile::open(path_);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_FALSE(file->was_damaged());
    EXPECT_EQ(file->of("mon"), RenewedKeys{});
    ASSERT_TRUE(file->keep(kFirst));
  }
  {
    auto file = PresharedFile::open(path_);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->kept(), kFirst);
    ASSERT_TRUE(file->keep(kSecond));
    EXPECT_EQ(file->of("mon"), kSecond.at("mon"));
  }
  const auto file = PresharedFile::open(path_);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->kept(), kSecond);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(WithAbsent, APeerThatIsOutOfTheConfigurationIsKeptForTwoMonths) {
  constexpr uint64_t kDay_ns = uint64_t{86'400} * 1'000'000'000;
  const KeptPreshared before{{"mon", {key(1), std::nullopt}}, {"osd1", {key(1), key(2)}}, {"osd2", {}}};
  const KeptPreshared present{{"mon", {key(3), std::nullopt}}};
  const KeptPreshared both{{"mon", {key(3), std::nullopt}}, {"osd1", {key(1), key(2)}}};
  EXPECT_EQ(with_absent(present, before, 0), both) << "a clock that was set back";
  EXPECT_EQ(with_absent(present, before, 61 * kDay_ns), both);
  EXPECT_EQ(with_absent(present, before, 62 * kDay_ns), present);
}

TEST(WithAbsent, OfManyTheNewestAreKept) {
  KeptPreshared before;
  for (size_t i = 0; i < kMaxAbsent + 10; ++i) {
    RenewedKey of = key(1);
    of.since_ns = 1000 + i;
    before[std::to_string(i)] = {of, std::nullopt};
  }
  const KeptPreshared kept = with_absent({}, before, 5000);
  EXPECT_EQ(kept.size(), kMaxAbsent);
  EXPECT_FALSE(kept.contains("9"));
  EXPECT_TRUE(kept.contains("10"));
}

TEST_F(PresharedFileTest, AStartAfterAnInterruptedWriteLeavesNoOldKey) {
  std::string before;
  {
    auto file = PresharedFile::open(path_);
    ASSERT_TRUE(file && file->keep(kFirst));
    before = bytes();
    ASSERT_TRUE(file->keep(kSecond));
  }
  std::string cut = bytes();
  cut.replace(PresharedFile::kCopyBytes, std::string::npos, before.substr(PresharedFile::kCopyBytes));
  for (const bool swapped : {false, true}) {
    SCOPED_TRACE(swapped);
    write(swapped ? cut.substr(PresharedFile::kCopyBytes) + cut.substr(0, PresharedFile::kCopyBytes) : cut);
    ASSERT_TRUE(PresharedFile::open(path_));
    EXPECT_EQ(PresharedFile::open(path_)->kept(), kSecond);
    EXPECT_EQ(bytes().substr(0, PresharedFile::kCopyBytes), bytes().substr(PresharedFile::kCopyBytes));
  }
}

TEST_F(PresharedFileTest, OfAListThatGetsShorterNothingIsLeft) {
  const std::string given_up(kKeySize, 3);
  KeptPreshared many;
  for (int i = 0; i < 50; ++i) many[std::to_string(i)] = {key(3), std::nullopt};
  for (const bool opened_again : {false, true}) {
    SCOPED_TRACE(opened_again);
    auto file = PresharedFile::open(path_);
    ASSERT_TRUE(file && file->keep(many));
    ASSERT_NE(bytes().find(given_up), std::string::npos);
    if (opened_again) {
      file = failure("closed");
      file = PresharedFile::open(path_);
    }
    ASSERT_TRUE(file && file->keep(kFirst));
    EXPECT_EQ(bytes().find(given_up), std::string::npos);
  }
}

// A power cut at any byte of either copy.
TEST_F(PresharedFileTest, OneCopyIsWholeWhereverTheWritingStopped) {
  std::string before, after;
  {
    auto file = PresharedFile::open(path_);
    ASSERT_TRUE(file && file->keep(kFirst));
    before = bytes();
    ASSERT_TRUE(file->keep(kSecond));
    after = bytes();
  }
  ASSERT_EQ(before.size(), 2 * PresharedFile::kCopyBytes);
  const size_t longest = preshared_copy(1, kFirst).size();
  // The first copy is written over at one of the two places, then the other.
  for (const size_t first : {size_t{0}, PresharedFile::kCopyBytes}) {
    const auto made = parse_preshared_copy(std::string_view(before).substr(first, PresharedFile::kCopyBytes));
    ASSERT_TRUE(made);
    for (size_t done = 0; done <= longest; done += 7) {
      std::string torn = before;
      torn.replace(first, done, after, first, done);
      write(torn);
      const auto file = PresharedFile::open(path_);
      ASSERT_TRUE(file) << file.error().message;
      EXPECT_TRUE(file->kept() == kFirst || file->kept() == kSecond) << done;
      EXPECT_FALSE(file->was_damaged());
    }
  }
}

TEST_F(PresharedFileTest, WhatWasGivenUpStandsNowhere) {
  auto file = PresharedFile::open(path_);
  ASSERT_TRUE(file && file->keep(kSecond) && file->keep(kFirst));
  EXPECT_EQ(bytes().find(std::string(kKeySize, '\3')), std::string::npos);
  EXPECT_NE(bytes().find(std::string(kKeySize, '\2')), std::string::npos);
}

TEST_F(PresharedFileTest, WhatNoAgentWroteIsNothing) {
  write("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n");
  const auto file = PresharedFile::open(path_);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->was_damaged());
  EXPECT_TRUE(file->kept().empty());
}

TEST_F(PresharedFileTest, IsOneAgentsAlone) {
  const auto file = PresharedFile::open(path_);
  ASSERT_TRUE(file);
  EXPECT_THAT(why_not(), HasSubstr("another process has it"));
}

TEST_F(PresharedFileTest, IsForNobodyElseToRead) {
  { ASSERT_TRUE(PresharedFile::open(path_)); }
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_THAT(why_not(), HasSubstr("no file of this user's alone"));
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(folder_ / "elsewhere", path_);
  EXPECT_NE(why_not(), "");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

TEST_F(PresharedFileTest, AChangedByteMakesACopyNone) {
  const std::string copy = preshared_copy(5, kFirst);
  const auto whole = parse_preshared_copy(copy);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->number, 5u);
  EXPECT_EQ(whole->kept, kFirst);
  for (size_t i = 0; i < copy.size(); ++i) {
    std::string changed = copy;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(parse_preshared_copy(changed)) << i;
    EXPECT_FALSE(parse_preshared_copy(std::string_view(copy).substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace cuttle
