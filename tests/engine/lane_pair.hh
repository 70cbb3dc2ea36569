// Two ends of one link with one lane, in memory: what one sends the other receives.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "../seeded_keys.hh"
#include "base/random.hh"
#include "engine/cell_socket_double.hh"
#include "engine/link_control.hh"
#include "engine/pacing.hh"
#include "engine/packer_stage.hh"
#include "engine/packet_device_double.hh"
#include "engine/receiving.hh"

namespace cuttle::testing {

// An IPv4 packet without a transport that anybody knows.
inline std::vector<uint8_t> packet_of(size_t bytes, const char* source, const char* destination) {
  std::vector<uint8_t> packet(bytes, 0x55);
  packet[0] = 0x45;
  store_be16(packet.data() + 2, static_cast<uint16_t>(bytes));
  store_be16(packet.data() + 6, 0x4000);
  packet[9] = 253;
  std::copy_n(IpAddress::parse(source)->bytes.begin(), 4, packet.begin() + 12);
  std::copy_n(IpAddress::parse(destination)->bytes.begin(), 4, packet.begin() + 16);
  return packet;
}

class LanePair : public ::testing::Test {
 protected:
  static constexpr uint32_t kCellBytes = 512;

  struct End {
    End(AssociationConfig config, uint64_t seed)
        : control(std::move(config), best_aead_backend(), seeded_entropy(seed)) {}
    Lane& lane() { return control.lane(0); }
    LinkControl control;
    PacketDeviceDouble* device = nullptr;
    CellSocketDouble* socket = nullptr;
    PackerStage packer_stage;
  };

  // Ends that follow a ladder or calendar: its fingerprint.
  explicit LanePair(uint16_t a_follows = 0, uint16_t b_follows = 0, bool scatter = false) {
    EXPECT_TRUE(plan_slots(
        {.cell_bytes = kCellBytes, .rate_bps = 20'000'000, .slot = microseconds(1000), .scatter = scatter},
        plan));
    a_follows_ = a_follows;
    b_follows_ = b_follows;
    make_ends();
  }

  // Both anew.
  void make_ends() {
    now = Instant{1'000'000};
    auto [left, right] = CellSocketDouble::create_pair();
    make_end(a, key_of(1), key_of(2).public_key(), "10.0.0.2", "10.0.0.1", a_follows_, std::move(left));
    make_end(b, key_of(2), key_of(1).public_key(), "10.0.0.1", "10.0.0.2", b_follows_, std::move(right));
  }

  void make_end(std::unique_ptr<End>& end, const PrivateKey& own, const PublicKey& peer, const char* from,
                const char* to, uint16_t follows, std::unique_ptr<CellSocketDouble> socket) {
    end = std::make_unique<End>(AssociationConfig{.keys = {.own = own, .peer = peer},
                                                  .format = wire::CellFormat(kCellBytes),
                                                  .rate_bps = 20'000'000,
                                                  .slot_ns = 1'000'000,
                                                  .calendar = follows},
                                own.public_key() < peer ? 7 : 8);
    auto device = std::make_unique<PacketDeviceDouble>();
    end->device = device.get();
    end->socket = socket.get();
    end->control.add_lane(std::make_unique<Lane>(LaneSetup{.index = 0,
                                                           .format = wire::CellFormat(kCellBytes),
                                                           .steps = plan,
                                                           .own_key = own.public_key(),
                                                           .allowed_sources = {*IpPrefix::parse(from)},
                                                           .allowed_destinations = {*IpPrefix::parse(to)},
                                                           .cell_ends = {},
                                                           .inner_mtu = 1500,
                                                           .sealing = microseconds(10),
                                                           .epoch = Instant{1'000'000},
                                                           .seed = 5,
                                                           .draws = 6},
                                                 std::move(device), std::move(socket)));
    end->packer_stage.add(end->lane());
  }

  // One slot of each end, with everything that a driver does in it.
  void slot(End& end) {
    Lane& lane = end.lane();
    now = std::max(now, lane.sender.deadline());
    end.packer_stage.pack(lane, {}, 64);
    end_slot(lane, begin_slot(lane, wake_for(lane), 0, now), now);
  }
  void receive(End& end) {
    drain_for_receiver(end.lane());
    while (receive_train(end.lane(), buffer).more) {
    }
  }
  // `held_back`: what comes to a, on its way.
  void slots(int count, Duration held_back = {}) {
    for (int i = 0; i < count; ++i) {
      slot(*a);
      slot(*b);
      a->socket->set_time(now + held_back);
      b->socket->set_time(now);
      receive(*a);
      receive(*b);
      a->control.handle_handshakes(now, static_cast<uint64_t>(now.ns));
      b->control.handle_handshakes(now, static_cast<uint64_t>(now.ns));
    }
  }
  // Until both have a session.
  void come_up() {
    for (int i = 0; i < 100 && !(is_up(*a) && is_up(*b)); ++i) slots(10);
    ASSERT_TRUE(is_up(*a) && is_up(*b));
  }
  // A packet for b waits in a's ring.
  void pack() {
    a->device->put(packet_of(3000, "10.0.0.1", "10.0.0.2"));
    a->packer_stage.pack(a->lane(), {}, 64);
  }
  bool is_up(const End& end) const { return end.control.state(now) == Association::State::up; }

  SlotPlan plan{};
  Instant now{1'000'000};
  uint16_t a_follows_ = 0;
  uint16_t b_follows_ = 0;
  std::unique_ptr<End> a;
  std::unique_ptr<End> b;
  std::vector<uint8_t> buffer = std::vector<uint8_t>(kReceiveBufferBytes);
};

}  // namespace cuttle::testing
