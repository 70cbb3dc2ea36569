// cuttle-mesh at work: from the store to the peers file.
#include "mesh/keeper.hh"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "config/load.hh"
#include "keeper_fixture.hh"
#include "mesh/capabilities.hh"

namespace cuttle::mesh {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(KeeperTest, WritesWhatTheAgentReads) {
  ASSERT_TRUE(look());
  const LoadedConfig loaded = load_config(path("osd9.toml"), KeyFiles::unneeded);
  EXPECT_THAT(loaded.problem_lines(), IsEmpty());
  EXPECT_THAT(loaded.config.peers, SizeIs(2));
  EXPECT_EQ(agent_.reloads, 1);
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), test_host(9).to_string());
}

TEST_F(KeeperTest, DoesNothingWhereNothingChanges) {
  agent_.now->links = {link_that_joins("osd1"), link_that_joins("osd2")};
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
  EXPECT_THAT(keyring_command("osd1"), testing::StartsWith("(umask 077; ")) << "or all users could read it";
}

}  // namespace
}  // namespace cuttle::mesh
