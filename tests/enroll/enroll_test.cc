// The folder of configurations: what is in it, and what a second run changes.
#include "enroll/enroll.hh"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "../temporary_folder.hh"
#include "config/load.hh"
#include "enroll/files.hh"
#include "enroll/secret_key.hh"
#include "maps.hh"

namespace cuttle::enroll {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using What = HostOutcome::What;
namespace fs = std::filesystem;

// Else it would be published, and the agent would refuse it later.
TEST(SecretKey, OneThatOthersCanReadIsNone) {
  const TemporaryFolder temporary;
  const std::string path = (temporary.path() / "a.key").string();
  std::ofstream(path) << new_key<PrivateKey>().reveal_text().view() << "\n";
  for (const mode_t mode : {0644, 0640, 0602}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto key = read_key<PrivateKey>(path);
    ASSERT_FALSE(key) << mode;
    EXPECT_THAT(key.error().message, HasSubstr("others can read it"));
  }
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_TRUE(read_key<PrivateKey>(path));
}

// Somebody who may write in the folder: a file of his own, open for reading, or a link to a file of ours.
TEST(FileBatch, DoesNotWriteIntoWhatSomebodyPrepared) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  const std::string key = folder + "/a.key";
  std::ofstream(folder + "/other") << "of ours";
  std::ofstream(key + ".part") << "";
  std::ifstream watched(key + ".part");
  {
    FileBatch batch;
    ASSERT_TRUE(batch.add(key, "secret", true));
    ASSERT_TRUE(batch.commit());
  }
  std::string seen;
  watched >> seen;
  EXPECT_EQ(seen, "");
  fs::create_symlink(folder + "/other", folder + "/b.key.part");
  {
    FileBatch batch;
    ASSERT_TRUE(batch.add(folder + "/b.key", "secret", true));
    ASSERT_TRUE(batch.commit());
  }
  std::string other;
  std::getline(std::ifstream(folder + "/other"), other);
  EXPECT_EQ(other, "of ours");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder + "/b.key")));
}

class EnrollTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.folder = (folder_ / "nodes").string();
    hosts_ = *hosts_of(three_hosts());
  }

  Result<EnrollOutcome> run() {
    return enroll(hosts_, options_, [this] {
      std::array<uint8_t, kKeySize> bytes{};
      bytes[3] = ++keys_made_;
      return PrivateKey::from_random(bytes);
    });
  }
  std::string path(const std::string& host, const std::string& kind) const {
    return options_.folder + "/" + host + "/" + host + "." + kind;
  }
  static std::string read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  // Every file below the folder with its content.
  std::map<std::string, std::string> everything() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      files[entry.path().string()] = entry.is_regular_file() ? read(entry.path().string()) : "";
    }
    return files;
  }
  void replace(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = read(file);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << text;
    std::ofstream(file) << text.replace(at, from.size(), to);
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  EnrollOptions options_;
  Hosts hosts_;
  uint8_t keys_made_ = 0;
};

TEST_F(EnrollTest, EveryFileIsGoodAndNamesTheOthers) {
  const auto outcome = run();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(keys_made_, 3);
  for (const char* host : {"alpha", "beta", "gamma"}) {
    const LoadedConfig loaded = load_config(path(host, "toml"), KeyFiles::read);
    EXPECT_THAT(loaded.problem_lines(), ElementsAre()) << host;
    EXPECT_EQ(loaded.config.peers.size(), 2u);
    struct stat status {};
    ASSERT_EQ(::stat(path(host, "key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
  const LoadedConfig alpha = load_config(path("alpha", "toml"), KeyFiles::read);
  const LoadedConfig beta = load_config(path("beta", "toml"), KeyFiles::read);
  EXPECT_EQ(alpha.config.peers[0].name, "beta");
  EXPECT_EQ(alpha.config.peers[0].public_key, beta.keys->private_key.public_key());
  EXPECT_EQ(alpha.config.peers[0].redirect.size(), 2u);
  EXPECT_TRUE(alpha.config.peers[0].joining);
}

TEST_F(EnrollTest, ASecondRunChangesNothing) {
  ASSERT_TRUE(run());
  const auto before = everything();
  const auto outcome = run();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(everything(), before);
  for (const HostOutcome& host : outcome->hosts) EXPECT_EQ(host.what, What::unchanged);
}

TEST_F(EnrollTest, GrowthKeepsWhatTheOperatorWrote) {
  ASSERT_TRUE(run());
  replace(path("alpha", "toml"), "rate = \"200 Mb/s\"", "rate = \"321 Mb/s\"  # measured");
  replace(path("alpha", "toml"), "joining = true\n", "");
  const std::string key = read(path("alpha", "key"));
  ASSERT_TRUE(add_host(hosts_, "delta", *IpAddress::parse("10.0.0.4")));
  hosts_.list[2].addresses.push_back(*IpAddress::parse("10.2.0.3"));  // gamma
  const auto outcome = run();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(keys_made_, 4);
  EXPECT_EQ(read(path("alpha", "key")), key);
  const LoadedConfig alpha = load_config(path("alpha", "toml"), KeyFiles::read);
  EXPECT_THAT(alpha.problem_lines(), ElementsAre());
  EXPECT_EQ(alpha.config.shape.rate_bps, 321'000'000u);
  ASSERT_EQ(alpha.config.peers.size(), 3u);
  EXPECT_FALSE(alpha.config.peers[0].joining);
  EXPECT_EQ(alpha.config.peers[1].redirect.size(), 3u);
  EXPECT_EQ(alpha.config.peers[2].name, "delta");
  EXPECT_TRUE(alpha.config.peers[2].joining);
  EXPECT_THAT(read(path("alpha", "toml")), HasSubstr("# measured"));
}

TEST_F(EnrollTest, ALostKeyIsNeverReplaced) {
  ASSERT_TRUE(run());
  fs::remove(path("beta", "key"));
  const auto before = everything();
  const auto outcome = run();
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr("its key is not"));
  EXPECT_EQ(everything(), before);
}

TEST_F(EnrollTest, NothingIsHalfWritten) {
  options_.style.rate = "17 b/s";  // no schedule keeps it
  const auto refused = run();
  ASSERT_FALSE(refused);
  EXPECT_TRUE(everything().empty());
  options_.style.rate = "200 Mb/s";
  options_.folder = "/proc/nowhere/nodes";
  EXPECT_FALSE(run());
}

TEST_F(EnrollTest, AGoneHostIsANoteAndStays) {
  ASSERT_TRUE(run());
  hosts_.list.pop_back();
  const auto before = everything();
  const auto outcome = run();
  ASSERT_TRUE(outcome);
  EXPECT_THAT(outcome->notes, ElementsAre(HasSubstr("gamma is not in the cluster's maps now")));
  EXPECT_EQ(everything(), before);
}

TEST_F(EnrollTest, TheNetworkChoosesTheEndpoint) {
  options_.network = IpPrefix::parse("10.1.0.0/16");
  const auto refused = run();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("host alpha has no address in 10.1.0.0/16"));
  options_.network = IpPrefix::parse("10.0.0.0/16");
  EXPECT_TRUE(run());
}

TEST(PeerName, FitsAnInterface) {
  EXPECT_EQ(peer_name_for("osd0", {}), "osd0");
  EXPECT_EQ(peer_name_for("ceph-storage-rack7-12", {}), "age-rack7-12");
  EXPECT_EQ(peer_name_for("ceph-storage-rack7-12", {"age-rack7-12"}), "age-rack7--2");
  EXPECT_EQ(peer_name_for("Host A", {}), "host-a");
}

}  // namespace
}  // namespace cuttle::enroll
