// cuttle-mesh and those beside it: an agent that cannot, a machine that changes, an operator who waits.
#include <gmock/gmock.h>

#include "config/load.hh"
#include "io/file_lock.hh"
#include "keeper_fixture.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(KeeperTest, AnAgentThatRefusesIsAskedAgainAndSaid) {
  agent_.now->links = {link_that_joins("osd1"), link_that_joins("osd2")};
  agent_.refuses = true;
  ASSERT_TRUE(look());
  EXPECT_THAT(codes(), HasSubstr("CUTTLE_AGENT"));
  ASSERT_TRUE(look());
  EXPECT_EQ(agent_.reloads, 1) << "not at each look";
  EXPECT_EQ(codes(), "CUTTLE_AGENT ;") << "still";
  ASSERT_TRUE(look(6));
  EXPECT_EQ(agent_.reloads, 2);
  // A change is not kept waiting.
  put(test_host(3));
  ASSERT_TRUE(look(1));
  EXPECT_EQ(agent_.reloads, 3);
  agent_.refuses = false;
  agent_.now->links.push_back(link_that_joins("osd3"));
  ASSERT_TRUE(look(10));
  EXPECT_EQ(codes(), "");
  EXPECT_EQ(agent_.reloads, 4);
  ASSERT_TRUE(look(20));
  EXPECT_EQ(agent_.reloads, 4);
}

// One that the agent had to leave out when it started, say: nothing changes that would have it tried again.
TEST_F(KeeperTest, ALinkThatTheAgentLacksIsAskedForAgain) {
  agent_.now->links = {link_that_joins("osd1"), link_that_joins("osd2")};
  ASSERT_TRUE(look());
  ASSERT_EQ(agent_.reloads, 1);
  for (const bool is_named : {true, false}) {
    agent_.now->links = {link_that_joins("osd1")};
    if (is_named) agent_.now->links.push_back(link_that_joins("osd2"));
    if (is_named) agent_.now->links[1].state = kNoLink;
    agent_.reloads = 0;
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(look(1));
    EXPECT_EQ(agent_.reloads, 3);
  }
  // Not for one that has no link: it left.
  agent_.now->links = {link_that_joins("osd1")};
  store_.keys["cuttle/revoked/osd2"] = "";
  ASSERT_TRUE(look());
  agent_.reloads = 0;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(look(10));
  EXPECT_EQ(agent_.reloads, 0);
}

// Another user of this host holds the port of one link: hosts that renew their keys do not wait for that, for
// this agent has what they said.
TEST_F(KeeperTest, ALinkThatCannotBeHadKeepsNobodyWaiting) {
  TestHost first = test_host(1);
  TestHost second = test_host(2);
  agent_.now->links = {link_that_is_up("osd1"), link_that_is_up("osd2")};
  agent_.now->links[1].state = kNoLink;
  agent_.undone = {"osd2: port 4411: Address already in use"};
  ASSERT_TRUE(look());
  EXPECT_EQ(state()["taken"]["osd1"], 1);
  first.entry.next_key = test_key(71);
  first.say_anew();
  second.entry.next_key = test_key(72);
  second.say_anew();
  put(first);
  put(second);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(look());
  EXPECT_EQ(state()["taken"]["osd1"], 2);
  EXPECT_EQ(state()["taken"]["osd2"], 2) << "it has no session that would end";
  EXPECT_EQ(codes(), "CUTTLE_AGENT ;") << "it is still said";
  agent_.reloads = 0;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(look(5));
  EXPECT_EQ(agent_.reloads, 5) << "and tried again";
  agent_.undone.clear();
  agent_.now->links[1].state = "up";
  ASSERT_TRUE(look(10));
  EXPECT_EQ(codes(), "");
  // What it does not have is not told, whatever becomes of the links.
  for (bool AgentDouble::*why : {&AgentDouble::fails, &AgentDouble::refuses}) {
    const uint64_t before = first.entry.counter;
    agent_.*why = true;
    first.say_anew();
    first.entry.next_key = test_key(80 + static_cast<int>(before));
    first.say_anew();
    put(first);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(look());
    EXPECT_FALSE(state()["taken"].contains("osd1"));
    agent_.*why = false;
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(look());
    EXPECT_EQ(state()["taken"]["osd1"], first.entry.counter);
  }
}

// By a lease, say: who looks at the mesh hears of it, with the monitors away, too.
TEST_F(KeeperTest, AnAddressOfAnotherHostsThatThisMachineHasIsClosedAndSaid) {
  ASSERT_TRUE(look());
  machine_.own = {*IpAddress::parse("10.0.0.1")};
  for (const bool is_away : {false, true, true}) {
    store_.is_away = is_away;
    EXPECT_EQ(look().has_value(), !is_away);
    EXPECT_THAT(codes(), testing::ContainsRegex("CUTTLE_ADDRESS_TAKEN osd1;"));
    EXPECT_THAT(codes(), testing::Not(testing::ContainsRegex("TAKEN.*TAKEN")));
    const LoadedConfig loaded = load_config(path("osd9.toml"), KeyFiles::unneeded);
    EXPECT_THAT(loaded.config.peers, SizeIs(1));
    EXPECT_THAT(loaded.config.closed, testing::ElementsAre(*IpPrefix::parse("10.0.0.1")));
  }
}

// Restored from a backup: its own later word, which the others have taken in, is not written over.
TEST_F(KeeperTest, ALaterEntryOfItsOwnIsNotWrittenOver) {
  ASSERT_TRUE(look());
  TestHost later = test_host(9);
  later.say_anew();
  put(later);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(look());
    EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), later.to_string());
    ASSERT_EQ(codes(), "CUTTLE_ENTRY_OLD osd9;");
    EXPECT_THAT(keeper_.problems()[0].fix, HasSubstr("join --again"));
  }
  // What only says so, without a proof, is.
  later.entry.counter = 9;
  put(later);
  ASSERT_TRUE(look());
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), test_host(9).to_string());
  EXPECT_EQ(codes(), "");
}

// Whoever has this host's keyring can write what is no signature where the operator's stood. Root's file may
// know no key to tell: then the mesh's record does.
TEST_F(KeeperTest, NoSignatureIsWrittenOverTheOperators) {
  const SigningKey desk = SigningKey::from_random(bytes(5, 9));
  Record record;
  record.signing_key = desk.verifying_key();
  store_.keys[kRecordKey] = to_json(record);
  TestHost own = test_host(9);
  TestHost junk = own;
  sign(own.entry, desk);
  sign(junk.entry, SigningKey::from_random(bytes(6, 9)));
  put(junk);
  ASSERT_TRUE(look());
  EXPECT_EQ(read("peers.entry.json"), test_host(9).to_string()) << "not taken for the operator's";
  put(own);
  ASSERT_TRUE(look());
  EXPECT_EQ(read("peers.entry.json"), own.to_string());
  put(junk);
  ASSERT_TRUE(look());
  EXPECT_EQ(read("peers.entry.json"), own.to_string());
  EXPECT_EQ(store_.keys.at("cuttle/peer/osd9"), own.to_string()) << "put back";
  // A junk one that a version before took gives way.
  write("peers.entry.json", junk.to_string());
  ASSERT_TRUE(look());
  EXPECT_EQ(read("peers.entry.json"), own.to_string());
}

// An operator's word waits for it, and not for long.
TEST_F(KeeperTest, ItsLockIsFreeWhileOthersAnswer) {
  int free = 0;
  const auto count = [&] { free += FileLock::wait_for(path("peers.lock"), milliseconds(0)) ? 1 : -100; };
  agent_.when_reloaded = store_.when_asked = count;
  ASSERT_TRUE(look());
  EXPECT_GT(free, 1);
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
  ASSERT_EQ(codes(), "CUTTLE_AGENT osd1;");
  EXPECT_THAT(keeper_.problems().front().text, HasSubstr("not a peer name"));
  const LoadedConfig loaded = load_config(path("osd9.toml"), KeyFiles::unneeded);
  EXPECT_THAT(loaded.problem_lines(), IsEmpty());
  EXPECT_THAT(loaded.config.peers, SizeIs(3));
  EXPECT_THAT(loaded.config.closed, ElementsAre(IpPrefix::of(address("10.0.0.1"))));
  const auto now_known = parse_known(read("peers.known.json"));
  ASSERT_TRUE(now_known);
  EXPECT_TRUE(now_known->pins.at("osd1").was_up) << "it was closed: it never begins open again";
  EXPECT_FALSE(now_known->pins.at("osd2").was_up);
}

}  // namespace
}  // namespace cuttle::mesh
