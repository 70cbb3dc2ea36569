#include "node/native_driver.hh"

#include <algorithm>
#include <map>

#include "node/shard.hh"

namespace cuttle {

namespace {

class NativeDriver final : public Driver {
 public:
  NativeDriver(const NodeConfig& config, const WakeUp& handshakes)
      : config_(config), handshakes_(handshakes) {}

  Result<std::string> start(const std::vector<std::unique_ptr<NodeLink>>& links) override {
    const uint32_t count = std::max<uint32_t>(config_.shards, 1);
    std::vector<std::vector<Lane*>> lanes(count);
    for (size_t l = 0; l < links.size(); ++l) {
      for (size_t j = 0; j < links[l]->lanes(); ++j) lanes[(l + j) % count].push_back(&links[l]->lane(j));
    }
    for (uint32_t i = 0; i < count; ++i) {
      auto shard = Shard::create(std::move(lanes[i]), handshakes_, options_of(i));
      if (!shard) return tl::unexpected(shard.error());
      shards_.push_back(std::move(*shard));
    }
    for (size_t l = 0; l < links.size(); ++l) {
      for (size_t j = 0; j < links[l]->lanes(); ++j) serve(*links[l], j, *shards_[(l + j) % count]);
    }
    // One shard, and so one packer and one receiver: the configuration's check sees to it.
    if (relay() != nullptr) shards_.front()->set_relay(*relay());
    std::string why_not;
    for (const auto& shard : shards_) {
      std::string refused = shard->start();
      if (why_not.empty()) why_not = std::move(refused);
    }
    return why_not;
  }

  std::vector<Result<void>> add(std::span<NodeLink* const> links) override {
    std::vector<Result<void>> added;
    ByShard paced;
    for (NodeLink* link : links) {
      added.push_back(let_in(*link));
      for (size_t j = 0; added.back() && j < link->lanes(); ++j) {
        paced[served_by_.at(&link->lane(j))].push_back(&link->lane(j));
      }
    }
    for (auto& [shard, lanes] : paced) shard->begin_pacing(std::move(lanes));
    for (const auto& [shard, lanes] : paced) shard->wait_for_pacer();
    return added;
  }

  void remove(std::span<NodeLink* const> links) override {
    ByShard paced;
    for (NodeLink* link : links) {
      for (size_t j = 0; j < link->lanes(); ++j) {
        const auto found = served_by_.find(&link->lane(j));
        if (found != served_by_.end()) paced[found->second].push_back(found->first);
      }
    }
    for (const auto& [shard, lanes] : paced) shard->begin_removing(lanes);
    for (const auto& [shard, lanes] : paced) shard->wait_for_pacer();
    for (NodeLink* link : links) let_out(*link);
  }

  void handle_timeout(Instant now) override {
    for (const auto& shard : shards_) shard->handle_timeout(now);
  }

 private:
  using ByShard = std::map<Shard*, std::vector<Lane*>>;

  // To the threads that have a round whenever they are woken.
  Result<void> let_in(NodeLink& link) {
    for (size_t j = 0; j < link.lanes(); ++j) {
      Shard& shard = min_busy();
      serve(link, j, shard);
      if (auto added = shard.let_in(link.lane(j)); !added) {
        served_by_.erase(&link.lane(j));
        let_out(link);
        return added;
      }
    }
    return {};
  }

  void let_out(NodeLink& link) {
    for (size_t j = 0; j < link.lanes(); ++j) {
      const auto found = served_by_.find(&link.lane(j));
      if (found == served_by_.end()) continue;
      found->second->let_out(link.lane(j));
      served_by_.erase(found);
    }
  }

  void serve(NodeLink& link, size_t lane, Shard& shard) {
    served_by_[&link.lane(lane)] = &shard;
    choose_queue(link.lane(lane), shard.number());
    link.set_receiver_wake_up(lane, [&shard] { shard.wake_receiver(); });
  }

  Shard& min_busy() {
    const auto lanes_of = [&](const auto& shard) {
      return std::count_if(served_by_.begin(), served_by_.end(),
                           [&](const auto& served) { return served.second == shard.get(); });
    };
    return **std::min_element(shards_.begin(), shards_.end(),
                              [&](const auto& a, const auto& b) { return lanes_of(a) < lanes_of(b); });
  }

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
  const WakeUp& handshakes_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::map<Lane*, Shard*> served_by_;
};

}  // namespace

std::unique_ptr<Driver> make_native_driver(const NodeConfig& config, const WakeUp& handshakes) {
  return std::make_unique<NativeDriver>(config, handshakes);
}

}  // namespace cuttle
