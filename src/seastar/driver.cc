#include "seastar/driver.hh"

#include <fmt/format.h>
#include <sys/socket.h>

#include <future>
#include <seastar/core/alien.hh>
#include <seastar/core/app-template.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/sharded.hh>
#include <stdexcept>
#include <thread>

#include "seastar/metrics_server.hh"
#include "seastar/node_shard.hh"
#include "seastar/settings.hh"

namespace cuttle {

namespace {

// What Seastar's reactors call besides: they open their own descriptors, also for the metrics, look at the
// machine's files when they start, and some of these only with one of their backends.
constexpr const char* kSystemCalls[] = {"io_setup",       "io_destroy",
                                        "io_submit",      "io_cancel",
                                        "io_getevents",   "io_pgetevents",
                                        "timer_create",   "timer_settime",
                                        "timer_delete",   "mbind",
                                        "mincore",        "statfs",
                                        "fstatfs",        "rt_sigtimedwait",
                                        "get_mempolicy",  "set_mempolicy",
                                        "timerfd_create", "timerfd_settime",
                                        "signalfd4",      "pipe2",
                                        "socketpair",     "accept",
                                        "bind",           "connect",
                                        "listen",         "setsockopt",
                                        "getsockname",    "getpeername",
                                        "recvmmsg",       "select",
                                        "pselect6",       "stat",
                                        "statx",          "pread64",
                                        "getdents64",     "access",
                                        "faccessat",      "faccessat2",
                                        "readlink",       "readlinkat",
                                        "getcwd",         "dup",
                                        "dup2",           "dup3",
                                        "umask"};
constexpr int kSocketFamilies[] = {AF_UNIX, AF_INET, AF_INET6};

// From shard to shard a failure travels as Seastar's futures carry it.
void or_throw(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

struct Placement {
  Lane* lane;
  std::string peer;
  unsigned sending;
  unsigned receiving;
};

class SeastarDriver final : public Driver {
 public:
  SeastarDriver(const NodeConfig& config, const WakeUp& control, const SeastarOptions& options)
      : config_(config), control_(control), options_(options), app_(seastar_settings(config, options)) {}
  ~SeastarDriver() override;

  Result<std::string> start(const std::vector<std::unique_ptr<NodeLink>>& links) override;
  SystemCalls system_calls() const override {
    return {.names = kSystemCalls, .socket_families = kSocketFamilies, .reads_files = true};
  }

 private:
  void place(const std::vector<std::unique_ptr<NodeLink>>& links);
  seastar::future<> serve();
  seastar::future<std::string> bring_up();  // throws what a person should know
  seastar::future<std::string> become_realtime();

  const NodeConfig& config_;
  const WakeUp& control_;
  SeastarOptions options_;
  seastar::app_template app_;
  std::vector<Placement> lanes_;
  seastar::sharded<NodeShard> shards_;
  MetricsServer metrics_;
  std::optional<seastar::promise<>> stop_;  // of shard 0
  std::promise<Result<std::string>> started_;
  std::thread first_reactor_;
};

Result<std::string> SeastarDriver::start(const std::vector<std::unique_ptr<NodeLink>>& links) {
  place(links);
  auto started = started_.get_future();
  first_reactor_ = std::thread([this] {
    auto arguments = seastar_arguments(options_);
    const int status = app_.run(static_cast<int>(arguments.pointers.size()), arguments.pointers.data(),
                                [this] { return serve(); });
    if (status != 0 && !stop_) {
      started_.set_value(
          failure("Seastar does not start; it says why above (see `cuttle-seastar up --help`)"));
    }
  });
  auto answer = started.get();
  if (!answer) {
    first_reactor_.join();
    first_reactor_ = {};
  }
  return answer;
}

SeastarDriver::~SeastarDriver() {
  if (!first_reactor_.joinable()) return;
  seastar::alien::run_on(app_.alien(), 0, [this]() noexcept { stop_->set_value(); });
  first_reactor_.join();
}

// Lanes go round the shards; split, a lane's receiving side is on the shard after that of its sending side.
void SeastarDriver::place(const std::vector<std::unique_ptr<NodeLink>>& links) {
  const unsigned stride = options_.split ? 2 : 1;
  for (size_t l = 0; l < links.size(); ++l) {
    for (size_t j = 0; j < links[l]->lanes(); ++j) {
      const auto sending = static_cast<unsigned>((l + j) * stride % config_.shards);
      const unsigned receiving = (sending + stride - 1) % config_.shards;
      Lane* lane = &links[l]->lane(j);
      choose_queue(*lane, sending);
      lanes_.push_back({lane, links[l]->peer().name, sending, receiving});
      links[l]->set_receiver_wake_up(j, [this, lane, receiving] {
        seastar::alien::run_on(app_.alien(), receiving,
                               [this, lane]() noexcept { shards_.local().obey(*lane); });
      });
    }
  }
}

seastar::future<> SeastarDriver::serve() {
  co_await shards_.start(config_.poll_before, std::cref(control_));
  stop_.emplace();
  Result<std::string> answer;
  try {
    answer = co_await bring_up();
  } catch (const std::exception& error) {
    answer = failure(error.what());
  }
  const bool up = answer.has_value();
  started_.set_value(std::move(answer));
  if (up) co_await stop_->get_future();
  co_await metrics_.stop();
  co_await shards_.stop();
}

seastar::future<std::string> SeastarDriver::bring_up() {
  std::string why_not = co_await become_realtime();
  for (const Placement& place : lanes_) {
    co_await shards_.invoke_on(place.receiving, [place](NodeShard& shard) {
      or_throw(shard.add_receiving(*place.lane, place.peer, place.sending));
    });
    co_await shards_.invoke_on(
        place.sending, [place](NodeShard& shard) { or_throw(shard.add_sending(*place.lane, place.peer)); });
  }
  if (options_.metrics) co_await metrics_.start(*options_.metrics);
  co_return why_not;
}

seastar::future<std::string> SeastarDriver::become_realtime() {
  if (!config_.realtime) co_return std::string();
  // A thread that never sleeps would leave the machine no time for anything else.
  if (options_.poll_mode) co_return std::string("the reactors poll (--poll-mode)");
  std::string why_not;
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    std::string refused =
        co_await shards_.invoke_on(shard, [](NodeShard& here) { return here.become_realtime(); });
    if (why_not.empty()) why_not = std::move(refused);
  }
  co_return why_not;
}

}  // namespace

MakeDriver make_seastar_driver(const SeastarOptions& options) {
  return [options](const NodeConfig& config, const WakeUp& control) {
    return std::make_unique<SeastarDriver>(config, control, options);
  };
}

}  // namespace cuttle
