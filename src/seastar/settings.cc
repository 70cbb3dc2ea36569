#include "seastar/settings.hh"

#include <fmt/format.h>

#include <algorithm>
#include <seastar/util/log.hh>

#include "io/available_memory.hh"
#include "io/realtime.hh"
#include "seastar/option_words.hh"

namespace cuttle {

namespace {

// The lanes' rings and buffers come before the reactors; what is left are tasks, messages and metrics.
constexpr uint64_t kMegabytesPerShard = 64;
constexpr uint64_t kMegabyte = 1024 * 1024;
// A descriptor in each control block: a TUN and a socket a lane, and the metrics' connections.
constexpr unsigned kControlBlocks = 2048;

// Seastar itself would take io_uring where the kernel has it, which check_backend() refuses. epoll is
// everywhere.
void set_default_backend(SeastarSettings& settings) {
  auto& backend = settings.reactor_opts.reactor_backend;
  const std::vector<std::string> names = backend.get_candidate_names();
  const bool has_aio = std::ranges::find(names, "linux-aio") != names.end();
  backend.select_default_candidate(has_aio ? "linux-aio" : "epoll");
}

void set_defaults(SeastarSettings& settings, const NodeConfig& config, const SeastarOptions& options) {
  settings.name = "cuttle-seastar";
  settings.auto_handle_sigint_sigterm = false;  // the agent's control thread does
  settings.smp_opts.smp.set_default_value(config.shards);
  settings.smp_opts.memory.set_default_value(fmt::format("{}M", kMegabytesPerShard * config.shards));
  settings.reactor_opts.max_networking_io_control_blocks.set_default_value(kControlBlocks);
  settings.reactor_opts.overprovisioned.set_value();
  if (options.poll_mode) settings.reactor_opts.poll_mode.set_value();
  set_default_backend(settings);
  settings.log_opts.default_log_level.set_default_value(seastar::log_level::error);
}

// The lanes are spread over runtime.shards, and what they take of memory is known here.
Result<void> check_sizes(const SeastarSettings& settings, const NodeConfig& config) {
  if (!settings.smp_opts.smp.defaulted() || !settings.smp_opts.memory.defaulted()) {
    return failure(
        fmt::format("--smp and --memory: write runtime.shards in the configuration; a shard takes {} MB",
                    kMegabytesPerShard));
  }
  const size_t cpus = thread_cpus().size();
  if (config.shards > cpus) {
    return failure(fmt::format(
        "runtime.shards = {}: each is a reactor with a CPU of its own, and this process may use {}",
        config.shards, cpus));
  }
  const auto available = available_memory_bytes();
  const uint64_t needed = kMegabytesPerShard * config.shards;
  if (available && *available < needed * kMegabyte) {
    return failure(fmt::format("runtime.shards = {}: the reactors take {} MB of memory, and {} MB are left",
                               config.shards, needed, *available / kMegabyte));
  }
  return {};
}

// Rings of io_uring do what the filter of the agent's system calls forbids, past the filter.
Result<void> check_backend(const SeastarSettings& settings) {
  const auto& backend = settings.reactor_opts.reactor_backend;
  if (!backend || backend.get_selected_candidate_name() != "io_uring") return {};
  return failure(
      "--reactor-backend io_uring: it goes past the filter of system calls; linux-aio and epoll do not");
}

}  // namespace

Result<std::shared_ptr<SeastarSettings>> seastar_settings(const NodeConfig& config,
                                                          const SeastarOptions& options) {
  auto settings = std::make_shared<SeastarSettings>();
  set_defaults(*settings, config, options);
  if (auto set = set_from_words(*settings, options.more); !set) return tl::unexpected(set.error());
  if (auto checked = check_sizes(*settings, config); !checked) return tl::unexpected(checked.error());
  if (auto checked = check_backend(*settings); !checked) return tl::unexpected(checked.error());
  return settings;
}

}  // namespace cuttle
