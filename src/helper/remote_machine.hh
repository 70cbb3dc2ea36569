// The machine as a process sees it that may not change it: each step is asked of the privileged helper.
#pragma once

#include <string>

#include "helper/exchange.hh"
#include "io/channel.hh"
#include "node/machine.hh"

namespace cuttle::helper {

class RemoteMachine final : public Machine {
 public:
  // `file` and `driver`: what the helper was started with (LocalMachineOptions).
  RemoteMachine(Channel channel, std::string file, std::string driver)
      : channel_(std::move(channel)), file_(std::move(file)), driver_(std::move(driver)) {}

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
  // Why nobody watches: the helper is gone.
  std::string handle_timeout(Instant now) override;

 private:
  // What the helper refuses is an error, too.
  Result<Heard> ask(Step step, size_t number = 0);
  Result<void> tell(Step step, size_t number = 0);
  Result<OpenPeers> hear_open_peers(Step step);
  void give_up(const std::string& why);

  Channel channel_;
  std::string file_;
  std::string driver_;
  NodeConfig in_force_;  // what open_lanes() names queues after
  NodeConfig wanted_;
  bool changing_ = false;
  bool settled_ = false;
  size_t queues_ = 0;
  std::string trouble_;
};

}  // namespace cuttle::helper
