#include "helper/privileged_helper.hh"

#include <array>

#include "crypto/secret.hh"
#include "helper/remote_machine.hh"
#include "io/clock.hh"
#include "io/second_process.hh"
#include "node/confinement.hh"

namespace cuttle::helper {

namespace {

// How often it looks whether something is due; what it watches it looks at every two seconds.
constexpr Duration kTimerRound = milliseconds(250);
// An agent that does not take an answer for so long will not take it any more; meanwhile nothing is watched.
constexpr Duration kAnswerTime = seconds(5);

// Copies of what was read stand in the dead part of the stack too, where a compiler put registers aside.
[[gnu::noinline]] void wipe_dead_stack() {
  std::array<char, 256 * 1024> dead;
  wipe(dead.data(), dead.size());
}

// False when the agent is gone.
bool serve_one(const Channel& channel, Service& service, const MonotonicClock& clock) {
  const auto request = channel.receive(clock.now() + kAnswerTime);
  if (!request) return false;
  Answer answer = service.handle(request->bytes);
  const auto sent = send_answer(channel, answer, clock.now() + kAnswerTime);
  wipe(answer.bytes.data(), answer.bytes.size());
  wipe_dead_stack();
  return sent.has_value();
}

}  // namespace

void serve_agent(const Channel& channel, LocalMachineOptions options) {
  LocalMachine machine(std::move(options));
  Service service(machine);
  const MonotonicClock clock;
  for (;;) {
    if (channel.wait_to_receive(clock.now() + kTimerRound) && !serve_one(channel, service, clock)) return;
    service.handle_timeout(clock.now());
    (void)machine.handle_timeout(clock.now());
  }
}

Result<std::unique_ptr<Machine>> start_privileged_helper(const LocalMachineOptions& options) {
  LocalMachineOptions confined = options;
  confined.confine = confine_helper;
  auto channel =
      start_second_process("cuttle-helper", [&](const Channel& own) { serve_agent(own, confined); });
  if (!channel) return tl::unexpected(channel.error());
  return std::make_unique<RemoteMachine>(std::move(*channel), options.file, options.driver);
}

}  // namespace cuttle::helper
