#include "helper/service.hh"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <initializer_list>

#include "config/hand_over.hh"

namespace cuttle::helper {

namespace {

Answer refused(std::string reason) {
  Answer answer;
  answer.bytes = std::move(reason);
  return answer;
}

Answer done(std::string bytes = {}) {
  Answer answer;
  answer.done = true;
  answer.bytes = std::move(bytes);
  return answer;
}

Answer answer_to(const Result<void>& result) {
  return result ? done() : refused(result.error().message);
}

// The descriptors of a socket: its own and, where it has one, that of its counter.
template <typename Socket>
void add_socket(Answer& answer, std::vector<bool>& has_counter, const Socket& socket) {
  answer.descriptors.push_back(socket.fd());
  has_counter.push_back(socket.counter() >= 0);
  if (has_counter.back()) answer.descriptors.push_back(socket.counter());
}

}  // namespace

size_t Service::peers() const {
  return phase_ == Phase::changing || phase_ == Phase::withdrawn ? wanted_peers_ : peers_in_force_;
}

bool Service::fits(const Request& request) const {
  const auto in = [&](std::initializer_list<Phase> phases) {
    return std::find(phases.begin(), phases.end(), phase_) != phases.end();
  };
  const bool is_peer = request.number < peers();
  switch (request.step) {
    case Step::read_configuration:
      return in({Phase::reading, Phase::running});
    case Step::close_all:
      return in({Phase::reading}) && has_wanted_;
    case Step::open_lanes:
      return in({Phase::starting, Phase::changing, Phase::withdrawn}) && is_peer;
    case Step::open_unknown_sources:
      return in({Phase::starting, Phase::changing});
    case Step::open_link:
      return in({Phase::starting, Phase::withdrawn}) && is_peer;
    case Step::set_up_queues:
      return in({Phase::starting}) && !has_queues_;
    case Step::confine:
      return in({Phase::starting});
    case Step::settle:
      return in({Phase::confined});
    case Step::begin_change:
      return in({Phase::running}) && has_wanted_;
    case Step::close_wanted:
      return in({Phase::changing});
    case Step::abandon_change:
      return in({Phase::changing, Phase::closed});
    case Step::withdraw:
      return in({Phase::closed});
    case Step::finish_change:
      return in({Phase::withdrawn});
    case Step::link_is_up:
      return in({Phase::running}) && is_peer;
    case Step::guard_status:
      return !in({Phase::reading, Phase::failed, Phase::over});
    case Step::confirm:
    case Step::look_at_queues:
    case Step::handle_end:
      return in({Phase::running});
    case Step::take_back:
      return in({Phase::reading, Phase::starting, Phase::confined, Phase::failed, Phase::running});
  }
  return false;
}

Answer Service::handle(std::string_view bytes) {
  const auto request = parse_request(bytes);
  if (!request) return refused("the helper does not understand what it is asked");
  if (!fits(*request)) return refused("the helper is asked for a step that does not come next");
  return act(*request);
}

void Service::handle_timeout(Instant now) {
  if (phase_ != Phase::changing && phase_ != Phase::closed && phase_ != Phase::withdrawn) {
    change_until_.reset();
  } else if (!change_until_) {
    change_until_ = now + kChangeTime;
  } else if (now >= *change_until_) {
    spdlog::error("the agent does not end the change that it began, so its helper does");
    (void)act({phase_ == Phase::withdrawn ? Step::finish_change : Step::abandon_change, 0});
  }
}

Answer Service::act(const Request& request) {
  switch (request.step) {
    case Step::read_configuration:
      return read_configuration();
    case Step::close_all:
      return close_all();
    case Step::open_lanes:
      return open_lanes(request.number);
    case Step::open_unknown_sources:
      return open_unknown_sources(request.number);
    case Step::open_link:
      return answer_to(machine_.open_link(request.number));
    case Step::set_up_queues:
      return set_up_queues();
    case Step::confine:
      return move(machine_.confine(), Phase::confined);
    case Step::settle:
      return move(machine_.settle(), Phase::running);
    case Step::begin_change:
      change_until_.reset();
      return move(machine_.begin_change(), Phase::changing);
    case Step::close_wanted:
      return move(machine_.close_wanted(), Phase::closed);
    case Step::abandon_change: {
      const auto abandoned = machine_.abandon_change();
      phase_ = Phase::running;
      has_wanted_ = false;
      return answer_to(abandoned);
    }
    case Step::withdraw: {
      const auto withdrawn = machine_.withdraw();  // what can be done is done
      phase_ = Phase::withdrawn;
      return answer_to(withdrawn);
    }
    case Step::finish_change:
      return finish_change();
    case Step::link_is_up:
      return answer_to(machine_.link_is_up(request.number));
    case Step::guard_status: {
      const auto status = machine_.guard_status();
      return status ? done(to_bytes(*status)) : refused(status.error().message);
    }
    case Step::look_at_queues:
      return look_at_queues();
    case Step::confirm:
      return answer_to(machine_.confirm());
    case Step::handle_end:
      return answer_to(machine_.handle_end());
    case Step::take_back:
      if (phase_ == Phase::reading) return done();  // a start that failed before it changed anything
      return move(machine_.take_back(), Phase::over);
  }
  return refused("the helper does not know that step");
}

Answer Service::move(const Result<void>& result, Phase next) {
  if (result) phase_ = next;
  return answer_to(result);
}

Answer Service::read_configuration() {
  const LoadedConfig loaded = machine_.read_configuration();
  has_wanted_ = loaded.good();
  wanted_peers_ = has_wanted_ ? loaded.config.peers.size() : 0;
  return done(cuttle::to_bytes(loaded));
}

Answer Service::close_all() {
  const auto open = machine_.close_all();
  phase_ = open ? Phase::starting : Phase::failed;
  has_wanted_ = false;
  peers_in_force_ = wanted_peers_;
  return open ? done(to_bytes(*open)) : refused(open.error().message);
}

Answer Service::open_lanes(size_t peer) {
  auto lanes = machine_.open_lanes(peer);
  if (!lanes) return refused(lanes.error().message);
  Answer answer = done();
  LaneNotes notes;
  for (const LaneDoor& lane : *lanes) {
    answer.descriptors.push_back(lane.queue.fd());
    add_socket(answer, notes.has_counter, lane.socket);
    notes.underlay = lane.underlay;
    notes.cut_by_cpu = lane.cut_by_cpu;
  }
  answer.bytes = to_bytes(notes);
  answer.lanes = std::move(*lanes);
  return answer;
}

Answer Service::open_unknown_sources(size_t already) {
  auto unknown_sources = machine_.open_unknown_sources(already);
  if (!unknown_sources) return refused(unknown_sources.error().message);
  Answer answer = done();
  std::vector<bool> has_counter;
  for (const UnknownSourceSocket& unknown_source : *unknown_sources)
    add_socket(answer, has_counter, unknown_source);
  answer.bytes = counters_bytes(has_counter);
  answer.unknown_sources = std::move(*unknown_sources);
  return answer;
}

Answer Service::set_up_queues() {
  auto doors = machine_.set_up_queues();
  if (!doors) return refused(doors.error().message);
  has_queues_ = true;
  Answer answer = done(to_bytes(*doors));
  for (QueueDoor& door : doors->queues) {
    if (door.index == 0) continue;
    answer.descriptors.push_back(door.late_map.get());
    answer.maps.push_back(std::move(door.late_map));
  }
  return answer;
}

Answer Service::look_at_queues() {
  auto looks = machine_.look_at_queues();
  if (!looks) return refused(looks.error().message);
  LookNotes notes{std::move(*looks), {}};
  for (const QueueLook& look : notes.looks) notes.anew.push_back(static_cast<bool>(look.late_map));
  Answer answer = done(to_bytes(notes));
  for (QueueLook& look : notes.looks) {
    if (!look.late_map) continue;
    answer.descriptors.push_back(look.late_map.get());
    answer.maps.push_back(std::move(look.late_map));
  }
  return answer;
}

Answer Service::finish_change() {
  const auto open = machine_.finish_change();
  phase_ = Phase::running;
  has_wanted_ = false;
  peers_in_force_ = wanted_peers_;
  return open ? done(to_bytes(*open)) : refused(open.error().message);
}

}  // namespace cuttle::helper
