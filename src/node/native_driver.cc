#include "node/native_driver.hh"

#include <algorithm>

#include "node/shard.hh"

namespace cuttle {

namespace {

class NativeDriver final : public Driver {
 public:
  NativeDriver(const NodeConfig& config, const WakeUp& control) : config_(config), control_(control) {}

  Result<std::string> start(const std::vector<std::unique_ptr<NodeLink>>& links) override {
    const uint32_t count = std::max<uint32_t>(config_.shards, 1);
    std::vector<std::vector<Lane*>> lanes(count);
    for (size_t l = 0; l < links.size(); ++l) {
      for (size_t j = 0; j < links[l]->lanes(); ++j) lanes[(l + j) % count].push_back(&links[l]->lane(j));
    }
    for (uint32_t i = 0; i < count; ++i) {
      auto shard = Shard::create(std::move(lanes[i]), control_, options_of(i));
      if (!shard) return tl::unexpected(shard.error());
      shards_.push_back(std::move(*shard));
    }
    for (size_t l = 0; l < links.size(); ++l) {
      for (size_t j = 0; j < links[l]->lanes(); ++j) {
        links[l]->set_receiver_wake_up(j,
                                       [shard = shards_[(l + j) % count].get()] { shard->wake_receiver(); });
      }
    }
    std::string why_not;
    for (const auto& shard : shards_) {
      std::string refused = shard->start();
      if (why_not.empty()) why_not = std::move(refused);
    }
    return why_not;
  }

 private:
  ShardOptions options_of(uint32_t i) const {
    ShardOptions options;
    options.number = i;
    options.shards = std::max<uint32_t>(config_.shards, 1);
    options.realtime = config_.realtime;
    options.poll_before = config_.poll_before;
    options.spin = config_.spin;
    if (!config_.cpus.empty()) options.cpu = config_.cpus[i % config_.cpus.size()];
    return options;
  }

  const NodeConfig& config_;
  const WakeUp& control_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace

std::unique_ptr<Driver> make_native_driver(const NodeConfig& config, const WakeUp& control) {
  return std::make_unique<NativeDriver>(config, control);
}

}  // namespace cuttle
