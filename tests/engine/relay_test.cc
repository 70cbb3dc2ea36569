// A source, a relay and a destination, and what a relay can do to packets.
#include <gtest/gtest.h>

#include <map>

#include "engine/receiving.hh"
#include "engine/relay_node.hh"
#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

constexpr uint64_t kSource = 1;
constexpr uint64_t kRelay = 2;
constexpr uint64_t kDestination = 3;

// The key whose number that is.
PublicKey key_with(uint64_t number) {
  PublicKey key{};
  store_be64(key.bytes.data(), number);
  return key;
}

// A packer's rounds until nothing is left to do at that time.
void look(RelayNode& relay, Instant at) {
  while (relay.packing().handle_time(at)) {
  }
}

class RelayTest : public ::testing::Test {
 protected:
  struct End {
    PacketDeviceDouble* device;
    std::unique_ptr<CellSocketDouble> other;  // of the socket
    std::unique_ptr<Lane> lane;
  };
  struct Node {
    explicit Node(uint64_t number, const std::string& site = "")
        : relay({.own_key = key_with(number), .site = site}) {}
    RelayNode relay;
    std::map<uint64_t, End> ends;  // by peer
    PackerStage stage;
    Lane& lane(uint64_t peer) { return *ends.at(peer).lane; }
    RelayCounters& counters(uint64_t peer) { return lane(peer).relay->counters; }
    std::vector<int> came(uint64_t peer) const {
      std::vector<int> numbers;
      for (const auto& packet : ends.at(peer).device->written())
        numbers.push_back(load_be16(&packet.bytes[4]));
      return numbers;
    }
  };

  RelayTest() {
    EXPECT_TRUE(plan_slots({.cell_bytes = 1472, .rate_bps = 8'000'000, .slot = milliseconds(3)}, plan));
    for (const uint64_t number : {kSource, kRelay, kDestination}) {
      nodes.emplace(std::piecewise_construct, std::forward_as_tuple(number), std::forward_as_tuple(number));
    }
    for (const uint64_t own : {kSource, kRelay, kDestination}) {
      for (const uint64_t peer : {kSource, kRelay, kDestination}) {
        if (own != peer) join(own, peer);
      }
    }
    exchange_keys(kSource, kDestination, 7);
    // What a peer grants counts once it is known who the others are.
    say_all();
    say_all();
  }

  static std::string address(uint64_t node) { return "10.0.0." + std::to_string(node); }
  Node& node(uint64_t number) { return nodes.at(number); }
  Node& source() { return node(kSource); }
  Node& relay() { return node(kRelay); }
  Node& destination() { return node(kDestination); }

  void join(uint64_t own, uint64_t peer, const std::string& site = "") {
    auto device = std::make_unique<PacketDeviceDouble>();
    auto [near, far] = CellSocketDouble::create_pair();
    End end{.device = device.get(), .other = std::move(far), .lane = {}};
    end.lane = std::make_unique<Lane>(
        LaneSetup{.format = wire::CellFormat(1472),
                  .steps = plan,
                  .own_key = key_of(static_cast<uint8_t>(own)).public_key(),
                  .allowed_sources = {*IpPrefix::parse(address(peer)), *IpPrefix::parse("fe80::/10")},
                  .allowed_destinations = {*IpPrefix::parse(address(own))},
                  .cell_ends = {},
                  .epoch = now,
                  .seed = own * 10 + peer,
                  .draws = own * 10 + peer},
        std::move(device), std::move(near));
    end.lane->relay = node(own).relay.make_post(site, plan, wire::CellFormat(1472));
    end.lane->relay->numbers.handle_keys(key_with(peer));
    node(own).stage.add(*end.lane);
    node(own).relay.packing().add(*end.lane);
    node(own).relay.receiving().add(*end.lane);
    node(own).ends.emplace(peer, std::move(end));
  }

  static std::unique_ptr<Aead> aead(uint8_t of) {
    AeadKey key;
    key.bytes.fill(of);
    return std::move(*make_aead(best_aead_backend(), key));
  }
  void exchange_keys(uint64_t from, uint64_t to, uint8_t session) {
    node(from).lane(to).relay->send_keys.push({aead(session), session, Instant::never()});
    node(to).lane(from).relay->receive_keys.push({aead(session), session, session});
    node(to).relay.receiving().drain(node(to).lane(from));
  }

  // What each node says to each.
  void say(uint64_t from, uint64_t to, std::vector<wire::RelayGrant> grants = {}) {
    say_as(from, from, to, std::move(grants));
  }
  void say_as(uint64_t author, uint64_t from, uint64_t to, std::vector<wire::RelayGrant> grants = {}) {
    wire::RelayReport report{.author = author, .number = ++said};
    for (size_t way = 0; way < relay::Ways::kMax; ++way) {
      const uint32_t came = nodes.contains(from) ? +node(from).lane(to).relay->came_by_way[way] : 0;
      if (came > 0) report.counts.add({static_cast<uint8_t>(way), came});
    }
    for (const auto& grant : grants) report.grants.add(grant);
    std::vector<uint8_t> packet(wire::kLargestRelayReportBytes);
    packet.resize(wire::store_relay_report(packet, report));
    hand(to, from, packet);
  }
  void say_all() {
    for (auto& [from, one] : nodes) {
      for (auto& [to, end] : one.ends) {
        const uint64_t other = kSource + kRelay + kDestination - from - to;
        say(from, to, {{other, 1'000'000}});
      }
    }
    for (auto& [number, one] : nodes) look(one.relay, now);
  }
  // What `from` would seal, with that key, for another: the first in its session, but for `iv`.
  static std::vector<uint8_t> sealed(uint64_t from, uint64_t to, uint8_t key, uint64_t iv, Bytes inner,
                                     uint32_t place = 0) {
    std::vector<uint8_t> packet(wire::kRelayOverheadBytes + inner.size());
    wire::store_relay_header(packet, {.way = 1, .spi = key, .source = from, .destination = to, .iv = iv});
    uint8_t* at = packet.data() + wire::kRelaySealedOffset;
    store_be32(at + 4, place);
    std::copy(inner.begin(), inner.end(), at + wire::kRelayInnerBytes);
    aead(key)->seal(iv, Bytes(packet).subspan(wire::kRelayAadOffset, wire::kRelayAadBytes),
                    {at, wire::kRelayInnerBytes + inner.size()}, at);
    return packet;
  }
  // A packet out of the cells of `from`.
  void hand(uint64_t to, uint64_t from, Bytes packet) {
    const std::vector<uint8_t> copy(packet.begin(), packet.end());
    node(to).relay.receiving().handle_packet(node(to).lane(from), now, copy);
  }
  // What waits to go over that link for others.
  std::vector<std::vector<uint8_t>> waiting(uint64_t own, uint64_t peer) {
    look(node(own).relay, now);
    relay::ForwardQueue& queue = node(own).lane(peer).relay->packer->forward;
    std::vector<std::vector<uint8_t>> packets;
    while (const auto packet = queue.poll_front(now)) {
      packets.emplace_back(packet->begin(), packet->end());
      queue.handle_taken();
    }
    return packets;
  }
  // So many packets of one flow to the destination: more than its link carries at once. What goes by the
  // relay comes back.
  std::vector<std::vector<uint8_t>> overflow(int packets) {
    for (int i = 0; i < packets; ++i) {
      auto packet = packet_of(1200, address(kSource).c_str(), address(kDestination).c_str());
      store_be16(&packet[4], static_cast<uint16_t>(++sent));
      source().ends.at(kDestination).device->put(packet);
    }
    look(source().relay, now);
    drain(source().lane(kRelay));
    // Without a slot, as many as the ring takes go into it, and the rest waits.
    source().stage.pack(source().lane(kDestination), {}, packets + 1);
    return waiting(kSource, kRelay);
  }
  // What nodes say leaves at once.
  static void drain(Lane& lane) {
    do {
      while (lane.ring.take() != nullptr) lane.ring.release();
    } while (lane.packer.handle_waiting());
  }
  // As the relay does it.
  std::vector<std::vector<uint8_t>> pass_on(const std::vector<std::vector<uint8_t>>& packets) {
    std::vector<std::vector<uint8_t>> passed;
    for (const auto& packet : packets) {
      hand(kRelay, kSource, packet);
      for (auto& one : waiting(kRelay, kDestination)) passed.push_back(std::move(one));
    }
    return passed;
  }

  SlotPlan plan{};
  Instant now{1'000'000'000};
  std::map<uint64_t, Node> nodes;
  uint64_t said = 0;
  int sent = 0;
};

TEST_F(RelayTest, WhatTheLinkHasNoRoomForGoesByTheRelay) {
  const auto packets = pass_on(overflow(40));
  // As many as may wait for the relay's link at once.
  ASSERT_GE(packets.size(), 3u);
  for (const auto& packet : packets) hand(kDestination, kRelay, packet);
  EXPECT_EQ(destination().counters(kSource).came.value(), packets.size());
  // The first of its flow went directly, and is waited for.
  EXPECT_TRUE(destination().came(kSource).empty());
  now = now + seconds(1);
  destination().relay.receiving().handle_time(now);
  const auto came = destination().came(kSource);
  EXPECT_EQ(came.size(), packets.size());
  EXPECT_TRUE(std::ranges::is_sorted(came));
  EXPECT_EQ(destination().counters(kRelay).altered.value(), 0u);
}

TEST_F(RelayTest, WithoutAGrantEverythingGoesDirectly) {
  now = now + relay::Ways::kGrantLife;
  for (const uint64_t peer : {kRelay, kDestination}) say(peer, kSource);
  EXPECT_TRUE(overflow(40).empty());
  EXPECT_EQ(source().counters(kDestination).sent_in_places.value(), 0u);
}

TEST_F(RelayTest, WhoSaysNothingGetsNothingByRelays) {
  now = now + seconds(1);
  say(kRelay, kSource, {{kDestination, 1'000'000}});
  EXPECT_TRUE(overflow(40).empty());
}

TEST_F(RelayTest, AFlowWithLittleToSendStaysOnItsLink) {
  ASSERT_FALSE(overflow(40).empty());
  const uint64_t before = source().counters(kDestination).sent_in_places.value();
  auto packet = packet_of(100, address(kSource).c_str(), address(kDestination).c_str());
  packet[9] = 252;  // another protocol: another flow
  source().ends.at(kDestination).device->put(packet);
  source().stage.pack(source().lane(kDestination), {}, 2);
  EXPECT_EQ(source().counters(kDestination).sent_in_places.value(), before);
}

TEST_F(RelayTest, TheRelaySeesNothingOfThePacket) {
  const auto packets = overflow(40);
  ASSERT_FALSE(packets.empty());
  const std::vector<uint8_t> plain(8, 0x55);
  for (const auto& packet : packets) {
    EXPECT_TRUE(std::search(packet.begin(), packet.end(), plain.begin(), plain.end()) == packet.end());
    EXPECT_EQ(packet.size(), 1200 + wire::kRelayOverheadBytes);
  }
}

TEST_F(RelayTest, ARelayThatAlters) {
  auto packets = pass_on(overflow(40));
  ASSERT_FALSE(packets.empty());
  // Anywhere: in what it is to read, and in what it is not.
  const size_t places[] = {41, 44, 48, 64, 72, 100, packets.front().size() - 1};
  size_t i = 0;
  for (auto& packet : packets) {
    packet[places[i++ % std::size(places)]] ^= 1;
    hand(kDestination, kRelay, packet);
  }
  now = now + seconds(1);
  destination().relay.receiving().handle_time(now);
  const RelayCounters& counters = destination().counters(kRelay);
  EXPECT_TRUE(destination().came(kSource).empty());
  EXPECT_EQ(counters.altered.value() + counters.unknown_session.value() + counters.unknown_source.value() +
                counters.repeated.value(),
            packets.size());
  EXPECT_GT(counters.altered.value(), 0u);
}

TEST_F(RelayTest, ARelayThatRepeats) {
  const auto packets = pass_on(overflow(40));
  for (int i = 0; i < 3; ++i) {
    for (const auto& packet : packets) hand(kDestination, kRelay, packet);
  }
  now = now + seconds(1);
  destination().relay.receiving().handle_time(now);
  EXPECT_EQ(destination().came(kSource).size(), packets.size());
  EXPECT_EQ(destination().counters(kRelay).repeated.value(), 2 * packets.size());
}

TEST_F(RelayTest, ARelayThatReorders) {
  auto packets = pass_on(overflow(40));
  std::ranges::reverse(packets);
  for (const auto& packet : packets) hand(kDestination, kRelay, packet);
  now = now + seconds(1);
  destination().relay.receiving().handle_time(now);
  EXPECT_EQ(destination().came(kSource).size(), packets.size());
  EXPECT_TRUE(std::ranges::is_sorted(destination().came(kSource)));
}

TEST_F(RelayTest, ARelayThatDropsOrDelaysIsLeftOut) {
  for (const bool delays : {false, true}) {
    std::vector<std::vector<uint8_t>> held;
    const uint64_t left_out = source().counters(kRelay).left_out.value();
    int reports = 0;
    for (; reports < 60 && source().counters(kRelay).left_out.value() == left_out; ++reports) {
      const auto packets = pass_on(overflow(20));
      if (delays) {
        // What is behind them comes, and they come when it is over.
        for (const auto& packet : held) hand(kDestination, kRelay, packet);
        held.assign(packets.begin(), packets.end() - (packets.empty() ? 0 : 1));
        if (!packets.empty()) hand(kDestination, kRelay, packets.back());
      }
      now = now + milliseconds(300);
      destination().relay.receiving().handle_time(now);
      say_all();
    }
    EXPECT_LT(reports, 30) << (delays ? "delays" : "drops");
    EXPECT_TRUE(overflow(20).empty());
    if (delays) {
      EXPECT_GT(destination().counters(kRelay).late.value(), 0u);
    }
    now = now + relay::Ways::kLeftOut;
    say_all();
  }
}

TEST_F(RelayTest, ARelayPassesOnOnlyWhatItsPeerSealed) {
  const auto packets = overflow(40);
  ASSERT_FALSE(packets.empty());
  // The destination got it from the relay, and is asked to pass on what is another's.
  auto packet = packets.front();
  store_be64(&packet[56], kSource);
  hand(kDestination, kRelay, packet);
  EXPECT_TRUE(waiting(kDestination, kSource).empty());
  EXPECT_EQ(destination().counters(kRelay).not_its_own.value(), 1u);
  // To nobody, and back to where it came from.
  store_be64(&packet[56], 99);
  hand(kRelay, kSource, packet);
  store_be64(&packet[56], kSource);
  hand(kRelay, kSource, packet);
  EXPECT_EQ(relay().counters(kSource).unknown_destination.value(), 2u);
  EXPECT_TRUE(waiting(kRelay, kSource).empty());
}

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

// A relay that promises more than its link carries does not get everything because of that.
TEST_F(RelayTest, NoGrantIsMoreThanTheLinkToTheRelayCarries) {
  const size_t carried = data_bytes_in(plan, wire::CellFormat(1472), kRelayReportInterval);
  say(kRelay, kSource, {{kDestination, UINT32_MAX}});
  look(source().relay, now);
  const relay::Ways& ways = source().lane(kDestination).relay->packer->ways;
  const auto any = [](size_t /*way*/) { return true; };
  EXPECT_TRUE(ways.poll_way(now, carried, any));
  EXPECT_FALSE(ways.poll_way(now, carried + 1, any));
}

// The thread may be the one that keeps time.
TEST_F(RelayTest, ALittleAtATimeIsPassedOn) {
  const std::vector<uint8_t> inner(100);
  for (uint64_t i = 1; i <= 100; ++i) hand(kRelay, kSource, sealed(kSource, kDestination, 9, i, inner));
  const relay::ForwardQueue& queue = relay().lane(kDestination).relay->packer->forward;
  const size_t whole = 100 * (wire::kRelayOverheadBytes + inner.size());
  EXPECT_TRUE(relay().relay.packing().handle_time(now));
  EXPECT_GT(queue.bytes(), 0u);
  EXPECT_LT(queue.bytes(), whole / 2);
  look(relay().relay, now);
  EXPECT_EQ(queue.bytes(), whole);
}

TEST_F(RelayTest, NothingIsPassedOnToWhomWasNotHeardLately) {
  const auto packets = overflow(40);
  ASSERT_GE(packets.size(), 3u);
  hand(kRelay, kSource, packets[0]);
  look(relay().relay, now);
  EXPECT_FALSE(relay().lane(kDestination).relay->packer->forward.empty());
  now = now + milliseconds(501);
  say(kSource, kRelay);
  look(relay().relay, now);
  EXPECT_TRUE(relay().lane(kDestination).relay->packer->forward.empty()) << "nor what waits already";
  hand(kRelay, kSource, packets[1]);
  EXPECT_TRUE(waiting(kRelay, kDestination).empty());
  EXPECT_EQ(relay().counters(kSource).silent_destination.value(), 1u);
  say(kDestination, kRelay);
  hand(kRelay, kSource, packets[2]);
  EXPECT_EQ(waiting(kRelay, kDestination).size(), 1u);
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

// What one node says to another is no business of a third's, and of no host's.
TEST_F(RelayTest, NothingThatNodesTellEachOtherComesOutOfARelayedPacket) {
  std::vector<uint8_t> inner(wire::kLargestRelayReportBytes);
  inner.resize(wire::store_relay_report(inner, {.author = kSource, .number = 1'000'000}));
  hand(kDestination, kRelay, sealed(kSource, kDestination, 7, 1000, inner));
  const auto ladder = wire::store_ladder({});
  hand(kDestination, kRelay, sealed(kSource, kDestination, 7, 1001, ladder, 1));
  EXPECT_EQ(destination().counters(kSource).came.value(), 2u);
  EXPECT_TRUE(destination().ends.at(kSource).device->written().empty());
  EXPECT_EQ(destination().lane(kSource).packets.foreign_source.value(), 2u);
}

TEST_F(RelayTest, WhatIsNoMessageIsCounted) {
  std::vector<uint8_t> packet(200);
  wire::store_relay_ip(packet);
  for (const int kind : {0, 3, 255}) {
    packet[40] = static_cast<uint8_t>(kind);
    hand(kSource, kRelay, packet);
  }
  packet[40] = 2;  // a report that says that it is longer than it is
  packet[41] = 32;
  hand(kSource, kRelay, packet);
  hand(kSource, kRelay, Bytes(packet).first(45));
  EXPECT_EQ(source().counters(kRelay).malformed.value(), 5u);
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

TEST_F(RelayTest, OwnPacketsGoFirstAndOthersHaveAShare) {
  // The relay's own link is full, and so is what it is to pass on.
  Lane& lane = relay().lane(kDestination);
  const auto own = packet_of(1200, address(kRelay).c_str(), address(kDestination).c_str());
  const std::vector<uint8_t> sealed = overflow(20).front();
  uint64_t last_own = 0;
  for (int i = 0; i < 2000; ++i) {
    relay().ends.at(kDestination).device->put(own);
    lane.relay->packer->forward.handle_packet(now, kSource, sealed);
    relay().stage.pack(lane, {}, 3);
    while (lane.ring.take() != nullptr) lane.ring.release();
    now = now + milliseconds(1);
    look(relay().relay, now);
    last_own = lane.packer.bytes() - lane.relay->counters.passed_on_bytes.value();
  }
  EXPECT_GT(last_own, 0u);
  EXPECT_GT(lane.relay->counters.passed_on.value(), 100u);
}

TEST_F(RelayTest, ABorderBetweenSitesIsNotCrossedTwice) {
  // The source and the destination are elsewhere than the relay.
  Node here(4, "north");
  const auto made = [&](const char* site) {
    return here.relay.make_post(site, plan, wire::CellFormat(1472));
  };
  EXPECT_EQ(made("south")->site, "south");
  nodes.emplace(std::piecewise_construct, std::forward_as_tuple(4), std::forward_as_tuple(4, "north"));
  for (const auto& [far_site, relayed] :
       std::vector<std::pair<std::string, bool>>{{"south", false}, {"north", true}, {"west", true}}) {
    node(4).ends.clear();
    nodes.erase(4);
    nodes.emplace(std::piecewise_construct, std::forward_as_tuple(4), std::forward_as_tuple(4, "north"));
    join(4, kRelay, far_site);
    join(4, kDestination, "west");
    node(4).lane(kDestination).relay->send_keys.push({aead(9), 9, Instant::never()});
    for (const uint64_t peer : {kRelay, kDestination}) {
      wire::RelayReport report{.author = peer, .number = ++said};
      report.grants.add({kDestination, 1'000'000});
      std::vector<uint8_t> packet(wire::kLargestRelayReportBytes);
      packet.resize(wire::store_relay_report(packet, report));
      hand(4, peer, packet);
      look(node(4).relay, now);
    }
    wire::RelayReport again{.author = kRelay, .number = ++said};
    again.grants.add({kDestination, 1'000'000});
    std::vector<uint8_t> packet(wire::kLargestRelayReportBytes);
    packet.resize(wire::store_relay_report(packet, again));
    hand(4, kRelay, packet);
    look(node(4).relay, now);
    for (int i = 0; i < 40; ++i) {
      node(4).ends.at(kDestination).device->put(packet_of(1200, "10.0.0.4", "10.0.0.3"));
    }
    node(4).stage.pack(node(4).lane(kDestination), {}, 41);
    EXPECT_EQ(!waiting(4, kRelay).empty(), relayed) << far_site;
  }
}

}  // namespace
}  // namespace cuttle::testing
