// The far ends of many links in one process, for `bench links`: a node of its own for each configuration that
// is named, with its own keys, address and link, but all served by one set of threads. Hundreds of agents
// would want more CPUs than the one that is measured. Nothing is redirected here. Ends with SIGTERM.
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <deque>
#include <string>

#include "config/load.hh"
#include "io/limits.hh"
#include "io/signals.hh"
#include "node/assemble.hh"
#include "node/native_driver.hh"

namespace cuttle {
namespace {

constexpr int kTick_ms = 50;

Result<void> serve(std::span<char*> files) {
  raise_open_files();
  auto signals = Signals::block_and_watch();
  if (!signals) return tl::unexpected(signals.error());
  auto wake_up = WakeUp::create();
  if (!wake_up) return tl::unexpected(wake_up.error());
  const SealCost sealing = SealCost::measure(best_aead_backend());
  std::deque<LoadedConfig> nodes;
  std::vector<std::unique_ptr<NodeLink>> links;
  for (const char* file : files) {
    const LoadedConfig& node = nodes.emplace_back(load_config(file, KeyFiles::read));
    if (!node.good()) return failure(node.problem_lines().front());
    auto assembled = assemble_links({node.config, *node.keys, best_aead_backend(), sealing, nullptr},
                                    [&](size_t i) { return open_doors(node.config, i, std::nullopt); });
    if (!assembled) return tl::unexpected(assembled.error());
    for (auto& link : *assembled) links.push_back(std::move(link));
  }
  const auto driver = make_native_driver(nodes.front().config, *wake_up);
  if (auto started = driver->start(links); !started) return tl::unexpected(started.error());
  const MonotonicClock clock;
  while (!signals->take()) {
    std::array<pollfd, 2> waiting{{{wake_up->fd(), POLLIN, 0}, {signals->fd(), POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), kTick_ms);
    wake_up->clear();
    for (const auto& link : links) link->handle_handshakes(clock.now(), wall_clock_ns());
  }
  return {};
}

}  // namespace
}  // namespace cuttle

int main(int count, char** words) {
  if (count < 2) {
    fmt::print(stderr, "usage: link_ends NODE.toml...\n");
    return 2;
  }
  const auto served = cuttle::serve(std::span(words, static_cast<size_t>(count)).subspan(1));
  if (!served) fmt::print(stderr, "link_ends: {}\n", served.error().message);
  return served ? 0 : 1;
}
