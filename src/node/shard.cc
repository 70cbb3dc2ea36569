#include "node/shard.hh"

#include <fmt/format.h>

#include <future>

#include "io/pacer_share.hh"
#include "io/realtime.hh"

namespace cuttle {

namespace {

constexpr unsigned kThreads = 3;  // of a shard
// Above whatever else an operator may run with SCHED_FIFO at its lowest, below what the kernel itself does.
constexpr int kPacerPriority = 50;
// Below every pacer. Ordinary priority does not do: sessions (autogroups) share a CPU evenly whatever the
// nice values inside them, and a busy machine would fill the socket's buffer.
constexpr int kReceiverPriority = 10;

}  // namespace

Result<std::unique_ptr<Shard>> Shard::create(std::vector<Lane*> lanes, const WakeUp& handshakes,
                                             const ShardOptions& options) {
  auto packer = PackerLoop::create(lanes, options.spin);
  if (!packer) return tl::unexpected(packer.error());
  auto receiver = ReceiverLoop::create(lanes, handshakes, options.spin);
  if (!receiver) return tl::unexpected(receiver.error());
  return std::unique_ptr<Shard>(
      new Shard(std::move(*packer), std::move(*receiver), std::move(lanes), options));
}

Shard::Shard(std::unique_ptr<PackerLoop> packer, std::unique_ptr<ReceiverLoop> receiver,
             std::vector<Lane*> lanes, const ShardOptions& options)
    : options_(options),
      packer_(std::move(packer)),
      receiver_(std::move(receiver)),
      pacer_(std::move(lanes), {options.poll_before, options.spin, options.max_pacer_percent()}) {}

void Shard::set_relay(RelayNode& relay) {
  packer_->set_relay(relay.packing());
  receiver_->set_relay(relay);
  relay.set_wake_packer([this] { packer_->wake_up(); });
}

std::string Shard::start() {
  std::promise<std::string> why_not;
  std::future<std::string> answer = why_not.get_future();
  threads_.emplace_back([this] {
    name_thread(fmt::format("packer-{}", options_.number));
    if (options_.realtime) (void)set_high_priority();
    packer_->run(stop_);
  });
  threads_.emplace_back([this] {
    name_thread(fmt::format("receiver-{}", options_.number));
    // A thread that never sleeps must not have real-time priority. What is refused shows in the pacer's
    // answer.
    const bool realtime =
        options_.realtime && !options_.spin && set_realtime_priority(kReceiverPriority).has_value();
    if (options_.realtime && !realtime) (void)set_high_priority();
    receiver_->run(stop_, realtime);
  });
  threads_.emplace_back([this, &why_not] {
    name_thread(fmt::format("pacer-{}", options_.number));
    std::string refused;
    if (options_.cpu) {
      if (auto pinned = set_thread_cpus({*options_.cpu}); !pinned) refused = pinned.error().message;
    }
    if (options_.realtime && !options_.may_take_cpu()) {
      (void)set_high_priority();
      refused = fmt::format("a shard that spins takes {} CPUs; this machine has too few", kThreads);
    } else if (options_.realtime) {
      if (auto set = set_realtime_priority(kPacerPriority); !set) refused = set.error().message;
    }
    why_not.set_value(refused);
    pacer_.run(stop_);
  });
  return answer.get();
}

// A thread that never sleeps may have real-time priority only where CPUs are left for others.
bool ShardOptions::may_take_cpu() const {
  return !spin || std::thread::hardware_concurrency() > kThreads * shards;
}

// Where a shard's threads cannot each have a CPU, the pacer leaves the others, which need about as much,
// theirs.
int ShardOptions::max_pacer_percent() const {
  return spin || std::thread::hardware_concurrency() >= kThreads * shards ? 100
                                                                          : PacerShare::kSharedCpuPercent;
}

Result<void> Shard::let_in(Lane& lane) {
  if (auto added = receiver_->add(lane); !added) return added;
  if (auto added = packer_->add(lane); !added) {
    receiver_->remove(lane);
    return added;
  }
  return {};
}

void Shard::let_out(Lane& lane) {
  packer_->remove(lane);
  receiver_->remove(lane);
}

Shard::~Shard() {
  stop_.store(true, std::memory_order_relaxed);
  packer_->wake_up();
  receiver_->wake_up();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace cuttle
