// [mesh], and the peers file that it names: what it may say, and what root's file does not let it.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/hand_over.hh"
#include "config/host_name.hh"
#include "config/load.hh"
#include "config/parse.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kRoot[] = R"([node]
name = "osd0"
private_key_file = "osd0.key"
listen = "10.77.0.11:4410"
[mesh]
peers = "/var/lib/cuttle-mesh/osd0.toml"
networks = ["10.77.0.0/24"]
)";
constexpr char kPeer[] = R"([[peer]]
name = "mon"
public_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
endpoint = "10.77.0.10:4410"
redirect = ["10.77.0.10"]
)";

std::vector<std::string> lines_of(const ParsedConfig& parsed) {
  std::vector<std::string> lines;
  for (const Problem& problem : parsed.problems.list()) lines.push_back(to_string(problem, "osd0.toml"));
  return lines;
}

constexpr char kNoneClosed[] = "closed = []\n";

// With what every such file has.
std::string whole(const std::string& peers) {
  return peers.find("closed = ") == std::string::npos ? kNoneClosed + peers : peers;
}

ParsedConfig parse(const std::string& peers, const std::string& root = kRoot) {
  return parse_config(root, "", PeersText{whole(peers)});
}

// The one problem there is.
std::string only_problem(const std::string& peers, const std::string& root = kRoot) {
  const auto lines = lines_of(parse(peers, root));
  return lines.size() == 1 ? lines[0]
                           : std::to_string(lines.size()) + " problems: " + testing::PrintToString(lines);
}

std::string with(std::string text, const std::string& old, const std::string& now) {
  return text.replace(text.find(old), old.size(), now);
}

TEST(MeshConfig, PeersComeFromTheFile) {
  const ParsedConfig parsed = parse(std::string("closed = [\"10.77.0.13\", \"fd00::1\"]\n") + kPeer);
  EXPECT_THAT(lines_of(parsed), IsEmpty());
  ASSERT_THAT(parsed.config.peers, SizeIs(1));
  EXPECT_EQ(parsed.config.peers[0].name, "mon");
  EXPECT_THAT(parsed.config.closed, SizeIs(2));
  EXPECT_EQ(parsed.config.mesh->host, "osd0");
  EXPECT_EQ(parsed.config.mesh->ceph_name, "client.cuttle.osd0");
}

TEST(MeshConfig, ThereNeedBeNone) {
  EXPECT_THAT(lines_of(parse("")), IsEmpty());
  EXPECT_THAT(lines_of(parse_config(kRoot, "")), IsEmpty());
}

TEST(MeshConfig, RootsOwnPeersComeFirst) {
  const std::string own = with(with(with(kPeer, "mon", "own"), "hSDw", "hSDx"), "10.77.0.10:", "10.77.0.12:");
  const ParsedConfig parsed = parse(kPeer, kRoot + with(own, "\"10.77.0.10\"", "\"10.77.0.12\""));
  EXPECT_THAT(lines_of(parsed), IsEmpty());
  ASSERT_THAT(parsed.config.peers, SizeIs(2));
  EXPECT_EQ(parsed.config.peers[0].name, "own");
}

TEST(MeshConfig, OutsideTheNetworksIsRefused) {
  EXPECT_THAT(
      only_problem(with(kPeer, "10.77.0.10:4410", "10.78.0.10:4410")),
      HasSubstr(
          "osd0.toml: /var/lib/cuttle-mesh/osd0.toml:2: peer.mon.endpoint: 10.78.0.10:4410 is outside"));
  EXPECT_THAT(only_problem(with(kPeer, "[\"10.77.0.10\"]", "[\"10.78.0.10\"]")),
              HasSubstr("outside mesh.networks"));
  EXPECT_THAT(only_problem(with(kPeer, "[\"10.77.0.10\"]", "[\"10.0.0.0/8\"]")), HasSubstr("10.77.0.11"));
}

TEST(MeshConfig, ItSaysNothingButPeers) {
  for (const char* text : {"[node]\nname = \"x\"\n", "[runtime]\nuser = \"root\"\n",
                           "[mesh]\npeers = \"x\"\n", "[shape]\nrate = \"1 Gb/s\"\n"}) {
    EXPECT_THAT(only_problem(text), HasSubstr("unknown key")) << text;
  }
  EXPECT_THAT(only_problem(kPeer + std::string("preshared_key_file = \"/etc/shadow\"\n")),
              HasSubstr("only root's"));
  EXPECT_THAT(only_problem(kPeer + std::string("ports = [\"6789\"]\n")), HasSubstr("only root's"));
  // A shape is what hides: one that says nothing new is refused as well, and none is taken.
  for (const char* shape :
       {"[peer.shape]\njitter = 0\n", "shape = {}\n", "shape = { rate = \"nonsense\" }\n", "shape = 3\n"}) {
    EXPECT_THAT(only_problem(kPeer + std::string(shape)), HasSubstr("peer.mon.shape: only root's")) << shape;
    const ParsedConfig lenient = parse_config(kRoot, "", PeersText{whole(kPeer + std::string(shape)), true});
    EXPECT_EQ(lenient.config.peers[0].shape, parse(kPeer).config.peers[0].shape);
  }
  EXPECT_THAT(only_problem("closed = [\"x\"]"), HasSubstr("not an address"));
  EXPECT_THAT(only_problem("closed = [\"10.77.0.11\"]"), HasSubstr("this node's own"));
  EXPECT_THAT(only_problem(std::string("closed = [\"10.77.0.0/28\"]\n") + kPeer), HasSubstr("closed"));
  EXPECT_THAT(only_problem("[[peer"), HasSubstr("not TOML"));
}

TEST(MeshConfig, WhatIsWrongInTheTable) {
  const auto problem = [](const std::string& old, const std::string& now) {
    return only_problem("", with(kRoot, old, now));
  };
  EXPECT_THAT(problem("peers = \"/var/lib/cuttle-mesh/osd0.toml\"", ""), HasSubstr("mesh.peers is missing"));
  EXPECT_THAT(problem("networks", "network"), HasSubstr("did you mean \"networks\"?"));
  EXPECT_THAT(problem("10.77.0.0/24", "10.77.0.1/24"), HasSubstr("not a network"));
  EXPECT_THAT(problem("[mesh]", "[mesh]\nhost = \"OSD0\""), HasSubstr("mesh.host"));
  EXPECT_THAT(problem("[mesh]", "[mesh]\nsigning_key = \"x\""), HasSubstr("mesh.signing_key"));
  EXPECT_THAT(problem("[mesh]", "[mesh]\nceph_name = \"osd.0\""), HasSubstr("mesh.ceph_name"));
}

// Who only looks, or only closes, takes what is right.
TEST(MeshConfig, LenientTakesWhatIsRight) {
  const ParsedConfig parsed =
      parse_config(kRoot, "", PeersText{whole(std::string(kPeer) + "strange = 1\n"), true});
  EXPECT_FALSE(parsed.problems.has_errors());
  EXPECT_THAT(parsed.problems.list(), SizeIs(1));
  EXPECT_THAT(parsed.config.peers, SizeIs(1));
}

// Whole networks are root's to give away.
TEST(MeshConfig, WithoutNetworksItNamesHostsAlone) {
  const std::string anywhere = with(kRoot, "networks = [\"10.77.0.0/24\"]\n", "");
  EXPECT_THAT(lines_of(parse(kPeer, anywhere)), IsEmpty());
  EXPECT_THAT(only_problem(with(kPeer, "[\"10.77.0.10\"]", "[\"128.0.0.0/1\"]"), anywhere),
              HasSubstr("peer.mon.redirect: 128.0.0.0/1 is neither one address nor within mesh.networks"));
  EXPECT_THAT(lines_of(parse(with(kPeer, "[\"10.77.0.10\"]", "[\"10.77.0.128/25\"]"))), IsEmpty());
}

// Its links do not begin open for ever, whatever the file says.
TEST(MeshConfig, JoiningHasAnEnd) {
  const std::string joins = std::string(kPeer) + "joining = true\n";
  const auto limit = [&](const std::string& root) {
    return parse(joins, root).config.peers[0].joining_limit;
  };
  EXPECT_EQ(limit(kRoot), seconds(86'400));
  EXPECT_EQ(limit(with(kRoot, "[mesh]", "[mesh]\njoining_limit = \"90 s\"")), seconds(90));
  EXPECT_FALSE(parse(kPeer).config.peers[0].joining_limit);
  EXPECT_THAT(only_problem(joins + "joining_limit = \"2000000 s\"\n"), HasSubstr("only root's"));
  EXPECT_THAT(only_problem("", with(kRoot, "[mesh]", "[mesh]\njoining_limit = \"0 s\"")),
              HasSubstr("mesh.joining_limit"));
  // Nor by a file that is looked at leniently.
  const ParsedConfig lenient =
      parse_config(kRoot, "", PeersText{whole(joins + "joining_limit = \"2000000 s\"\n"), true});
  EXPECT_EQ(lenient.config.peers[0].joining_limit, seconds(86'400));
}

// One that is cut off is good TOML, and what is missing would be open.
TEST(MeshConfig, OneThatIsCutOffIsRefused) {
  const std::string two = "hosts = 2\n" + std::string(kNoneClosed) + kPeer;
  EXPECT_THAT(only_problem(two), HasSubstr("hosts: 2, and there are 1 [[peer]]"));
  EXPECT_THAT(lines_of(parse(with(two, "2", "1"))), IsEmpty());
  const auto problems = [](const std::string& text) {
    return lines_of(parse_config(kRoot, "", PeersText{text}));
  };
  EXPECT_THAT(problems(""), testing::ElementsAre(HasSubstr("closed is missing")));
  EXPECT_THAT(problems("hosts = 0\n"), testing::ElementsAre(HasSubstr("closed is missing")));
  EXPECT_THAT(problems(kNoneClosed), IsEmpty()) << "of a version before";
}

class MeshFileTest : public testing::Test {
 protected:
  MeshFileTest()
      : folder_(std::filesystem::temp_directory_path() / ("cuttle-mesh-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    write("osd0.toml", with(kRoot, "/var/lib/cuttle-mesh/osd0.toml", "peers.toml"));
    write("peers.toml", whole(kPeer));
  }
  ~MeshFileTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    ::chmod((folder_ / name).c_str(), 0644);
  }
  std::vector<std::string> problems(KeyFiles key_files) {
    return load_config((folder_ / "osd0.toml").string(), key_files).problem_lines();
  }
  std::filesystem::path folder_;
};

// The helper is root, and would open whatever the link names: a file that only root reads, a watchdog.
TEST_F(MeshFileTest, NoLinkOfAnothersLeadsElsewhere) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto peers = [&](const std::string& path) {
    write("osd0.toml", with(kRoot, "/var/lib/cuttle-mesh/osd0.toml", path));
    return problems(KeyFiles::unneeded);
  };
  for (const char* name : {"theirs", "theirs/deeper", "roots"})
    std::filesystem::create_directories(folder_ / name);
  for (const char* name : {"theirs", "theirs/deeper"})
    ASSERT_EQ(::chown((folder_ / name).c_str(), 12345, 12345), 0);
  write("roots/secret.toml", "secret");
  write("roots/good.toml", whole(kPeer));
  const auto roots = folder_ / "roots";
  std::filesystem::create_symlink(roots / "secret.toml", folder_ / "theirs/secret.toml");
  std::filesystem::create_symlink(roots / "none.toml", folder_ / "theirs/none.toml");
  std::filesystem::create_symlink(roots, folder_ / "theirs/way");
  std::filesystem::create_symlink(roots, folder_ / "theirs/deeper/way");
  const std::string refused = "a symbolic link in another user's folder, which is not followed";
  for (const char* path : {"theirs/secret.toml", "theirs/none.toml", "theirs/way/good.toml",
                           "theirs/way/none.toml", "theirs/deeper/way/good.toml"}) {
    EXPECT_THAT(peers(path), testing::ElementsAre(HasSubstr(refused))) << path;
  }
  // In a folder that anybody may write, root's or not.
  std::filesystem::create_directories(folder_ / "open");
  std::filesystem::create_symlink(roots / "good.toml", folder_ / "open/good.toml");
  EXPECT_THAT(peers("open/good.toml"), IsEmpty()) << "root's own";
  ASSERT_EQ(::chmod((folder_ / "open").c_str(), 01777), 0);
  EXPECT_THAT(peers("open/good.toml"), testing::ElementsAre(HasSubstr(refused)));
  // Root may have put that user's folder elsewhere.
  std::filesystem::create_symlink(folder_ / "theirs", folder_ / "moved");
  write("theirs/good.toml", whole(kPeer));
  EXPECT_THAT(peers("moved/good.toml"), IsEmpty());
  EXPECT_THAT(peers("moved/deeper/../good.toml"), IsEmpty());
  EXPECT_THAT(peers("moved/gone.toml"), testing::ElementsAre(HasSubstr("No such file or directory")));
}

TEST_F(MeshFileTest, IsReadBesideRoots) {
  const LoadedConfig loaded = load_config((folder_ / "osd0.toml").string(), KeyFiles::unneeded);
  EXPECT_THAT(loaded.problem_lines(), IsEmpty());
  EXPECT_THAT(loaded.config.peers, SizeIs(1));
  // And goes over to the agent with it.
  const auto handed = from_bytes(loaded.file, to_bytes(loaded));
  EXPECT_FALSE(handed) << "without keys there is nothing to hand over";
}

TEST_F(MeshFileTest, OthersMayNotWriteIt) {
  ::chmod((folder_ / "peers.toml").c_str(), 0666);
  EXPECT_THAT(problems(KeyFiles::unneeded), testing::ElementsAre(HasSubstr("others can write it")));
}

TEST_F(MeshFileTest, ItBelongsToWhoMayWriteIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chown((folder_ / "peers.toml").c_str(), 12345, 12345), 0);
  EXPECT_THAT(problems(KeyFiles::unneeded), testing::ElementsAre(HasSubstr("belongs to user 12345")));
}

// Without it nobody knows what is to stay closed: an agent does not start.
TEST_F(MeshFileTest, OneThatIsGoneIsAnError) {
  std::filesystem::remove(folder_ / "peers.toml");
  EXPECT_THAT(problems(KeyFiles::read), testing::Contains(HasSubstr("what is to stay closed is not known")));
  // `cuttle close` and `cuttle down` do what can be done.
  EXPECT_THAT(problems(KeyFiles::unneeded),
              testing::ElementsAre(HasSubstr("all of mesh.networks does"), HasSubstr("warning")));
  EXPECT_TRUE(load_config((folder_ / "osd0.toml").string(), KeyFiles::unneeded).good());
}

// What a bad peers' file names, or could name, is closed before there is an agent: never left open.
TEST_F(MeshFileTest, WhatCannotBeUsedIsClosed) {
  const auto closed = [&] {
    const LoadedConfig loaded = load_config((folder_ / "osd0.toml").string(), KeyFiles::unneeded);
    EXPECT_TRUE(loaded.good());
    return loaded.config;
  };
  const auto closes = [](const NodeConfig& config, const char* text) {
    return std::any_of(config.closed.begin(), config.closed.end(),
                       [&](const IpPrefix& one) { return one.contains(*IpAddress::parse(text)); });
  };
  const NodeConfig good = closed();
  ASSERT_THAT(good.peers, SizeIs(1));
  const IpAddress peer = good.peers[0].endpoint.address;
  std::string many = whole("");
  for (int i = 0; i < 1025; ++i) many += "[[peer]]\n";
  for (const std::string& bad : {std::string("[[peer]\n"), std::string(), std::string("hosts = 2\n"),
                                 whole("hosts = 1\n"), whole("peer = 1\n"), whole("peer = [1]\n"), many}) {
    std::ofstream(folder_ / "peers.toml") << bad;
    const NodeConfig config = closed();
    EXPECT_THAT(config.peers, IsEmpty());
    EXPECT_TRUE(closes(config, peer.to_string().c_str())) << bad;
    EXPECT_FALSE(closes(config, config.listen.address.to_string().c_str())) << "its own";
  }
  // What is left of one names more than the networks.
  write("osd0.toml", with(with(kRoot, "/var/lib/cuttle-mesh/osd0.toml", "peers.toml"),
                          "networks = [\"10.77.0.0/24\"]\n", ""));
  write("peers.toml", "hosts = 2\nclosed = [\"10.78.0.1\"]\n" + std::string(kPeer));
  EXPECT_TRUE(closes(closed(), peer.to_string().c_str()));
  EXPECT_TRUE(closes(closed(), "10.78.0.1"));
}

// A path in it would have a process of root's open whatever cuttle-mesh names.
TEST_F(MeshFileTest, NoFileIsOpenedThatItNames) {
  write("peers.toml",
        whole(std::string(kPeer) + "preshared_key_file = \"" + (folder_ / "psk").string() + "\"\n"));
  write("psk", "secret");
  const auto lines = problems(KeyFiles::read);
  EXPECT_THAT(lines, testing::Contains(HasSubstr("only root's own file may name one")));
  EXPECT_THAT(lines, testing::Not(testing::Contains(HasSubstr("others can read it"))));
}

TEST(HostName, IsOne) {
  for (const char* good : {"osd0", "a", "osd-0.site_a.example", "0"})
    EXPECT_TRUE(parse_host_name(good)) << good;
  for (const char* bad : {"", ".", "osd0.", ".osd0", "a..b", "OSD0", "a b", "a/b", "-a", "a-", "ä", "a\nb"}) {
    EXPECT_FALSE(parse_host_name(bad)) << bad;
  }
  EXPECT_FALSE(parse_host_name(std::string(64, 'a')));
  EXPECT_TRUE(parse_host_name(std::string(63, 'a')));
}

}  // namespace
}  // namespace cuttle
