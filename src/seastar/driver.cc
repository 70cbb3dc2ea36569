#include "seastar/driver.hh"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <map>
#include <seastar/core/alien.hh>
#include <seastar/core/app-template.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/sharded.hh>
#include <thread>

#include "seastar/metrics_server.hh"
#include "seastar/node_shard.hh"
#include "seastar/said_on_start.hh"
#include "seastar/tasks.hh"

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

struct LaneShards {
  Lane* lane = nullptr;
  std::string peer{};
  unsigned sending = 0;
  unsigned receiving = 0;
};

class SeastarDriver final : public Driver {
 public:
  SeastarDriver(const NodeConfig& config, const WakeUp& handshakes, const SeastarOptions& options,
                SeastarSettings&& settings)
      : config_(config), handshakes_(handshakes), options_(options), app_(std::move(settings)) {
    app_.set_configuration_reader([](auto&) {});  // no file of Seastar's own
  }
  ~SeastarDriver() override;

  Result<std::string> start(const std::vector<std::unique_ptr<NodeLink>>& links) override;
  std::vector<Result<void>> add(std::span<NodeLink* const> links) override;
  void remove(std::span<NodeLink* const> links) override;
  SystemCalls system_calls() const override {
    return {.names = kSystemCalls, .socket_families = kSocketFamilies, .reads_files = true};
  }

 private:
  // On the control thread.
  const LaneShards& place(NodeLink& link, size_t lane, size_t turn);
  Result<void> let_in(NodeLink& link);
  void let_out(NodeLink& link);
  size_t min_busy_turn() const;
  unsigned sending_shard(size_t turn) const {
    return static_cast<unsigned>(turn * stride() % config_.shards);
  }
  unsigned stride() const { return options_.split ? 2 : 1; }

  // On the first reactor.
  seastar::future<> run_until_stopped();
  seastar::future<> serve();
  seastar::future<Refusal> bring_up();
  seastar::future<std::string> become_realtime();
  seastar::future<Refusal> serve_lane(LaneShards place);
  seastar::future<> leave_lane(LaneShards place);

  const NodeConfig& config_;
  const WakeUp& handshakes_;
  SeastarOptions options_;
  seastar::app_template app_;
  std::map<const Lane*, LaneShards> placed_;  // the control thread's, and while that waits the reactors'
  seastar::sharded<NodeShard> shards_;
  MetricsServer metrics_;
  seastar::promise<> stop_;  // of shard 0
  std::promise<Result<std::string>> started_;
  std::string why_not_realtime_;
  bool serves_ = false;
  std::thread first_reactor_;
};

Result<std::string> SeastarDriver::start(const std::vector<std::unique_ptr<NodeLink>>& links) {
  for (size_t l = 0; l < links.size(); ++l) {
    for (size_t j = 0; j < links[l]->lanes(); ++j) place(*links[l], j, l + j);
  }
  auto started = started_.get_future();
  first_reactor_ = std::thread([this] {
    SaidOnStart said;
    char name[] = "cuttle-seastar";
    char* arguments[] = {name, nullptr};
    (void)app_.run(1, arguments, [&] {
      said.end();
      serves_ = true;
      return run_until_stopped();
    });
    if (!serves_) started_.set_value(failure("Seastar does not start: " + said.end()));
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
  // What was handed over to a shard before is done by then.
  for (unsigned shard = 0; shard < config_.shards; ++shard) {
    seastar::alien::submit_to(app_.alien(), shard, [] { return seastar::make_ready_future<>(); }).get();
  }
  seastar::alien::run_on(app_.alien(), 0, [this]() noexcept { stop_.set_value(); });
  first_reactor_.join();
}

std::vector<Result<void>> SeastarDriver::add(std::span<NodeLink* const> links) {
  std::vector<Result<void>> added;
  for (NodeLink* link : links) added.push_back(let_in(*link));
  return added;
}

void SeastarDriver::remove(std::span<NodeLink* const> links) {
  for (NodeLink* link : links) let_out(*link);
}

// No lane of a reactor has to be waited for, so it takes no slot.
Result<void> SeastarDriver::let_in(NodeLink& link) {
  for (size_t j = 0; j < link.lanes(); ++j) {
    const LaneShards& lane_shards = place(link, j, min_busy_turn());
    auto refused = seastar::alien::submit_to(app_.alien(), 0, [&] {
                     return must_not_fail("the coming of a lane", serve_lane(lane_shards));
                   }).get();
    if (refused) {
      let_out(link);
      return tl::unexpected(std::move(*refused));
    }
  }
  return {};
}

void SeastarDriver::let_out(NodeLink& link) {
  for (size_t j = 0; j < link.lanes(); ++j) {
    const auto found = placed_.find(&link.lane(j));
    if (found == placed_.end()) continue;
    seastar::alien::submit_to(app_.alien(), 0, [&] {
      return must_not_fail("the leaving of a lane", leave_lane(found->second));
    }).get();
    placed_.erase(found);
  }
}

// Lanes go round the shards; split, a lane's receiving side is on the shard after that of its sending side.
const LaneShards& SeastarDriver::place(NodeLink& link, size_t lane, size_t turn) {
  Lane& served = link.lane(lane);
  const unsigned sending = sending_shard(turn);
  const unsigned receiving = (sending + stride() - 1) % config_.shards;
  choose_queue(served, sending);
  link.set_receiver_wake_up(lane, [this, &served, receiving] {
    seastar::alien::run_on(app_.alien(), receiving, [this, &served]() noexcept {
      must_not_throw("an order to a receiver", [&] { shards_.local().drain(served); });
    });
  });
  return placed_[&served] = {&served, link.peer().name, sending, receiving};
}

size_t SeastarDriver::min_busy_turn() const {
  const auto lanes_of = [&](size_t turn) {
    return std::ranges::count_if(
        placed_, [&](const auto& placed) { return placed.second.sending == sending_shard(turn); });
  };
  size_t best = 0;
  for (size_t turn = 1; turn < config_.shards; ++turn) {
    if (lanes_of(turn) < lanes_of(best)) best = turn;
  }
  return best;
}

seastar::future<> SeastarDriver::run_until_stopped() {
  return serve().handle_exception(
      [](const std::exception_ptr& why) { task_failed("the first reactor", why); });
}

seastar::future<> SeastarDriver::serve() {
  co_await shards_.start(config_.poll_before, std::cref(handshakes_), options_.poll_mode, relay());
  Refusal refused = co_await bring_up();
  const bool up = !refused;
  started_.set_value(up ? Result<std::string>(why_not_realtime_) : tl::unexpected(std::move(*refused)));
  if (up) co_await stop_.get_future();
  co_await metrics_.stop();
  co_await shards_.invoke_on_all(&NodeShard::stop_receiving);
  co_await shards_.stop();
}

seastar::future<Refusal> SeastarDriver::bring_up() {
  why_not_realtime_ = co_await become_realtime();
  for (const auto& [lane, lane_shards] : placed_) {
    if (Refusal refused = co_await serve_lane(lane_shards)) co_return refused;
  }
  if (options_.metrics) co_return co_await metrics_.start(*options_.metrics);
  co_return std::nullopt;
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

seastar::future<Refusal> SeastarDriver::serve_lane(LaneShards place) {
  Refusal refused = co_await shards_.invoke_on(place.receiving, [&place](NodeShard& shard) {
    return refusal_of(shard.add_receiving(*place.lane, place.peer, place.sending));
  });
  if (refused) co_return refused;
  co_return co_await shards_.invoke_on(place.sending, [&place](NodeShard& shard) {
    return refusal_of(shard.add_sending(*place.lane, place.peer));
  });
}

// Sending ends last: its shard may still be told what was lost.
seastar::future<> SeastarDriver::leave_lane(LaneShards place) {
  const auto leave = [&place](NodeShard& here) { return here.remove(*place.lane); };
  co_await shards_.invoke_on(place.receiving, leave);
  if (place.sending != place.receiving) co_await shards_.invoke_on(place.sending, leave);
}

}  // namespace

MakeDriver make_seastar_driver(const SeastarOptions& options, std::shared_ptr<SeastarSettings> settings) {
  return [options, settings = std::move(settings)](const NodeConfig& config, const WakeUp& handshakes) {
    return std::make_unique<SeastarDriver>(config, handshakes, options, std::move(*settings));
  };
}

}  // namespace cuttle
