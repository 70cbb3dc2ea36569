#include "helper/remote_machine.hh"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/hand_over.hh"
#include "crypto/secret.hh"
#include "io/clock.hh"

namespace cuttle::helper {

namespace {

// A start of hundreds of links takes a while; a running agent's control thread waits meanwhile, and systemd's
// watchdog for that.
constexpr Duration kStartTimeout = seconds(60);
constexpr Duration kStepTimeout = seconds(8);

// Hands out descriptors in their order; none are left where the count was wrong.
class Descriptors {
 public:
  explicit Descriptors(std::vector<FileDescriptor>& all) : all_(all) {}
  FileDescriptor take() { return next_ < all_.size() ? std::move(all_[next_++]) : FileDescriptor(); }
  FileDescriptor take_if(bool wanted) { return wanted ? take() : FileDescriptor(); }

 private:
  std::vector<FileDescriptor>& all_;
  size_t next_ = 0;
};

tl::unexpected<Error> no_sense() {
  return failure("the helper's answer makes no sense");
}

// How many descriptors there must be: `own` for each, and one more where there is a counter.
size_t descriptors_for(const std::vector<bool>& has_counter, size_t own) {
  size_t count = own * has_counter.size();
  for (const bool has : has_counter) count += has ? 1 : 0;
  return count;
}

}  // namespace

void RemoteMachine::give_up(const std::string& why) {
  channel_ = Channel(FileDescriptor());
  trouble_ = "the privileged helper is gone (" + why + "); restart the agent";
}

Result<Heard> RemoteMachine::ask(Step step, size_t number) {
  if (!trouble_.empty()) return failure(trouble_);
  if (number > std::numeric_limits<uint16_t>::max()) return failure("too many peers");
  const Instant until = MonotonicClock().now() + (settled_ ? kStepTimeout : kStartTimeout);
  auto heard = helper::ask(channel_, {step, static_cast<uint16_t>(number)}, until);
  if (!heard) {
    give_up(heard.error().message);
    return failure(trouble_);
  }
  if (!heard->done) return failure(std::move(heard->bytes));
  return heard;
}

Result<void> RemoteMachine::tell(Step step, size_t number) {
  if (auto heard = ask(step, number); !heard) return tl::unexpected(heard.error());
  return {};
}

Result<OpenPeers> RemoteMachine::hear_open_peers(Step step) {
  const auto heard = ask(step);
  if (!heard) return tl::unexpected(heard.error());
  auto open = parse_open_peers(heard->bytes);
  if (!open || open->size() != wanted_.peers.size()) return no_sense();
  in_force_ = wanted_;
  return std::move(*open);
}

LoadedConfig RemoteMachine::read_configuration() {
  auto heard = ask(Step::read_configuration);
  auto loaded = heard ? from_bytes(file_, heard->bytes) : Result<LoadedConfig>(tl::unexpected(heard.error()));
  if (heard) wipe(heard->bytes.data(), heard->bytes.size());
  if (!loaded) {
    LoadedConfig none;
    none.file = file_;
    none.problems.add(0, loaded.error().message);
    return none;
  }
  loaded->config.driver = driver_;
  if (loaded->good()) wanted_ = loaded->config;
  return std::move(*loaded);
}

Result<OpenPeers> RemoteMachine::close_all() {
  return hear_open_peers(Step::close_all);
}

Result<std::vector<LaneDoor>> RemoteMachine::open_lanes(size_t peer) {
  auto heard = ask(Step::open_lanes, peer);
  if (!heard) return tl::unexpected(heard.error());
  const NodeConfig& config = changing_ ? wanted_ : in_force_;
  const auto notes = parse_lane_notes(heard->bytes);
  if (!notes || notes->has_counter.size() != config.peers[peer].lanes ||
      heard->descriptors.size() != descriptors_for(notes->has_counter, 2)) {
    return no_sense();
  }
  Descriptors descriptors(heard->descriptors);
  std::vector<LaneDoor> lanes;
  for (const bool has : notes->has_counter) {
    Tun queue = Tun::adopt(descriptors.take(), config.peers[peer].interface_name(),
                           tun_options_of(config, config.peers[peer]));
    FileDescriptor own = descriptors.take();
    auto socket = UdpSocket::adopt(std::move(own), descriptors.take_if(has), config.listen.address,
                                   config.segmentation);
    if (!socket) return tl::unexpected(socket.error());
    lanes.push_back({std::move(queue), std::move(*socket), notes->underlay, notes->cut_by_cpu});
  }
  return lanes;
}

Result<std::vector<UnknownSourceSocket>> RemoteMachine::open_unknown_sources(size_t already) {
  auto heard = ask(Step::open_unknown_sources, already);
  if (!heard) return tl::unexpected(heard.error());
  const auto has_counter = parse_counters(heard->bytes);
  if (!has_counter || heard->descriptors.size() != descriptors_for(*has_counter, 1)) return no_sense();
  Descriptors descriptors(heard->descriptors);
  std::vector<UnknownSourceSocket> unknown_sources;
  for (const bool has : *has_counter) {
    FileDescriptor own = descriptors.take();
    auto unknown_source = UnknownSourceSocket::adopt(std::move(own), descriptors.take_if(has));
    if (!unknown_source) return tl::unexpected(unknown_source.error());
    unknown_sources.push_back(std::move(*unknown_source));
  }
  return unknown_sources;
}

Result<void> RemoteMachine::open_link(size_t peer) {
  return tell(Step::open_link, peer);
}

Result<QueueDoors> RemoteMachine::set_up_queues() {
  auto heard = ask(Step::set_up_queues);
  if (!heard) return tl::unexpected(heard.error());
  auto doors = parse_queue_doors(heard->bytes);
  wipe(heard->bytes.data(), heard->bytes.size());
  if (!doors) return no_sense();
  const auto has_device = [](const QueueDoor& door) { return door.index != 0; };
  if (static_cast<size_t>(std::ranges::count_if(doors->queues, has_device)) != heard->descriptors.size()) {
    return no_sense();
  }
  queues_ = doors->queues.size();
  Descriptors descriptors(heard->descriptors);
  for (QueueDoor& door : doors->queues) door.late_map = descriptors.take_if(has_device(door));
  return std::move(*doors);
}

Result<std::vector<QueueLook>> RemoteMachine::look_at_queues() {
  auto heard = ask(Step::look_at_queues);
  if (!heard) return tl::unexpected(heard.error());
  auto notes = parse_look_notes(heard->bytes);
  if (!notes || notes->looks.size() != queues_ ||
      heard->descriptors.size() != descriptors_for(notes->anew, 0)) {
    return no_sense();
  }
  Descriptors descriptors(heard->descriptors);
  for (size_t i = 0; i < queues_; ++i) notes->looks[i].late_map = descriptors.take_if(notes->anew[i]);
  return std::move(notes->looks);
}

Result<void> RemoteMachine::confine() {
  return tell(Step::confine);
}

Result<void> RemoteMachine::settle() {
  auto settled = tell(Step::settle);
  settled_ = settled.has_value();
  return settled;
}

Result<void> RemoteMachine::begin_change() {
  auto begun = tell(Step::begin_change);
  changing_ = begun.has_value();
  return begun;
}

Result<void> RemoteMachine::close_wanted() {
  return tell(Step::close_wanted);
}

Result<void> RemoteMachine::abandon_change() {
  changing_ = false;
  return tell(Step::abandon_change);
}

Result<void> RemoteMachine::withdraw() {
  return tell(Step::withdraw);
}

Result<OpenPeers> RemoteMachine::finish_change() {
  changing_ = false;
  return hear_open_peers(Step::finish_change);
}

Result<void> RemoteMachine::link_is_up(size_t peer) {
  return tell(Step::link_is_up, peer);
}

Result<GuardStatus> RemoteMachine::guard_status() {
  const auto heard = ask(Step::guard_status);
  if (!heard) return tl::unexpected(heard.error());
  const auto status = parse_guard_status(heard->bytes);
  if (!status) return no_sense();
  return *status;
}

Result<void> RemoteMachine::confirm() {
  return tell(Step::confirm);
}

Result<void> RemoteMachine::handle_end() {
  return tell(Step::handle_end);
}

Result<void> RemoteMachine::take_back() {
  return tell(Step::take_back);
}

std::string RemoteMachine::handle_timeout(Instant /*now*/) {
  if (trouble_.empty() && !channel_.is_open()) give_up("it has ended");
  return trouble_;
}

}  // namespace cuttle::helper
