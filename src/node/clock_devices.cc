#include "node/clock_devices.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "base/check.hh"
#include "node/assemble.hh"
#include "node/doors.hh"

namespace cuttle {

Result<QueueDoors> ClockDevices::set_up(const NodeConfig& config, uint32_t user) {
  user_ = user;
  CUTTLE_CHECK(entries_.empty(), "queues are set up once");
  if (auto removed = remove_clock_devices(clock_alias_of_node(config.name)); !removed) {
    return tl::unexpected(removed.error());
  }
  QueueDoors doors;
  if (config.release == ReleaseBy::thread) {
    doors.why_not = "release = \"thread\" in the configuration";
    return doors;
  }
  if (config.release == ReleaseBy::txtime) return doors;  // none of ours
  std::set<std::string> insisted;                         // by root's word, not by what the mesh says
  std::string missing;                                    // of these
  const auto sizes = cell_sizes_by_underlay(config, [&](const PeerConfig& peer, const std::string& underlay) {
    if (!config.is_of_mesh(peer)) insisted.insert(underlay);
    if (!underlay.empty()) return true;
    if (!config.is_of_mesh(peer))
      doors.why_not = missing = fmt::format("no interface leads to {}", peer.name);
    return false;
  });
  if (config.mesh) insisted.insert(own_underlay_of(config));
  for (const auto& [underlay, cell_bytes] : sizes) {
    for (uint32_t shard = 0; shard < std::max(config.shards, 1u); ++shard) {
      if (auto added = add(config, shard, underlay, cell_bytes)) {
        doors.queues.push_back(std::move(*added));
      } else {
        doors.why_not = added.error().message;
        if (insisted.contains(underlay)) missing = doors.why_not;
      }
    }
  }
  if (!missing.empty() && config.release == ReleaseBy::queue) {
    return failure(fmt::format("release = \"queue\", but {}", missing));
  }
  return doors;
}

Result<QueueDoor> ClockDevices::add(const NodeConfig& config, uint32_t shard, const std::string& underlay,
                                    std::span<const uint32_t> cell_bytes) {
  QueueDoor door;
  door.shard = shard;
  door.underlay = underlay;
  door.cell_bytes.assign(cell_bytes.begin(), cell_bytes.end());
  door.draw_key = random_draw_key();
  auto table = draw_pauses(door.draw_key, cell_bytes);
  if (!table) return failure(fmt::format("cells of {} bytes are too small for a queue", cell_bytes.front()));
  ClockDeviceOptions options;
  options.number = static_cast<uint32_t>(entries_.size());
  options.underlay = underlay;
  options.alias = clock_alias_of_node(config.name);
  options.firewall_mark = config.firewall_mark;
  options.carries_ipv6 = config.listen.address.is_v6;
  options.user = user_;
  options.cell_bytes = door.cell_bytes;
  options.route_table = config.clock_table(options.number);
  options.rule_preference = config.clock_preference();
  auto device = ClockDevice::create(options, *table);
  if (!device) return tl::unexpected(device.error());
  door.index = (*device)->index();
  door.late_map = (*device)->take_late_map();
  entries_.push_back({std::move(*device), std::move(*table), {}, {}});
  return door;
}

ClockDevices::Ways ClockDevices::ways_from(const std::string& underlay, const NodeConfig& config,
                                           const std::map<std::string, std::string>& underlays) {
  Ways ways;
  for (const PeerConfig& peer : config.peers) {
    const auto known = underlays.find(peer.name);
    if (known == underlays.end() || known->second != underlay) continue;
    const auto now = way_out_now(config, peer);
    if (!now) continue;
    ways.interfaces.insert(*now);
    if (*now != underlay) ways.example = fmt::format("the way to {} goes by {} now", peer.name, *now);
  }
  return ways;
}

void ClockDevices::put_back(Entry& entry, const Result<void>& restored, QueueLook& look) {
  entry.trouble.clear();
  if (restored) {
    look.late_map = entry.device->take_late_map();
  } else {
    look.trouble = entry.trouble = restored.error().message;
  }
}

QueueLook ClockDevices::look(Entry& entry, const Ways& ways) {
  QueueLook look;
  ClockDevice& device = *entry.device;
  if (ways.interfaces.size() > 1) {
    look.trouble = entry.trouble =
        fmt::format("{}, while other cells still leave by {}", ways.example, device.underlay());
  } else if (ways.interfaces.size() == 1 && *ways.interfaces.begin() != device.underlay()) {
    look.trouble = ways.example;
    put_back(entry, device.move_to(*ways.interfaces.begin(), entry.table), look);
  } else if (const auto missing = device.look(); !missing) {
    // Setting it up again would disturb one that is whole, so it is left as it is, and so is what is known.
    if (missing.error().message != entry.cannot_look) {
      entry.cannot_look = missing.error().message;
      spdlog::warn("the queue {} could not be looked at: {}", device.name(), entry.cannot_look);
    }
    look.trouble = entry.trouble;
  } else if (!missing->empty()) {
    look.trouble = *missing;
    put_back(entry, device.set_up(entry.table), look);
  } else {
    entry.trouble.clear();
    entry.cannot_look.clear();
  }
  look.underlay = device.underlay();
  look.index = device.index();
  return look;
}

std::vector<QueueLook> ClockDevices::look(const NodeConfig& config,
                                          std::map<std::string, std::string>& underlays) {
  std::map<std::string, Ways> ways;
  for (const Entry& entry : entries_) {
    const std::string& underlay = entry.device->underlay();
    if (!ways.contains(underlay)) ways.emplace(underlay, ways_from(underlay, config, underlays));
  }
  std::vector<QueueLook> looks;
  for (Entry& entry : entries_) looks.push_back(look(entry, ways.at(entry.device->underlay())));
  for (auto& [peer, underlay] : underlays) {
    const auto moved = ways.find(underlay);
    if (moved != ways.end() && moved->second.interfaces.size() == 1)
      underlay = *moved->second.interfaces.begin();
  }
  return looks;
}

}  // namespace cuttle
