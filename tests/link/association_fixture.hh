// Two associations and a wire between them that the test holds in its hands: messages wait until it passes,
// drops, copies or bends them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "../seeded_keys.hh"
#include "base/random.hh"
#include "link/association.hh"

namespace cuttle::testing {

// One end: what its driver would keep of it.
struct End {
  End(const PrivateKey& own, const PublicKey& peer, const PresharedKey& psk, uint64_t seed,
      uint64_t slot_ns = 0, uint16_t calendar = 0)
      : association({.keys = {.own = own, .peer = peer, .preshared = psk},
                     .format = wire::CellFormat(256),
                     .slot_ns = slot_ns,
                     .calendar = calendar},
                    seeded_entropy(seed)) {}
  End(AssociationConfig config, uint64_t seed) : association(std::move(config), seeded_entropy(seed)) {}

  // Takes what there is to take: a message goes to `out`, events are kept.
  void drain() {
    if (const auto cell = association.poll_datagram()) {
      out.emplace_back(cell->begin(), cell->end());
      due = association.datagram_due();
    }
    while (auto event = association.poll_event()) {
      if (auto* receive = std::get_if<InstallReceive>(&*event)) receives.push_back(*receive);
      if (auto* send = std::get_if<InstallSend>(&*event)) sends.push_back(*send);
      if (auto* forget = std::get_if<ForgetBefore>(&*event)) forgets.push_back(*forget);
      if (auto* one = std::get_if<ForgetSession>(&*event)) forgotten.push_back(one->session);
      if (auto* end = std::get_if<EndSending>(&*event)) {
        ended = true;
        ends_from = end->from;
      }
    }
  }
  void tick(Instant now, uint64_t wall_ns) {
    wall_clock_ns = wall_ns;
    association.handle_timeout(now, last_authentic, wall_ns);
    drain();
  }
  void handle(Instant now, const std::vector<uint8_t>& cell) {
    association.handle_heard(last_authentic, wall_clock_ns);
    association.handle_datagram(now, cell);
    drain();
  }
  void first_cell(Instant now, uint64_t session) {
    association.handle_heard(last_authentic, wall_clock_ns);
    association.handle_first_cell(now, session);
    drain();
  }
  // Whether a cell that the other end seals with what it uses now is opened here.
  bool receives_from(const End& other) const {
    if (other.sends.empty()) return false;
    const InstallSend& send = other.sends.back();
    return std::any_of(receives.begin(), receives.end(), [&](const InstallReceive& receive) {
      return receive.first_spi == send.first_spi && receive.secret == send.secret && has(receive.session);
    });
  }
  // Whether the session's key was not taken away again.
  bool has(uint64_t session) const {
    const auto goes = [&](const InstallReceive& other) { return other.instead_of == session; };
    const auto is_before = [&](const ForgetBefore& forget) { return session < forget.session; };
    return std::none_of(receives.begin(), receives.end(), goes) &&
           std::none_of(forgets.begin(), forgets.end(), is_before) &&
           std::find(forgotten.begin(), forgotten.end(), session) == forgotten.end();
  }

  Association association;
  std::deque<std::vector<uint8_t>> out;
  Instant due{};
  std::vector<InstallReceive> receives;
  std::vector<InstallSend> sends;
  std::vector<ForgetBefore> forgets;
  std::vector<uint64_t> forgotten;  // sessions, each by itself
  bool ended = false;
  Instant ends_from{};
  uint64_t wall_clock_ns = 0;  // at the latest tick
  Instant last_authentic{INT64_MIN / 2};
};

class AssociationTest : public ::testing::Test {
 protected:
  AssociationTest() {
    PrivateKey a = key_of(1);
    PrivateKey b = key_of(2);
    if (!(a.public_key() < b.public_key())) std::swap(a, b);
    initiator_key = a;
    responder_key = b;
    initiator = make_initiator(11);
    responder = make_responder(12);
  }

  std::unique_ptr<End> make_initiator(uint64_t seed) const {
    return std::make_unique<End>(*initiator_key, responder_key->public_key(), psk, seed, slot_ns);
  }
  std::unique_ptr<End> make_responder(uint64_t seed) const {
    return std::make_unique<End>(*responder_key, initiator_key->public_key(), psk, seed, slot_ns);
  }

  void tick() {
    initiator->tick(now, wall_ns);
    responder->tick(now, wall_ns);
  }
  void advance(Duration duration) {
    now = now + duration;
    wall_ns += static_cast<uint64_t>(duration.ns);
  }
  static std::vector<uint8_t> take(End& end) {
    EXPECT_FALSE(end.out.empty());
    if (end.out.empty()) return {};
    auto cell = end.out.front();
    end.out.pop_front();
    return cell;
  }
  // Cells flow: the first in each end's newest session arrives at the other.
  void cells_flow() {
    if (responder->receives_from(*initiator)) {
      responder->last_authentic = now;
      const Spi spi = initiator->sends.back().first_spi;
      for (const auto& receive : responder->receives) {
        if (receive.first_spi == spi) responder->first_cell(now, receive.session);
      }
    }
    if (initiator->receives_from(*responder)) initiator->last_authentic = now;
  }
  // A whole handshake, nothing lost.
  void handshake() {
    tick();
    ASSERT_EQ(initiator->out.size(), 1u);
    responder->handle(now, take(*initiator));
    ASSERT_EQ(responder->out.size(), 1u);
    initiator->handle(now, take(*responder));
    cells_flow();
    cells_flow();
  }
  // Cells flowed until the session was old: the initiator asks for the next one, and the responder hears it.
  void ask_for_renewal() {
    advance(kRekeyAfter);
    initiator->last_authentic = responder->last_authentic = now;
    tick();
    responder->handle(now, take(*initiator));
  }
  bool up() const { return responder->receives_from(*initiator) && initiator->receives_from(*responder); }
  // Time goes by in ticks with cells flowing and all messages passed on, or lost where `loss` says.
  template <typename Loss>
  void run(Duration duration, Loss loss, bool flow = true) {
    for (const Instant end = now + duration; now < end; advance(kTick)) {
      tick();
      while (!initiator->out.empty()) {
        auto cell = take(*initiator);
        if (!loss()) responder->handle(now, cell);
      }
      while (!responder->out.empty()) {
        auto cell = take(*responder);
        if (!loss()) initiator->handle(now, cell);
      }
      if (flow) cells_flow();
    }
  }

  std::optional<PrivateKey> initiator_key;
  std::optional<PrivateKey> responder_key;
  PresharedKey psk;
  uint64_t slot_ns = 0;
  std::unique_ptr<End> initiator;
  std::unique_ptr<End> responder;
  Instant now{5'000'000'000};
  uint64_t wall_ns = 1'700'000'000'000'000'000;
};

inline bool never() {
  return false;
}
inline bool always() {
  return true;
}

}  // namespace cuttle::testing
