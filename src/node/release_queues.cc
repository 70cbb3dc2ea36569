#include "node/release_queues.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "io/links.hh"
#include "node/assemble.hh"

namespace cuttle {

namespace {

constexpr Duration kRound = seconds(2);
constexpr uint32_t kEthernetAndUdpV4 = 14 + 20 + 8;

}  // namespace

Result<void> ReleaseQueues::set_up(const NodeConfig& config,
                                   const std::vector<std::unique_ptr<NodeLink>>& links) {
  if (auto removed = remove_clock_devices(clock_alias_of_node(config.name)); !removed) return removed;
  if (config.release == ReleaseBy::thread) {
    why_not_ = "release = \"thread\" in the configuration";
    return {};
  }
  std::map<std::string, std::vector<uint32_t>> underlays;  // and the sizes of cell that leave by each
  for (const auto& link : links) {
    const Lane& lane = link->lane(0);
    if (lane.underlay.empty()) {
      why_not_ = fmt::format("no interface leads to {}", link->peer().name);
    } else {
      underlays[lane.underlay].push_back(static_cast<uint32_t>(lane.format.cell_bytes()));
    }
  }
  for (auto& [underlay, cell_bytes] : underlays) {
    std::ranges::sort(cell_bytes);
    cell_bytes.erase(std::unique(cell_bytes.begin(), cell_bytes.end()), cell_bytes.end());
    for (uint32_t shard = 0; shard < std::max(config.shards, 1u); ++shard) {
      if (auto added = add(config, shard, underlay, cell_bytes); !added) why_not_ = added.error().message;
    }
  }
  if (!why_not_.empty() && config.release == ReleaseBy::queue) {
    return failure(fmt::format("release = \"queue\", but {}", why_not_));
  }
  return {};
}

Result<void> ReleaseQueues::add(const NodeConfig& config, uint32_t shard, const std::string& underlay,
                                std::span<const uint32_t> cell_bytes) {
  Draws draws(random_draw_key());
  auto table = PauseTable::draw(draws, cell_bytes.front() + kEthernetAndUdpV4);
  if (!table) return failure(fmt::format("cells of {} bytes are too small for a queue", cell_bytes.front()));
  ClockDeviceOptions options;
  options.number = static_cast<uint32_t>(entries_.size());
  options.underlay = underlay;
  options.alias = clock_alias_of_node(config.name);
  options.firewall_mark = config.firewall_mark;
  options.cell_bytes.assign(cell_bytes.begin(), cell_bytes.end());
  options.route_table = config.clock_table(options.number);
  auto device = ClockDevice::create(options, *table);
  if (!device) return tl::unexpected(device.error());
  entries_.push_back({shard, options.cell_bytes,
                      std::make_unique<ReleaseQueue>(std::move(*device), std::move(*table), config.lead),
                      ""});
  return {};
}

ReleaseQueue* ReleaseQueues::find(uint32_t shard, const Lane& lane) const {
  for (const Entry& entry : entries_) {
    const bool fits = entry.shard == shard && entry.queue->device().underlay() == lane.underlay &&
                      std::ranges::count(entry.cell_bytes, lane.format.cell_bytes()) > 0;
    if (fits) return entry.queue.get();
  }
  return nullptr;
}

void ReleaseQueues::handle_timeout(Instant now) {
  if (now - looked_ < kRound) return;
  looked_ = now;
  for (Entry& entry : entries_) {
    const auto fine = entry.queue->look_and_restore();
    const std::string trouble = fine ? "" : fine.error().message;
    if (trouble == entry.trouble) continue;
    entry.trouble = trouble;
    if (trouble.empty()) {
      spdlog::warn("the queue that keeps time on {} was gone, and is back", entry.queue->device().underlay());
    } else {
      spdlog::error(
          "the queue that keeps time on {} is gone, so the agent's own thread does, less exactly: {}",
          entry.queue->device().underlay(), trouble);
    }
  }
}

std::string ReleaseQueues::why_not() const {
  for (const Entry& entry : entries_) {
    if (!entry.trouble.empty()) return entry.trouble;
  }
  return why_not_;
}

}  // namespace cuttle
