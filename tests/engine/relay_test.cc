// What a relay can do to packets, and what is its share.
#include "relay_fixture.hh"

namespace cuttle::testing {
namespace {

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
  EXPECT_TRUE(relay().relay.packing().handle_piece(now));
  EXPECT_GT(queue.bytes(), 0u);
  EXPECT_LT(queue.bytes(), whole / 2);
  // What a peer said, and what it is to be told, is in these as well.
  now = now + kRelayReportInterval;
  say(kSource, kRelay);
  const uint64_t reports = relay().lane(kSource).relay->packer->reports;
  while (relay().relay.packing().handle_piece(now)) {
  }
  EXPECT_EQ(queue.bytes(), whole);
  EXPECT_EQ(relay().lane(kSource).relay->packer->heard, now);
  EXPECT_EQ(relay().lane(kSource).relay->packer->reports, reports + 1);
}

// So at the destination: what waited for a packet comes out with the next ones and after trains.
TEST_F(RelayTest, ALittleAtATimeIsHandedOut) {
  const auto inner = packet_of(100, address(kSource).c_str(), address(kDestination).c_str());
  const auto hand_over = [&](uint32_t place) {
    hand(kDestination, kRelay, sealed(kSource, kDestination, 7, place + 1, inner, place));
  };
  for (uint32_t place = 1; place <= 200; ++place) hand_over(place);
  EXPECT_TRUE(destination().came(kSource).empty());
  hand_over(0);
  EXPECT_EQ(destination().came(kSource).size(), 1u + kHandedOutWithAPacket);
  hand_over(201);
  EXPECT_EQ(destination().came(kSource).size(), 1u + 2 * kHandedOutWithAPacket);
  destination().relay.receiving().handle_time(now);
  EXPECT_EQ(destination().came(kSource).size(), 1u + 2 * kHandedOutWithAPacket + kHandedOutWithATrain);
  for (int train = 0; train < 4; ++train) destination().relay.receiving().handle_time(now);
  EXPECT_EQ(destination().came(kSource).size(), 202u);
}

// And of what goes over a link for others.
TEST_F(RelayTest, ALittleAtATimeIsPacked) {
  const std::vector<uint8_t> inner(20);
  for (uint64_t i = 1; i <= 100; ++i) hand(kRelay, kSource, sealed(kSource, kDestination, 9, i, inner));
  look(relay().relay, now);
  Lane& lane = relay().lane(kDestination);
  drain(lane);
  using Waiting = RelayPacking::Waiting;
  EXPECT_EQ(relay().relay.packing().pack_waiting(lane), Waiting::more);
  EXPECT_EQ(lane.relay->counters.passed_on.value(), 32u);
  EXPECT_EQ(relay().stage.pack(lane, {}, 1), PackerStage::Outcome::more);
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
