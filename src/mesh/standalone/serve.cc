// `serve`: what the unit cuttle-mesh@NODE runs.
#include <malloc.h>
#include <signal.h>
#include <time.h>

#include <ctime>
#include <memory>

#include "access.hh"
#include "io/child_process.hh"
#include "io/service_manager.hh"
#include "local_agent.hh"

namespace cuttle::mesh {

namespace {

// Until the next look is due; false: a signal asks for the end.
bool wait(Duration time, const sigset_t& ends) {
  const timespec span{static_cast<time_t>(time.ns / 1'000'000'000),
                      static_cast<long>(time.ns % 1'000'000'000)};
  const int signal = ::sigtimedwait(&ends, nullptr, &span);
  return signal != SIGTERM && signal != SIGINT;
}

// It stands beside storage daemons, which need the memory, and does next to nothing: one heap, not one for
// each of librados' threads, and long texts (a status, a dump) outside it. Before there are any threads.
void take_little_memory() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 64 << 10);
}

int serve(const std::string& config, int every_s) {
  take_little_memory();
  const auto node = node_of(config);
  if (!node) return complain(node.error().message, kBadInput);
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ends, signal);
  RadosStore store(access_of(*node));
  LocalAgent agent(node->config);
  Keeper keeper({store, agent, machine_addresses}, node->path);
  const ServiceManager manager = ServiceManager::find();
  manager.tell("READY=1");
  // librados' own threads must not take the signals: blocked before there are any. While a question is out,
  // which takes its time-out at most, a second SIGTERM is not needed: the manager's patience is longer.
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  std::string said;
  do {
    const auto looked = keeper.look(steady_now(), std::time(nullptr));
    ::malloc_trim(0);  // what a look took
    manager.tell("WATCHDOG=1");
    std::string now = looked ? "" : looked.error().message;
    for (const MeshProblem& problem : keeper.problems()) {
      now += fmt::format("{}{} {}: {}; {}", now.empty() ? "" : "\n", problem.code, problem.host, problem.text,
                         problem.fix);
    }
    if (now != said) {
      fmt::print("{}\n", now.empty() ? "all is well" : now);
      std::fflush(stdout);
      said = now;
    }
  } while (wait(seconds(every_s), ends));
  return kDone;
}

}  // namespace

void add_serve(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("serve", "Keep this host's links in step with the store (the unit cuttle-mesh@)");
  command->footer("Example:\n  cuttle mesh serve --config /etc/cuttle/osd0.toml");
  const auto config = std::make_shared<std::string>();
  const auto every_s = std::make_shared<int>(4);
  add_config(*command, *config);
  command->add_option("--every", *every_s, "Seconds between two looks at the store")
      ->check(CLI::Range(1, 60))
      ->capture_default_str();
  command->callback(
      [&chosen, config, every_s] { chosen = [config, every_s] { return serve(*config, *every_s); }; });
}

}  // namespace cuttle::mesh
