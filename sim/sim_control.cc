// The control thread of a simulated node: what src/node/link.cc does, with the results visible to the other
// threads when the work is done.
#include <algorithm>

#include "sim/sim_node.hh"

namespace cuttle::sim {

void SimNode::await_tick() {
  // Not aligned with anything: the phase is the node's own.
  const Instant next = local_now() + milliseconds(40 + static_cast<int64_t>(setup_.seed % 50));
  host_.loop.at(setup_.clock.global(next), [this, alive = alive_] {
    if (!*alive) return;
    kick_control();
    await_tick();
  });
}

void SimNode::kick_control() {
  if (std::exchange(control_waits_, true)) return;
  control_->post([this] { return control(); }, [this] { control_done(); });
}

Duration SimNode::control() {
  control_waits_ = false;
  control_results_.clear();
  Duration cost = setup_.cost.control;
  for (auto& link : links_) {
    for (; !link->handshakes_in.empty(); link->handshakes_in.pop_front()) {
      const Stamped& handshake = link->handshakes_in.front();
      if (link->receiver.current_session_since() <= handshake.stamp) confirm(*link);
      const uint64_t wrong_before = link->association.counters().mac_wrong.value();
      const uint64_t turned_away_before =
          link->association.counters().too_many.value() + link->association.counters().cookie_instead.value();
      const uint64_t allocations_before = host_.probe();
      link->association.handle_datagram(handshake.stamp, handshake.cell);
      if (link->association.counters().mac_wrong.value() != wrong_before) {
        if (host_.probe() != allocations_before) host_.checker.fail(4, "a stranger's handshake allocated");
        continue;
      }
      const AssociationCounters& counters = link->association.counters();
      const uint64_t turned_away = counters.too_many.value() + counters.cookie_instead.value();
      if (turned_away == turned_away_before) cost = cost + setup_.cost.handshake;
      take_out(*link);
    }
    confirm(*link);
    link->association.handle_timeout(local_now(), link->receiver.last_authentic(),
                                     setup_.clock.wall_ns(host_.loop.now()));
    take_out(*link);
  }
  return cost;
}

// In the order of arrivals, whenever the control thread comes to it.
void SimNode::confirm(Link& link) {
  if (link.confirmed_session <= link.told_session) return;
  link.told_session = link.confirmed_session;
  link.association.handle_first_cell(link.receiver.current_session_since(), link.told_session);
}

// What the association wants done, put aside until the control thread's work is done.
void SimNode::take_out(Link& link) {
  if (const auto cell = link.association.poll_datagram()) {
    const bool at_once = setup_.mutant == Mutant::answer_at_once;
    const Instant due = at_once ? Instant{INT64_MIN} : link.association.datagram_due();
    control_results_.emplace_back([&link, due, copy = std::vector<uint8_t>(cell->begin(), cell->end())] {
      if (link.handshakes_out.size() < 8) link.handshakes_out.push_back({copy, due});
    });
  }
  while (auto event = link.association.poll_event()) {
    if (const auto* install = std::get_if<InstallReceive>(&*event)) {
      control_results_.emplace_back([&link, install = *install] {
        link.to_receiver.emplace_back(make_receive_key(install, 0, best_aead_backend()));
      });
    } else if (const auto* change = std::get_if<InstallSend>(&*event)) {
      Instant from = setup_.mutant == Mutant::keys_at_once ? local_now() : change->from;
      if (!change->first) from = from + key_change_lead(setup_.plan, link.ring.capacity());
      control_results_.emplace_back([&link, change = *change, from] {
        if (!change.first) link.ring.hold();
        link.to_pacer.emplace_back(make_send_key(change, 0, best_aead_backend(), from));
      });
    } else if (const auto* forget = std::get_if<ForgetBefore>(&*event)) {
      control_results_.emplace_back(
          [&link, forget = *forget] { link.to_receiver.emplace_back(Forget{forget.session}); });
    } else {
      control_results_.emplace_back([&link] { link.to_pacer.emplace_back(Stop{}); });
    }
  }
}

void SimNode::control_done() {
  for (const auto& result : control_results_) result();
  control_results_.clear();
}

}  // namespace cuttle::sim
