// The machine, changed by the process that calls: with the privileges that takes, of the network namespace
// that it is in.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/socket_file.hh"
#include "io/cpu_latency.hh"
#include "node/clock_devices.hh"
#include "node/closed_address.hh"
#include "node/instant_queues.hh"
#include "node/joining.hh"
#include "node/kept.hh"
#include "node/machine.hh"
#include "node/redirect_watch.hh"

namespace cuttle {

struct LocalMachineOptions {
  std::string file;       // the configuration
  std::string driver;     // that runs it, whatever the file says
  bool on_trial = false;  // take_back() is allowed until confirm()
  // Called by confine(): gives away the privileges that a running node does not need. `user`: whom the agent
  // becomes, runtime.user. Empty: nothing.
  std::function<Result<void>(const std::string& user)> confine = {};
};

class LocalMachine final : public Machine {
 public:
  explicit LocalMachine(LocalMachineOptions options)
      : options_(std::move(options)), on_trial_(options_.on_trial) {}

  LoadedConfig read_configuration() override;
  Result<OpenPeers> close_all() override;
  Result<std::vector<LaneDoor>> open_lanes(size_t peer) override;
  Result<std::vector<UnknownSourceSocket>> open_unknown_sources(size_t already) override;
  Result<void> open_link(size_t peer) override;
  Result<QueueDoors> set_up_queues() override;
  Result<void> confine() override;
  Result<void> settle() override;
  Result<void> begin_change() override;
  Result<void> close_wanted() override;
  Result<void> abandon_change() override;
  Result<void> withdraw() override;
  Result<OpenPeers> finish_change() override;
  Result<void> link_is_up(size_t peer) override;
  Result<GuardStatus> guard_status() override;
  Result<std::vector<QueueLook>> look_at_queues() override;
  Result<void> confirm() override;
  Result<void> handle_end() override;
  Result<void> take_back() override;
  std::string handle_timeout(Instant now) override;

 private:
  const NodeConfig& acted_on() const { return change_ ? *wanted_ : *in_force_; }
  void watch_joining(Instant now);
  void hold_cpu_latency();

  // From begin_change() to its end.
  struct Change {
    Joining joining;
    std::set<size_t> opened;  // peers; may be asked for again and again
    bool is_closed;           // what is wanted
  };

  LocalMachineOptions options_;
  std::optional<std::string> driver_in_file_;  // at the start
  std::optional<NodeConfig> wanted_;
  std::optional<NodeConfig> in_force_;
  std::optional<Joining> joining_;  // there when in_force_ is
  std::optional<Change> change_;
  std::optional<uint32_t> owner_;  // of interfaces and sockets: whom the agent becomes
  ClockDevices clock_devices_;
  InstantQueues instant_queues_;
  bool by_instants_ = false;                      // since the start
  std::map<std::string, std::string> underlays_;  // by peer whose lanes are open: that they were opened for
  std::vector<SocketFile> sockets_;               // the agent's, once the start is over
  bool changed_ = false;                          // something of the machine
  bool was_closed_ = false;                       // before
  std::vector<ClosedAddress> closed_before_;
  bool closes_more_ = false;  // of it than the file says, until the start is over
  uint64_t checksum_errors_before_ = 0;
  bool settled_ = false;
  bool taken_back_ = false;
  bool on_trial_;
  RedirectWatch watch_;
  // Reading nftables' counters takes milliseconds, and whoever may ask for the status may do so without
  // pause.
  Kept<Result<GuardStatus>> guard_status_{milliseconds(200)};
  Instant joining_next_{};
  std::optional<CpuLatency> cpu_latency_;
};

}  // namespace cuttle
