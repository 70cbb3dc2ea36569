// By which numbers nodes that relay know each other, and which keys seal for whom.
#include "relay_fixture.hh"

namespace cuttle::testing {
namespace {

TEST_F(RelayTest, APeerCannotTakeAnothersNumber) {
  wire::RelayReport report{.author = kDestination, .number = 999};
  std::vector<uint8_t> packet(wire::kLargestRelayReportBytes);
  packet.resize(wire::store_relay_report(packet, report));
  hand(kSource, kRelay, packet);
  report.author = kSource;
  wire::store_relay_report(packet, report);
  hand(kSource, kRelay, packet);
  EXPECT_EQ(source().counters(kRelay).wrong_number.value(), 2u);
}

// That of another's key, also where that one has not said anything yet; nor that of nobody's key, under which
// it would get what is for a node that the reader has no link with.
TEST_F(RelayTest, APeerSaysTheNumberOfAKeyOfItsOwn) {
  constexpr uint64_t kOther = 4;
  join(kSource, kOther);
  for (const uint64_t number : {uint64_t{0}, uint64_t{77}, kRelay}) say_as(number, kOther, kSource);
  look(source().relay, now);
  EXPECT_EQ(source().counters(kOther).wrong_number.value(), 3u);
  EXPECT_FALSE(source().lane(kOther).relay->packer->number);
  source().lane(kOther).relay->numbers.handle_keys(key_with(kOther), key_with(77));
  say_as(77, kOther, kSource);
  look(source().relay, now);
  EXPECT_EQ(source().counters(kOther).wrong_number.value(), 3u);
  EXPECT_EQ(source().lane(kOther).relay->packer->number, 77u);
}

// Two with keys that begin alike: nobody knows which of them speaks.
TEST_F(RelayTest, ANumberThatTwoPeersHaveIsNobodys) {
  source().lane(kRelay).relay->numbers.handle_keys(key_with(kRelay), key_with(kDestination));
  const Instant heard = source().lane(kDestination).relay->packer->heard;
  now = now + milliseconds(100);
  say(kDestination, kSource);
  look(source().relay, now);
  EXPECT_EQ(source().lane(kDestination).relay->packer->heard, heard);
}

// Their keys stood in each other's place in the configuration.
TEST_F(RelayTest, AKeyThatAnotherHadIsOfWhomHasIt) {
  KeyNumbers& first = relay().lane(kSource).relay->numbers;
  KeyNumbers& second = relay().lane(kDestination).relay->numbers;
  const auto swap = [&](uint64_t one, uint64_t other) {
    first.handle_keys(key_with(one));
    second.handle_keys(key_with(other));
  };
  const auto packets = overflow(40);
  swap(kDestination, kSource);
  swap(kSource, kDestination);
  now = now + milliseconds(600);
  for (const uint64_t peer : {kSource, kDestination}) say(peer, kRelay);
  hand(kRelay, kSource, packets.front());
  EXPECT_EQ(waiting(kRelay, kDestination).size(), 1u);
  EXPECT_EQ(relay().counters(kSource).wrong_number.value(), 0u);
}

TEST_F(RelayTest, RelaysGoOnWhileANodeChangesItsKey) {
  constexpr uint64_t kNew = 1001;
  relay().lane(kSource).relay->numbers.handle_keys(key_with(kSource), key_with(kNew));
  destination().lane(kSource).relay->numbers.handle_keys(key_with(kSource), key_with(kNew));
  // What is on its way when it changes, both ways.
  auto packets = pass_on(overflow(20));
  source().relay.handle_own_key(key_with(kNew));
  EXPECT_EQ(source().relay.number(), kNew);
  const auto inner = packet_of(100, address(kDestination).c_str(), address(kSource).c_str());
  source().lane(kDestination).relay->receive_keys.push({aead(9), 9, 9});
  source().relay.receiving().drain(source().lane(kDestination));
  hand(kSource, kRelay, sealed(kDestination, kSource, 9, 1, inner));
  EXPECT_EQ(source().ends.at(kDestination).device->written().size(), 1u);
  // What comes after it.
  const auto more = pass_on(overflow(20));
  ASSERT_FALSE(more.empty());
  EXPECT_EQ(load_be64(&more.front()[48]), kNew);
  packets.insert(packets.end(), more.begin(), more.end());
  for (const auto& packet : packets) hand(kDestination, kRelay, packet);
  EXPECT_EQ(destination().counters(kSource).came.value(), packets.size());
  EXPECT_EQ(relay().counters(kSource).not_its_own.value(), 0u);
  // The peers have forgotten the old key, and what the node says counts.
  relay().lane(kSource).relay->numbers.handle_keys(key_with(kNew));
  say_as(kNew, kSource, kRelay);
  look(relay().relay, now);
  EXPECT_EQ(relay().lane(kSource).relay->packer->number, kNew);
  EXPECT_EQ(relay().counters(kSource).wrong_number.value(), 0u);
}

// Nor does what a relay sealed go on lying about that nobody will open any more.
TEST_F(RelayTest, AKeyThatHasExpiredGoes) {
  Lane& lane = source().lane(kDestination);
  lane.relay->send_keys.push({aead(8), 8, now + seconds(1)});
  look(source().relay, now);
  EXPECT_NE(lane.relay->packer->key.aead, nullptr);
  EXPECT_TRUE(lane.relay->retired_by_packer.pop()) << "the one before";
  look(source().relay, now + seconds(1));
  EXPECT_EQ(lane.relay->packer->key.aead, nullptr);
  EXPECT_TRUE(lane.relay->retired_by_packer.pop());
}

// However often it changes its number, and even where all of them are its own.
TEST_F(RelayTest, WhoSaysManyNumbersIsOne) {
  constexpr uint64_t kOther = 4;
  const auto honest = overflow(20).front();
  // As long, so that a turn has one of each.
  const std::vector<uint8_t> as_long(honest.size() - sealed(kSource, kDestination, 9, 1, {}).size());
  struct Seen {
    uint32_t granted;
    size_t of_other;
    std::vector<uint64_t> order;
    bool operator==(const Seen&) const = default;
  };
  const auto see = [&](size_t numbers) {
    nodes.erase(kRelay);
    nodes.emplace(std::piecewise_construct, std::forward_as_tuple(kRelay), std::forward_as_tuple(kRelay));
    for (const uint64_t peer : {kSource, kDestination, kOther}) join(kRelay, peer);
    for (const uint64_t peer : {kSource, kDestination}) say(peer, kRelay);
    Lane& lane = relay().lane(kOther);
    for (size_t i = 0; i < 60; ++i) {
      const uint64_t number = 100 + i % numbers;
      // All that may count: 60 in turn, each of a key that it is to have next.
      lane.relay->numbers.handle_keys(key_with(kOther), key_with(number));
      say_as(number, kOther, kRelay);
      hand(kRelay, kOther, sealed(number, kDestination, 9, 1 + i, as_long));
      look(relay().relay, now);
    }
    for (int i = 0; i < 3; ++i) hand(kRelay, kSource, honest);
    look(relay().relay, now + milliseconds(100));
    look(relay().relay, now + milliseconds(200));
    Seen seen{};
    const RelayPackerSide& side = *relay().lane(kDestination).relay->packer;
    seen.granted = side.grants.granted_bytes(relay().lane(kSource).relay->packer->source);
    const auto packets = waiting(kRelay, kDestination);
    for (size_t i = 0; i < 6 && i < packets.size(); ++i) {
      seen.order.push_back(load_be64(&packets[i][48]) == kSource ? kSource : kOther);
    }
    seen.of_other = relay().counters(kOther).wrong_number.value();
    return seen;
  };
  const Seen as_one = see(1);
  EXPECT_EQ(as_one.order, (std::vector{kOther, kSource, kOther, kSource, kOther, kSource}));
  EXPECT_GT(as_one.granted, 0u);
  EXPECT_EQ(see(60), as_one);
}

// As LaneReceiver does it.
TEST_F(RelayTest, AKeyTakesThePlaceOfTheOneItIsInsteadOfAndNeverOfTheOneInUse) {
  const auto inner = packet_of(100, address(kSource).c_str(), address(kDestination).c_str());
  const auto comes = [&](uint8_t session) {
    const uint64_t before = destination().counters(kSource).came.value();
    hand(kDestination, kRelay, sealed(kSource, kDestination, session, 1000 + ++sent, inner));
    return destination().counters(kSource).came.value() > before;
  };
  const auto install = [&](uint8_t session, uint8_t instead_of = 0) {
    destination().lane(kSource).relay->receive_keys.push({aead(session), session, session, instead_of});
    destination().relay.receiving().drain(destination().lane(kSource));
  };
  ASSERT_TRUE(comes(7)) << "the one in use";
  for (uint8_t session = 8; session <= 12; ++session) install(session);
  install(13, 9);
  install(14, 13);
  EXPECT_FALSE(comes(9));
  EXPECT_FALSE(comes(13));
  for (const int session : {7, 8, 10, 11, 12}) EXPECT_TRUE(comes(static_cast<uint8_t>(session))) << session;
  install(15, 12);
  EXPECT_TRUE(comes(12)) << "in use by now";
}

TEST_F(RelayTest, OldKeysAreForgottenAndNewOnesTaken) {
  const auto packets = pass_on(overflow(40));
  exchange_keys(kSource, kDestination, 8);
  destination().lane(kSource).relay->receive_keys.push({.session = 8});
  destination().relay.receiving().drain(destination().lane(kSource));
  for (const auto& packet : packets) hand(kDestination, kRelay, packet);
  EXPECT_EQ(destination().counters(kRelay).unknown_session.value(), packets.size());
  say_all();
  const auto more = pass_on(overflow(10));
  ASSERT_FALSE(more.empty());
  for (const auto& packet : more) hand(kDestination, kRelay, packet);
  EXPECT_EQ(destination().counters(kSource).came.value(), more.size());
}

}  // namespace
}  // namespace cuttle::testing
