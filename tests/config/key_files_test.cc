// Key files: present, one key, and nobody else's business.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../temporary_folder.hh"
#include "config/hand_over.hh"
#include "config/load.hh"

namespace cuttle {
namespace {

// X25519 with the private key of 32 times 0x01 (clamped).
constexpr char kPrivate[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";

class KeyFileTest : public testing::Test {
 protected:
  void SetUp() override {
    write("node.key", kPrivate, 0600);
    write("peer.psk", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n", 0600);
    write_config("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=");
  }

  void write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(folder_ / name) << text;
    ASSERT_EQ(::chmod((folder_ / name).c_str(), mode), 0);
  }
  void write_config(const std::string& public_key) {
    write("node.toml",
          fmt::format("[node]\nname = \"a\"\nprivate_key_file = \"node.key\"\nlisten = \"10.0.0.1:4410\"\n"
                      "[[peer]]\nname = \"b\"\npublic_key = \"{}\"\npreshared_key_file = \"peer.psk\"\n"
                      "endpoint = \"10.0.0.2:4410\"\nredirect = [\"10.0.0.2\"]\n",
                      public_key),
          0644);
  }
  LoadedConfig load(KeyFiles key_files = KeyFiles::read) {
    return load_config((folder_ / "node.toml").string(), key_files);
  }
  // The only problem's line, without the folder.
  std::string problem() {
    const LoadedConfig loaded = load();
    EXPECT_FALSE(loaded.keys);
    const std::vector<std::string> lines = loaded.problem_lines();
    EXPECT_EQ(lines.size(), 1u);
    std::string line = lines.empty() ? "" : lines.front();
    for (size_t at = 0; (at = line.find(folder_.string() + "/")) != std::string::npos;) {
      line.erase(at, folder_.string().size() + 1);
    }
    return line;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(KeyFileTest, AConfigurationThatOthersWriteIsRefused) {
  for (const mode_t mode : {0664, 0646, 0666}) {
    ASSERT_EQ(::chmod((folder_ / "node.toml").c_str(), mode), 0);
    EXPECT_EQ(problem(), fmt::format("node.toml: others can write it (mode {:04o}); `chmod go-w` it", mode));
  }
}

TEST_F(KeyFileTest, AConfigurationOfSomebodyElseIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chown((folder_ / "node.toml").c_str(), 12345, 12345), 0);
  EXPECT_EQ(problem(),
            "node.toml: belongs to user 12345, who can write it; `chown` it to root or to the user that runs "
            "cuttle");
}

TEST_F(KeyFileTest, GoodOnesAreLoaded) {
  const LoadedConfig loaded = load();
  ASSERT_THAT(loaded.problem_lines(), testing::IsEmpty());
  ASSERT_TRUE(loaded.keys);
  EXPECT_EQ(loaded.keys->private_key, *PrivateKey::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="));
  ASSERT_EQ(loaded.keys->preshared.size(), 1u);
  EXPECT_FALSE(loaded.keys->preshared[0] == PresharedKey());
}

TEST_F(KeyFileTest, NotReadWhenNotAskedFor) {
  std::filesystem::remove(folder_ / "node.key");
  const LoadedConfig loaded = load(KeyFiles::ignore);
  EXPECT_TRUE(loaded.good());
  EXPECT_FALSE(loaded.keys);
}

TEST_F(KeyFileTest, Absent) {
  std::filesystem::remove(folder_ / "node.key");
  EXPECT_EQ(problem(),
            "node.toml:3: node.private_key_file: \"node.key\": cannot be read: No such file or directory");
}

TEST_F(KeyFileTest, AFolder) {
  std::filesystem::remove(folder_ / "node.key");
  std::filesystem::create_directory(folder_ / "node.key");
  EXPECT_EQ(problem(),
            "node.toml:3: node.private_key_file: \"node.key\": cannot be read: not a regular file");
}

TEST_F(KeyFileTest, ANamedPipeDoesNotMakeItWait) {
  std::filesystem::remove(folder_ / "node.key");
  ASSERT_EQ(::mkfifo((folder_ / "node.key").c_str(), 0600), 0);
  EXPECT_EQ(problem(),
            "node.toml:3: node.private_key_file: \"node.key\": cannot be read: not a regular file");
}

TEST_F(KeyFileTest, ReadableByOthers) {
  write("node.key", kPrivate, 0640);
  EXPECT_EQ(problem(),
            "node.toml:3: node.private_key_file: \"node.key\": others can read it or write it (mode 0640); "
            "`chmod 600` it");
  write("node.key", kPrivate, 0600);
  write("peer.psk", kPrivate, 0604);
  EXPECT_EQ(
      problem(),
      "node.toml:8: peer.b.preshared_key_file: \"peer.psk\": others can read it or write it (mode 0604); "
      "`chmod 600` it");
}

TEST_F(KeyFileTest, Malformed) {
  for (const std::string& text : std::vector<std::string>{
           "", "\n", "AQEB\n", "not a key", kPrivate + std::string("x"), std::string(4096, 'A')}) {
    write("node.key", text, 0600);
    EXPECT_THAT(problem(),
                testing::StartsWith("node.toml:3: node.private_key_file: \"node.key\": private key: "));
  }
}

TEST_F(KeyFileTest, ErrorsNeverRepeatTheKey) {
  write("node.key", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n", 0644);
  for (const std::string& line : load().problem_lines())
    EXPECT_THAT(line, testing::Not(testing::HasSubstr("AQEB")));
}

TEST_F(KeyFileTest, PeerWithTheNodesOwnKeyToCome) {
  const std::string own = load().keys->private_key.public_key().to_string();
  write_config("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"\nnext_public_key = \"" + own);
  EXPECT_EQ(problem(), "node.toml:8: peer.b.next_public_key: this node's own key; give the peer's");
}

// As bytes and back, from the process that may read the files.
TEST_F(KeyFileTest, HandedOver) {
  const LoadedConfig loaded = load();
  const std::string bytes = to_bytes(loaded);
  const auto back = from_bytes(loaded.file, bytes);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_TRUE(back->good());
  EXPECT_EQ(back->config.peers, loaded.config.peers);
  EXPECT_EQ(back->keys->private_key, loaded.keys->private_key);
  EXPECT_EQ(back->keys->preshared, loaded.keys->preshared);
  EXPECT_EQ(back->lines.line("peer[0].public_key"), 7u);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(from_bytes(loaded.file, bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(from_bytes(loaded.file, bytes + "x").has_value());
}

TEST_F(KeyFileTest, HandedOverWithWhatIsWrong) {
  write("node.key", kPrivate, 0644);
  const LoadedConfig loaded = load();
  const auto back = from_bytes(loaded.file, to_bytes(loaded));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->problem_lines(), loaded.problem_lines());
  EXPECT_FALSE(back->good());
  EXPECT_FALSE(back->keys);
  std::filesystem::remove(folder_ / "node.toml");
  const LoadedConfig missing = load();
  EXPECT_EQ(from_bytes(missing.file, to_bytes(missing))->problem_lines(), missing.problem_lines());
}

TEST_F(KeyFileTest, PeerWithTheNodesOwnKey) {
  write_config(load().keys->private_key.public_key().to_string());
  EXPECT_EQ(problem(), "node.toml:7: peer.b.public_key: this node's own key; give the peer's");
}

TEST_F(KeyFileTest, EverythingWrongShowsAtOnce) {
  write("node.key", "short\n", 0644);
  std::filesystem::remove(folder_ / "peer.psk");
  EXPECT_EQ(load().problem_lines().size(), 3u);
}

TEST_F(KeyFileTest, AbsentConfiguration) {
  const LoadedConfig loaded = load_config("/nowhere/osd0.toml", KeyFiles::read);
  EXPECT_THAT(loaded.problem_lines(),
              testing::ElementsAre("/nowhere/osd0.toml: cannot be read: No such file or directory"));
}

}  // namespace
}  // namespace cuttle
