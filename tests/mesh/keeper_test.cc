// cuttle-mesh at work, on a store and an agent that are doubles; its files are real.
#include "mesh/keeper.hh"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/load.hh"
#include "mesh/capabilities.hh"
#include "mesh/store_double.hh"
#include "nodes.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class AgentDouble final : public AgentDoor {
 public:
  std::optional<StatusSnapshot> now;
  int reloads = 0;
  bool refuses = false;

  std::optional<StatusSnapshot> status() override { return now; }
  Result<ReloadReport> reload() override {
    if (!now) return failure("nobody there");
    ++reloads;
    ReloadReport report;
    report.reloaded = !refuses;
    if (refuses) report.problems = {"line 1: no"};
    return report;
  }
};

constexpr char kNobody[] = "hosts = 0\nclosed = []\n";

LinkStatus link_that_is_up(const char* name) {
  LinkStatus link;
  link.name = name;
  link.state = "up";
  return link;
}

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    for (const char* command : {"mon metadata", "osd metadata", "mgr metadata", "mds metadata"}) {
      store_.answers[command] = "[]";
    }
    write(
        "osd9.toml",
        "[node]\nname = \"osd9\"\nprivate_key_file = \"k\"\nlisten = \"10.0.0.9:4410\"\n[mesh]\npeers = \"" +
            path("peers.toml") + "\"\nnetworks = [\"10.0.0.0/24\"]\n");
    write("peers.entry.json", test_host(9).to_string());
    write("peers.toml", kNobody);  // as `join` does
    agent_.now = StatusSnapshot();
    put(test_host(1));
    put(test_host(2));
  }
  ~KeeperTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }
  void put(const TestHost& host) { store_.keys[kPeerPrefix + host.entry.host] = host.to_string(); }
  // After `after` seconds.
  Result<void> look(int after = 4) {
    now_ = now_ + seconds(after);
    return keeper_.look(now_, 1'700'000'000);
  }
  std::string codes() const {
    std::string all;
    for (const MeshProblem& problem : keeper_.problems()) all += problem.code + " " + problem.host + ";";
    return all;
  }
  nlohmann::json state() { return nlohmann::json::parse(store_.keys.at("cuttle/state/osd9")); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("cuttle-keeper-" + std::to_string(::getpid()));
  StoreDouble store_;
  AgentDouble agent_;
  Instant now_{1'000'000'000};
  Keeper keeper_{{store_, agent_, [] { return MachineAddresses(); }}, path("osd9.toml")};
};

TEST_F(KeeperTest, WritesWhatTheAgentReads) {
  ASSERT_TRUE(look());
  const LoadedConfig loaded = load_config(path("osd9.toml"), KeyFiles::unneeded);
  EXPECT_THAT(loaded.problem_lines(), IsEmpty());
  EXPECT_THAT(loaded.config.peers, SizeIs(2));
  EXPECT_EQ(agent_.reloads, 1);
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), test_host(9).to_string());
}

TEST_F(KeeperTest, DoesNothingWhereNothingChanges) {
  ASSERT_TRUE(look());
  const int writes = store_.writes;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(look(1));
  EXPECT_EQ(agent_.reloads, 1);
  EXPECT_EQ(store_.writes, writes);
}

TEST_F(KeeperTest, WithoutMonitorsWhatWasKnownStays) {
  ASSERT_TRUE(look());
  const std::string peers = read("peers.toml");
  store_.is_away = true;
  EXPECT_FALSE(look());
  EXPECT_EQ(codes(), "CUTTLE_MONITORS_AWAY osd9;");
  EXPECT_EQ(read("peers.toml"), peers);
  // Nor is it lost when it starts anew, with the file gone besides.
  std::filesystem::remove(path("peers.toml"));
  Keeper anew({store_, agent_, [] { return MachineAddresses(); }}, path("osd9.toml"));
  EXPECT_FALSE(anew.look(now_, 0));
  EXPECT_EQ(read("peers.toml"), peers);
  store_.is_away = false;
  EXPECT_TRUE(look());
  EXPECT_EQ(codes(), "");
}

TEST_F(KeeperTest, AStoreThatIsEmptyChangesNothing) {
  ASSERT_TRUE(look());
  const std::string peers = read("peers.toml");
  store_.keys.clear();
  ASSERT_TRUE(look());
  EXPECT_EQ(codes(), "CUTTLE_ENTRY_MISSING osd1;CUTTLE_ENTRY_MISSING osd2;");
  EXPECT_EQ(read("peers.toml"), peers);
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), test_host(9).to_string()) << "its own is back";
}

TEST_F(KeeperTest, ItsOwnEntryIsPutBackWhoeverChangedIt) {
  ASSERT_TRUE(look());
  TestHost forged = test_host(9);
  forged.identity = SigningKey::from_random(bytes(70, 2));
  forged.entry.identity = forged.identity.verifying_key();
  forged.say_anew();
  put(forged);
  ASSERT_TRUE(look());
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), test_host(9).to_string());
  // But for the operator's signature, which is kept.
  TestHost with = test_host(9);
  sign(with.entry, SigningKey::from_random(bytes(5, 9)));
  put(with);
  ASSERT_TRUE(look());
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), with.to_string());
  store_.keys.erase("cuttle/peer/osd9");
  ASSERT_TRUE(look());
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), with.to_string());
}

TEST_F(KeeperTest, ALinkThatWasClosedOnceNoLongerBeginsOpen) {
  ASSERT_TRUE(look());
  EXPECT_THAT(read("peers.toml"), HasSubstr("joining = true"));
  LinkStatus link = link_that_is_up("osd1");
  agent_.now->links = {link};
  link.name = "osd2";
  link.open = true;
  agent_.now->links.push_back(link);
  ASSERT_TRUE(look());
  const LoadedConfig loaded = load_config(path("osd9.toml"), KeyFiles::unneeded);
  EXPECT_FALSE(loaded.config.peers[0].joining);
  EXPECT_TRUE(loaded.config.peers[1].joining);
}

// What was judged is judged again where anything that counts for it changed.
TEST_F(KeeperTest, RootsFileCountsAtOnce) {
  ASSERT_TRUE(look());
  ASSERT_TRUE(look());
  EXPECT_THAT(read("peers.toml"), HasSubstr("hosts = 2\n"));
  std::string roots = read("osd9.toml");
  roots.replace(roots.find("10.0.0.0/24"), 11, "10.0.1.0/24");
  write("osd9.toml", roots);
  ASSERT_TRUE(look());
  EXPECT_THAT(read("peers.toml"), HasSubstr("hosts = 0\n"));
  put(test_host(3));
  ASSERT_TRUE(look());
  EXPECT_EQ(codes(), "CUTTLE_ADDRESS_TAKEN osd3;");
  store_.keys["cuttle/revoked/osd1"] = "x";
  ASSERT_TRUE(look());
  EXPECT_THAT(read("peers.known.json"), HasSubstr("revoked"));
}

TEST_F(KeeperTest, AnAgentThatRefusesIsAskedAgainAndSaid) {
  agent_.refuses = true;
  ASSERT_TRUE(look());
  EXPECT_THAT(codes(), HasSubstr("CUTTLE_AGENT"));
  ASSERT_TRUE(look());
  EXPECT_EQ(agent_.reloads, 2);
  agent_.refuses = false;
  ASSERT_TRUE(look());
  EXPECT_EQ(codes(), "");
  ASSERT_TRUE(look());
  EXPECT_EQ(agent_.reloads, 3);
}

// As by hand, or by a program of before: the agent takes no such name.
TEST_F(KeeperTest, OneThatMakesTheFileABadOneIsLeftOutAlone) {
  ASSERT_TRUE(look());
  std::string known = read("peers.known.json");
  const size_t at = known.find("\"osd1\"", known.find("\"name\""));
  ASSERT_NE(at, std::string::npos);
  known.replace(at, 6, "\"much too long a name\"");
  write("peers.known.json", known);
  put(test_host(3));
  put(test_host(4));
  ASSERT_TRUE(look());
  EXPECT_EQ(codes(), "CUTTLE_AGENT osd1;");
  EXPECT_THAT(keeper_.problems().front().text, HasSubstr("not a peer name"));
  const LoadedConfig loaded = load_config(path("osd9.toml"), KeyFiles::unneeded);
  EXPECT_THAT(loaded.problem_lines(), IsEmpty());
  EXPECT_THAT(loaded.config.peers, SizeIs(3));
  EXPECT_THAT(loaded.config.closed, ElementsAre(IpPrefix::of(address("10.0.0.1"))));
}

TEST_F(KeeperTest, WhatIsDamagedOnDiskIsNotForgotten) {
  ASSERT_TRUE(look());
  const std::string peers = read("peers.toml");
  write("peers.known.json", "{");
  const auto looked = look();
  ASSERT_FALSE(looked);
  EXPECT_THAT(looked.error().message, HasSubstr("damaged"));
  EXPECT_EQ(read("peers.toml"), peers);
}

// It would see every host as new, and open its addresses.
TEST_F(KeeperTest, WhatIsGoneFromDiskIsNotForgotten) {
  ASSERT_TRUE(look());
  const std::string peers = read("peers.toml");
  std::filesystem::remove(path("peers.known.json"));
  for (const bool is_away : {false, true}) {
    store_.is_away = is_away;
    const auto looked = look();
    ASSERT_FALSE(looked);
    EXPECT_THAT(looked.error().message, HasSubstr("peers.known.json is gone"));
    EXPECT_EQ(read("peers.toml"), peers);
  }
  store_.is_away = false;
  // One that names only what is closed, or is cut off, as well.
  for (const char* text : {"closed = [\"10.0.0.7\"]\n", ""}) {
    write("peers.toml", text);
    EXPECT_FALSE(look()) << text;
    EXPECT_EQ(read("peers.toml"), text);
  }
  // Or where that is gone as well: by `join --again` alone it begins anew.
  std::filesystem::remove(path("peers.toml"));
  EXPECT_FALSE(look());
  EXPECT_FALSE(std::filesystem::exists(path("peers.toml")));
  EXPECT_TRUE(read_known(files_of(path("peers.toml")), read("osd9.toml"), Lost::begins_anew));
  write("peers.toml", kNobody);
  EXPECT_TRUE(look());
}

TEST_F(KeeperTest, AnotherPlaceForThePeersFileOpensNothing) {
  ASSERT_TRUE(look());
  std::string roots = read("osd9.toml");
  roots.replace(roots.find("peers.toml"), 10, "other.toml");
  write("osd9.toml", roots);
  const auto looked = look();
  ASSERT_FALSE(looked);
  EXPECT_THAT(looked.error().message, HasSubstr("other.entry.json is not there"));
  EXPECT_FALSE(std::filesystem::exists(path("other.toml")));
}

// Whatever else fails, a link that was up does not begin open after the next power cut.
TEST_F(KeeperTest, ThatALinkWasClosedIsWrittenDownFirst) {
  ASSERT_TRUE(look());
  agent_.now->links = {link_that_is_up("osd1")};
  const std::string own = read("peers.entry.json");
  write("peers.entry.json", "{");
  EXPECT_FALSE(look());
  agent_.now.reset();
  write("peers.entry.json", own);
  ASSERT_TRUE(look());
  const LoadedConfig loaded = load_config(path("osd9.toml"), KeyFiles::unneeded);
  EXPECT_FALSE(loaded.config.peers[0].joining);
  EXPECT_TRUE(loaded.config.peers[1].joining);
}

// Monitors that are away take their time: an agent, or the power, may be gone by then.
TEST_F(KeeperTest, ThatALinkWasClosedIsWrittenDownBeforeMonitorsAreAsked) {
  ASSERT_TRUE(look());
  agent_.now->links = {link_that_is_up("osd1")};
  std::optional<bool> was_up;
  store_.when_asked = [&] {
    const auto known = parse_known(read("peers.known.json"));
    if (known && !was_up) was_up = known->pins.at("osd1").was_up;
  };
  ASSERT_TRUE(look());
  EXPECT_EQ(was_up, true);
}

// Whoever may open the lock can stop every look, and so keep revocations from having an effect.
TEST_F(KeeperTest, ItsLockIsNoStrangers) {
  ASSERT_TRUE(look());
  struct stat status {};
  ASSERT_EQ(::stat(path("peers.lock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

// What root writes into cuttle-mesh's folder is cuttle-mesh's, without a moment or a path between.
TEST_F(KeeperTest, WhatRootWritesBelongsToWhoseTheFolderIs) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chown(folder_.c_str(), 12345, 12346), 0);
  ASSERT_TRUE(write_file(path("peers.toml"), "text"));
  struct stat status {};
  ASSERT_EQ(::stat(path("peers.toml").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 12345u);
  EXPECT_EQ(status.st_gid, 12346u);
}

TEST_F(KeeperTest, TellsTheManagerHowItIs) {
  LinkStatus link = link_that_is_up("osd1");
  link.release = "queue";
  link.hiding = "hidden";
  link.wire_lateness.p99_ns = 41'000;
  agent_.now->links = {link};
  ASSERT_TRUE(look());
  EXPECT_EQ(state()["host"], "osd9");
  EXPECT_EQ(state()["agent"], "running");
  EXPECT_EQ(state()["time"], 1'700'000'000);
  EXPECT_EQ(state()["links"][0],
            nlohmann::json::parse(
                R"({"peer":"osd1","state":"up","open":false,"hiding":"hidden","late_p99_us":41})"));
  EXPECT_EQ(state()["taken"]["osd1"], 1);
  agent_.now->links[0].state = "quiet";
  ASSERT_TRUE(look(5));
  EXPECT_EQ(state()["links"][0]["state"], "up") << "told ten seconds ago at least";
  ASSERT_TRUE(look(6));
  EXPECT_EQ(state()["links"][0]["state"], "quiet");
  agent_.now.reset();
  ASSERT_TRUE(look(11));
  EXPECT_EQ(state()["agent"], "stopped");
}

TEST(MeshCapabilities, AreExactForWritingAndNarrowForReading) {
  const std::string text = capabilities_of("osd1");
  EXPECT_THAT(text, HasSubstr(R"(allow command "config-key set" with key="cuttle/peer/osd1")"));
  EXPECT_THAT(text, HasSubstr(R"(allow command "config-key set" with key="cuttle/state/osd1")"));
  EXPECT_THAT(text, testing::Not(HasSubstr(R"("config-key set" with key prefix)")));
  EXPECT_THAT(text, testing::Not(HasSubstr("allow r")));
  EXPECT_THAT(text, testing::Not(HasSubstr("'")));
}

}  // namespace
}  // namespace cuttle::mesh
