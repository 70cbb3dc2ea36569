#include "node/shard.hh"

#include <fmt/format.h>

#include <future>

#include "io/realtime.hh"

namespace cuttle {

namespace {

// Above whatever else an operator may run with SCHED_FIFO at its lowest, below what the kernel itself does.
constexpr int kPacerPriority = 50;

}  // namespace

Result<std::unique_ptr<Shard>> Shard::create(std::vector<Lane*> lanes, const WakeUp& control,
                                             const ShardOptions& options) {
  auto packer = PackerLoop::create(lanes, options.spin);
  if (!packer) return tl::unexpected(packer.error());
  auto receiver = ReceiverLoop::create(lanes, control, options.spin);
  if (!receiver) return tl::unexpected(receiver.error());
  return std::unique_ptr<Shard>(
      new Shard(std::move(*packer), std::move(*receiver), std::move(lanes), options));
}

Shard::Shard(std::unique_ptr<PackerLoop> packer, std::unique_ptr<ReceiverLoop> receiver,
             std::vector<Lane*> lanes, const ShardOptions& options)
    : options_(options),
      packer_(std::move(packer)),
      receiver_(std::move(receiver)),
      pacer_(std::move(lanes), {options.poll_before, options.spin}) {}

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
    if (options_.realtime) (void)set_high_priority();  // what is missing shows in the pacer's answer
    receiver_->run(stop_);
  });
  threads_.emplace_back([this, &why_not] {
    name_thread(fmt::format("pacer-{}", options_.number));
    std::string refused;
    if (options_.cpu) {
      if (auto pinned = pin_thread(*options_.cpu); !pinned) refused = pinned.error().message;
    }
    if (options_.realtime) {
      if (auto set = set_realtime_priority(kPacerPriority); !set) refused = set.error().message;
    }
    why_not.set_value(refused);
    pacer_.run(stop_);
  });
  return answer.get();
}

Shard::~Shard() {
  stop_.store(true, std::memory_order_relaxed);
  packer_->wake_up();
  receiver_->wake_up();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace cuttle
