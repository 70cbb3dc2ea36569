// How a change of many links goes: the driver takes them all at once, and whoever waits for a sign of life
// gets one between any two steps.
#include "node/apply_reload.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/parse.hh"
#include "door_to_nowhere.hh"

namespace cuttle {
namespace {

NodeConfig configuration(int peers, std::string_view rate) {
  std::string text = fmt::format(
      "[node]\nname = \"a\"\nprivate_key_file = \"a.key\"\nlisten = \"10.0.0.1:4410\"\n"
      "[shape]\nslot = \"1 s\"\nrate = \"{}\"\n",
      rate);
  for (int i = 0; i < peers; ++i) {
    std::array<uint8_t, kKeySize> key{};
    key[1] = static_cast<uint8_t>(i + 1);
    text += fmt::format(
        "[[peer]]\nname = \"p{0}\"\npublic_key = \"{1}\"\nendpoint = \"10.0.1.{0}:4410\"\n"
        "redirect = [\"10.0.1.{0}\"]\n",
        i, PrivateKey::from_random(key).public_key().to_string());
  }
  ParsedConfig parsed = parse_config(text, "");
  EXPECT_FALSE(parsed.problems.has_errors());
  return parsed.config;
}

constexpr SealCost kSealing(nanoseconds(200), microseconds(1));

NodeConfig without_peers() {
  NodeConfig config = configuration(1, "1 Mb/s");
  config.peers.clear();
  return config;
}

NodeKeys keys_for(const NodeConfig& config, uint8_t own = 77) {
  std::array<uint8_t, kKeySize> bytes{};
  bytes[31] = own;
  return {PrivateKey::from_random(bytes),
          std::vector(config.peers.size(), PresharedKey::from_random(std::array<uint8_t, kKeySize>{}))};
}

// Counts the steps since the last sign of life.
struct Steps {
  int now = 0;
  int max = 0;
  void step() { max = std::max(max, ++now); }
};

// Its queues lead nowhere.
class CountingMachine final : public Machine {
 public:
  explicit CountingMachine(Steps& steps) : steps_(steps) {}
  size_t peers = 0;
  size_t cannot_open = SIZE_MAX;  // this peer's lanes
  size_t ports = 1;               // that can be had
  bool finishes = true;
  const NodeConfig* wanted = nullptr;

  LoadedConfig read_configuration() override { return {}; }
  Result<OpenPeers> close_all() override { return OpenPeers(); }
  Result<std::vector<LaneDoor>> open_lanes(size_t peer) override {
    steps_.step();
    if (peer == cannot_open) return failure("Network is unreachable");
    std::vector<LaneDoor> lanes;
    for (uint32_t lane = 0; lane < wanted->peers[peer].lanes; ++lane) lanes.push_back(door_to_nowhere());
    return lanes;
  }
  Result<std::vector<UnknownSourceSocket>> open_unknown_sources(size_t already) override {
    steps_.step();
    std::vector<UnknownSourceSocket> sockets;
    for (size_t port = already; port < ports; ++port) sockets.push_back(source_of_nothing());
    return sockets;
  }
  Result<void> open_link(size_t /*peer*/) override { return done(); }
  Result<QueueDoors> set_up_queues() override { return QueueDoors(); }
  Result<void> confine() override { return done(); }
  Result<void> settle() override { return done(); }
  Result<void> begin_change() override { return done(); }
  Result<void> close_wanted() override { return done(); }
  Result<void> abandon_change() override { return done(); }
  Result<void> withdraw() override { return done(); }
  Result<OpenPeers> finish_change() override {
    steps_.step();
    if (!finishes) return failure("the helper is gone");
    return OpenPeers(peers, false);
  }
  Result<void> link_is_up(size_t /*peer*/) override { return done(); }
  Result<GuardStatus> guard_status() override { return GuardStatus{}; }
  Result<std::vector<QueueLook>> look_at_queues() override { return std::vector<QueueLook>(); }
  Result<void> confirm() override { return done(); }
  Result<void> handle_end() override { return done(); }
  Result<void> take_back() override { return done(); }
  std::string handle_timeout(Instant /*now*/) override { return {}; }

 private:
  Result<void> done() {
    steps_.step();
    return {};
  }
  Steps& steps_;
};

class CountingDriver final : public Driver {
 public:
  explicit CountingDriver(Steps& steps) : steps_(steps) {}
  std::vector<size_t> added;  // by each call
  std::vector<size_t> removed;
  size_t refuses = SIZE_MAX;  // the link at that place

  Result<std::string> start(const std::vector<std::unique_ptr<NodeLink>>& /*links*/) override {
    return std::string();
  }
  std::vector<Result<void>> add(std::span<NodeLink* const> links) override {
    steps_.step();
    added.push_back(links.size());
    std::vector<Result<void>> results(links.size());
    if (refuses < links.size()) results[refuses] = failure("no room");
    return results;
  }
  void remove(std::span<NodeLink* const> links) override {
    steps_.step();
    removed.push_back(links.size());
  }

 private:
  Steps& steps_;
};

class ApplyReloadTest : public ::testing::Test {
 protected:
  Result<std::vector<std::string>> change_to(const NodeConfig& wanted) {
    const NodeKeys wanted_keys = keys_for(wanted, own_key_);
    const ReloadPlan changes = compare_links(config_, keys_, names(), wanted, wanted_keys);
    machine_.peers = wanted.peers.size();
    machine_.wanted = &wanted;
    steps_ = {};
    return apply_reload(
        {config_, keys_, links_, unknown_sources_, open_, machine_, driver_, *handshakes_,
         AeadBackend::openssl, kSealing, nullptr, nullptr, nullptr, relay_, [this] { steps_.now = 0; }},
        wanted, wanted_keys, changes);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> running;
    for (const auto& link : links_) running.push_back(link->peer().name);
    return running;
  }

  uint8_t own_key_ = 77;
  NodeConfig config_ = without_peers();
  NodeKeys keys_ = keys_for(config_);
  std::vector<std::unique_ptr<NodeLink>> links_;
  std::vector<UnknownSourceSocket> unknown_sources_;
  OpenPeers open_;
  RelayNode* relay_ = nullptr;
  Steps steps_;
  CountingMachine machine_{steps_};
  CountingDriver driver_{steps_};
  WakeUp wake_up_ = WakeUp::create().value();
  RestoreWatch restore_watch_;
  std::unique_ptr<HandshakeLoop> handshakes_ =
      HandshakeLoop::create(wake_up_, restore_watch_, driver_).value();
};

TEST_F(ApplyReloadTest, ManyLinksAreHandedOverAtOnce) {
  ASSERT_TRUE(change_to(configuration(12, "1 Mb/s")));
  EXPECT_EQ(driver_.added, std::vector<size_t>{12});
  EXPECT_EQ(links_.size(), 12U);
  ASSERT_TRUE(change_to(configuration(8, "480 kb/s")));  // four go, eight start anew
  EXPECT_EQ(driver_.removed.back(), 12U);
  EXPECT_EQ(driver_.removed.size(), 2U) << "once in each change";
  EXPECT_EQ(driver_.added.back(), 8U);
  EXPECT_EQ(links_.size(), 8U);
}

// Those that come have their handshakes at once, those that went are not touched any more (the sanitizer
// would see it).
TEST_F(ApplyReloadTest, TheHandshakesOfThoseThatComeGoOnWhileItChanges) {
  handshakes_->start(false);
  for (const int peers : {3, 12, 1, 5}) {
    for (const char* rate : {"1 Mb/s", "480 kb/s"}) ASSERT_TRUE(change_to(configuration(peers, rate)));
  }
  const auto has_asked = [](const auto& link) { return link->lane(0).handshakes_out.front().has_value(); };
  const Instant until = MonotonicClock().now() + seconds(10);
  const auto asks = std::count_if(links_.begin(), links_.end(), [&](const auto& link) {
    return keys_.private_key.public_key() < link->peer().public_key;
  });
  ASSERT_GT(asks, 0) << "one of five keys is above this node's";
  while (std::count_if(links_.begin(), links_.end(), has_asked) < asks) {
    ASSERT_LT(MonotonicClock().now(), until) << "nobody asks";
    MonotonicClock().sleep_until(MonotonicClock().now() + milliseconds(5));
  }
}

// How busy the machine is by then would show in how far apart lanes release.
TEST_F(ApplyReloadTest, LinksThatComeMeasureNothing) {
  ASSERT_TRUE(change_to(configuration(2, "1 Mb/s")));
  for (const auto& link : links_) {
    const Lane& lane = link->lane(0);
    const auto cells = static_cast<int64_t>(lane.sender.plan().cells_per_release());
    EXPECT_EQ(lane.seal_lead.at_start(), kSealing.of(lane.format) * cells * 3 / 2);
  }
}

TEST_F(ApplyReloadTest, ANodeThatRelaysSaysTheNumberOfItsNewKey) {
  RelayNode relay({.own_key = keys_.private_key.public_key()});
  relay_ = &relay;
  ASSERT_TRUE(change_to(configuration(2, "1 Mb/s")));
  EXPECT_EQ(relay.number(), KeyNumbers::of(keys_.private_key.public_key()));
  for (const auto& link : links_) {
    EXPECT_TRUE(link->lane(0).relay->numbers.contains(KeyNumbers::of(link->peer().public_key)));
  }
  own_key_ = 78;
  ASSERT_TRUE(change_to(configuration(2, "1 Mb/s")));
  EXPECT_EQ(relay.number(), KeyNumbers::of(keys_for(config_, 78).private_key.public_key()));
  links_.clear();
}

TEST_F(ApplyReloadTest, GivesASignOfLifeBetweenAnyTwoSteps) {
  ASSERT_TRUE(change_to(configuration(12, "1 Mb/s")));
  EXPECT_LE(steps_.max, 1);
  ASSERT_TRUE(change_to(configuration(8, "480 kb/s")));
  EXPECT_LE(steps_.max, 1);
}

// Else whoever is in the mesh could keep each change out, a revocation of himself too.
TEST_F(ApplyReloadTest, APeerOfTheMeshThatCannotBeOpenedKeepsNoOtherOut) {
  machine_.cannot_open = 1;
  NodeConfig wanted = configuration(3, "1 Mb/s");
  EXPECT_FALSE(change_to(wanted));
  EXPECT_TRUE(links_.empty()) << "root's own file is taken whole or not at all";
  wanted.mesh.emplace();
  for (PeerConfig& peer : wanted.peers) peer.line = 0;
  const auto changed = change_to(wanted);
  ASSERT_TRUE(changed) << "the others' changes are in force";
  EXPECT_EQ(*changed, std::vector<std::string>{"Network is unreachable"});
  EXPECT_EQ(config_.peers.size(), 3U);
  EXPECT_EQ(names(), (std::vector<std::string>{"p0", "p2"}));
  machine_.cannot_open = SIZE_MAX;
  EXPECT_TRUE(change_to(wanted).value().empty()) << "the next change tries again";
  EXPECT_EQ(links_.size(), 3U);
}

// Its own address was away for a moment while it was to start anew. What else changes, a revocation too, must
// not wait for it.
TEST_F(ApplyReloadTest, ALinkOfRootsOwnThatIsMissingKeepsNoChangeOut) {
  ASSERT_TRUE(change_to(configuration(2, "1 Mb/s")));
  machine_.cannot_open = 1;
  ASSERT_TRUE(change_to(configuration(2, "480 kb/s")));
  ASSERT_EQ(names(), std::vector<std::string>{"p0"});
  NodeConfig wanted = configuration(2, "480 kb/s");
  wanted.peers[0].lanes = 2;
  wanted.peers[0].shape.slot = milliseconds(500);
  machine_.ports = 2;
  const auto changed = change_to(wanted);
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, std::vector<std::string>{"Network is unreachable"});
  EXPECT_EQ(config_.peers[0].lanes, 2U);
  EXPECT_FALSE(change_to(configuration(3, "480 kb/s")).value_or(std::vector<std::string>()).empty());
  machine_.cannot_open = SIZE_MAX;
  EXPECT_TRUE(change_to(wanted).value().empty());
  EXPECT_EQ(names(), (std::vector<std::string>{"p0", "p1"}));
}

// A neighbour on the machine takes the second port before there is a link of two lanes: that one waits, and
// keeps nobody's revocation out.
TEST_F(ApplyReloadTest, APortThatCannotBeHadIsAMatterOfTheLinksThatNeedIt) {
  NodeConfig wanted = configuration(3, "1 Mb/s");
  wanted.mesh.emplace();
  for (PeerConfig& peer : wanted.peers) peer.line = 0;
  ASSERT_TRUE(change_to(wanted));
  wanted.peers[1].lanes = 2;
  wanted.peers[1].shape.slot = milliseconds(500);
  wanted.peers.erase(wanted.peers.begin());  // revoked
  const auto changed = change_to(wanted);
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->size(), 1U);
  EXPECT_NE(changed->front().find("p1: port 4411"), std::string::npos) << changed->front();
  EXPECT_EQ(names(), (std::vector<std::string>{"p2"}));
  machine_.ports = 2;
  ASSERT_TRUE(change_to(wanted)) << "the next change tries again";
  EXPECT_EQ(names(), (std::vector<std::string>{"p1", "p2"}));
}

// Status and alert would call them closed, and cuttle-mesh would take them for links that were up.
TEST_F(ApplyReloadTest, WhereTheChangeDoesNotEndWhatWasOpenIsShownAsOpen) {
  NodeConfig config = configuration(4, "1 Mb/s");
  for (const size_t i : {0, 1, 2}) config.peers[i].joining = true;
  ASSERT_TRUE(change_to(config));
  open_ = {true, false, true, false};
  config = configuration(5, "1 Mb/s");
  for (const size_t i : {0, 1, 4}) config.peers[i].joining = true;
  std::swap(config.peers[0], config.peers[1]);
  machine_.finishes = false;
  const auto changed = change_to(config);
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, std::vector<std::string>{"the helper is gone"});
  EXPECT_EQ(open_, (OpenPeers{false, true, false, false, true})) << "p1, p0, p2 (closed by the file), p3, p4";
}

TEST_F(ApplyReloadTest, OneThatIsRefusedLeavesTheOthers) {
  driver_.refuses = 1;
  const auto changed = change_to(configuration(3, "1 Mb/s"));
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, std::vector<std::string>{"no room"});
  EXPECT_EQ(names(), (std::vector<std::string>{"p0", "p2"}));
  driver_.refuses = SIZE_MAX;
  ASSERT_TRUE(change_to(configuration(3, "1 Mb/s"))) << "the next change tries again";
  EXPECT_EQ(driver_.added.back(), 1U);
}

}  // namespace
}  // namespace cuttle
