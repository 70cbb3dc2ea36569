// What a file of static keys may say.
#include "node/static_keys.hh"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "../temporary_folder.hh"

namespace cuttle {
namespace {

using ::testing::HasSubstr;

std::string key(char digit) {
  return "0x" + std::string(72, digit);
}
std::string line(const std::string& peer, int after, char in, char out) {
  return peer + " " + std::to_string(after) + " 0x1001 " + key(in) + " 0x2001 " + key(out) + "\n";
}

NodeConfig with_peers() {
  NodeConfig config;
  for (const char* name : {"b", "c"}) {
    PeerConfig peer;
    peer.name = name;
    peer.lanes = name[0] == 'b' ? 1 : 2;
    config.peers.push_back(peer);
  }
  return config;
}

std::string wrong(const std::string& text) {
  const auto keys = StaticKeys::parse(text, with_peers());
  return keys ? "nothing" : keys.error().message;
}

TEST(StaticKeys, AreHandedOutOnce) {
  auto keys =
      StaticKeys::parse("# two sessions\n\n" + line("b", 0, '1', '2') + line("b", 9, '3', 'F'), with_peers());
  ASSERT_TRUE(keys) << keys.error().message;
  const auto sessions = keys->take_for("b");
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].receive_spi, Spi{0x1001});
  EXPECT_EQ(sessions[0].send_spi, Spi{0x2001});
  EXPECT_EQ(sessions[0].receive_key.bytes[35], 0x11);
  EXPECT_EQ(sessions[1].send_key.bytes[0], 0xff);
  EXPECT_EQ(sessions[1].after, seconds(9));
  EXPECT_TRUE(keys->take_for("b").empty());
  EXPECT_TRUE(keys->take_for("c").empty());
}

TEST(StaticKeys, WhatIsWrongIsSaidWithItsLine) {
  EXPECT_THAT(wrong(""), HasSubstr("no key in it"));
  EXPECT_THAT(wrong("# nothing\n"), HasSubstr("no key in it"));
  EXPECT_THAT(wrong("\nb 0 0x1001\n"), HasSubstr("line 2: 3 words"));
  EXPECT_THAT(wrong(line("d", 0, '1', '2')), HasSubstr("no peer 'd'"));
  EXPECT_THAT(wrong(line("c", 0, '1', '2')), HasSubstr("more than one lane"));
  EXPECT_THAT(wrong(line("b", 5, '1', '2')), HasSubstr("after 0 seconds"));
  EXPECT_THAT(wrong(line("b", -1, '1', '2')), HasSubstr("no number of seconds"));
  EXPECT_THAT(wrong(line("b", 0, '1', '2') + line("b", 0, '3', '4')), HasSubstr("line 2: a peer's first"));
  EXPECT_THAT(wrong(line("b", 0, '1', '1')), HasSubstr("two places"));
  EXPECT_THAT(wrong(line("b", 0, '1', '2') + line("b", 5, '2', '3')), HasSubstr("line 2: a key stands"));
  EXPECT_THAT(wrong("b 0 0xff " + key('1') + " 0x2001 " + key('2')), HasSubstr("an SPI"));
  EXPECT_THAT(wrong("b 0 0x100000000 " + key('1') + " 0x2001 " + key('2')), HasSubstr("an SPI"));
  EXPECT_THAT(wrong("b 0 0x1001 0x11 0x2001 " + key('2')), HasSubstr("72 hexadecimal digits"));
  EXPECT_THAT(wrong("b 0 0x1001 " + key('1') + " 0x2001 " + key('g')), HasSubstr("72 hexadecimal digits"));
  std::string many;
  for (int i = 0; i < 7; ++i) {
    many += line("b", i, static_cast<char>('1' + i), static_cast<char>(i == 0 ? '9' : 'a' + i - 1));
  }
  EXPECT_THAT(wrong(many), HasSubstr("more than 6 sessions"));
}

// Never in what is said, which goes to logs.
TEST(StaticKeys, NoKeyIsRepeated) {
  EXPECT_EQ(wrong("b 0 0x1001 " + key('7') + " 0x2001 " + key('g')).find("777"), std::string::npos);
}

class StaticKeysFile : public ::testing::Test {
 protected:
  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
  }
  TemporaryFolder folder;
  std::string path = folder.path() / "keys";
};

TEST_F(StaticKeysFile, IsEmptyAfterwards) {
  write(line("b", 0, '1', '2'));
  ASSERT_TRUE(StaticKeys::take(path, with_peers()));
  const auto again = StaticKeys::take(path, with_peers());
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("no key in it; a start empties it"));
}

TEST_F(StaticKeysFile, IsTheUsersAlone) {
  write(line("b", 0, '1', '2'), 0640);
  const auto keys = StaticKeys::take(path, with_peers());
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, HasSubstr("chmod 600"));
  EXPECT_FALSE(StaticKeys::take(path + "-not-there", with_peers()));
  write(std::string(40'000, '#'));
  EXPECT_FALSE(StaticKeys::take(path, with_peers()));
}

}  // namespace
}  // namespace cuttle
