// A source, a relay and a destination.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "engine/receiving.hh"
#include "engine/relay_node.hh"
#include "lane_pair.hh"

namespace cuttle::testing {

inline constexpr uint64_t kSource = 1;
inline constexpr uint64_t kRelay = 2;
inline constexpr uint64_t kDestination = 3;

// The key whose number that is.
inline PublicKey key_with(uint64_t number) {
  PublicKey key{};
  store_be64(key.bytes.data(), number);
  return key;
}

// A round of a packer's.
inline void look(RelayNode& relay, Instant at) {
  relay.packing().handle_time(at);
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

}  // namespace cuttle::testing
