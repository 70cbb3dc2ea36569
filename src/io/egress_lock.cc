#include "io/egress_lock.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/bytes.hh"
#include "base/fingerprint.hh"
#include "io/interface_name.hh"

namespace cuttle {
namespace {

constexpr size_t kPortKeyBytes = 6;

// What the kernel holds as long as a device's filter uses it.
struct Loaded {
  FileDescriptor addresses_v4;
  FileDescriptor addresses_v6;
  FileDescriptor ports;
  std::map<bool, FileDescriptor> programs;  // by whether the device is Ethernet
};

LockedPeer locked_peer(const GuardPeer& peer, uint16_t number) {
  LockedPeer locked;
  std::memcpy(locked.endpoint, peer.endpoint.address.bytes.data(), sizeof(locked.endpoint));
  locked.cell_bytes = peer.cell_bytes;
  locked.number = number;
  locked.port = peer.endpoint.port;
  locked.lanes = peer.lanes;
  locked.is_v6 = peer.endpoint.address.is_v6 ? 1 : 0;
  for (const PortRange& range : peer.ports) {
    locked.listed = static_cast<uint8_t>(locked.listed | (range.is_udp ? kListsUdp : kListsTcp));
  }
  return locked;
}

// The fewest prefixes of 16 bits that make up a range: each as large as its place and what is left allow.
Result<void> put_ports(int map, uint16_t peer, const PortRange& range) {
  uint32_t first = range.first;
  while (first <= range.last) {
    uint32_t bits = 0;
    while (bits < 16 && (first >> bits & 1) == 0 && first + (2u << bits) - 1 <= range.last) ++bits;
    uint8_t key[kPortKeyBytes];
    const uint16_t protocol = range.is_udp ? 1 : 0;
    std::memcpy(key, &peer, 2);
    std::memcpy(key + 2, &protocol, 2);
    store_be16(key + 4, static_cast<uint16_t>(first));
    const uint8_t listed = 1;
    if (auto put = bpf::put_prefix(map, key, 48 - bits, &listed); !put) return put;
    first += 1u << bits;
  }
  return {};
}

Result<void> fill(const GuardConfig& config, const Loaded& loaded) {
  uint16_t number = 0;
  for (const GuardPeer& peer : config.peers) {
    const LockedPeer value = locked_peer(peer, number++);
    for (const IpPrefix& prefix : peer.prefixes) {
      const int map = (prefix.address.is_v6 ? loaded.addresses_v6 : loaded.addresses_v4).get();
      const std::span<const uint8_t> key(prefix.address.bytes.data(), prefix.address.size());
      if (auto put = bpf::put_prefix(map, key, prefix.length, &value); !put) return put;
    }
    for (const PortRange& range : peer.ports) {
      if (auto put = put_ports(loaded.ports.get(), value.number, range); !put) return put;
    }
  }
  return {};
}

Result<Loaded> load_maps(const GuardConfig& config) {
  size_t prefixes = 1;  // a map has room for something
  size_t port_prefixes = 1;
  for (const GuardPeer& peer : config.peers) {
    prefixes += peer.prefixes.size();
    port_prefixes += peer.ports.size() * 32;
  }
  Loaded loaded;
  const auto make = [&](FileDescriptor& map, size_t key_bytes, size_t value_bytes,
                        size_t entries) -> Result<void> {
    auto made = bpf::create_prefix_map(key_bytes, value_bytes, entries);
    if (!made) return tl::unexpected(made.error());
    map = std::move(*made);
    return {};
  };
  auto made = make(loaded.addresses_v4, 4, sizeof(LockedPeer), prefixes);
  if (made) made = make(loaded.addresses_v6, 16, sizeof(LockedPeer), prefixes);
  if (made) made = make(loaded.ports, kPortKeyBytes, 1, port_prefixes);
  if (made) made = fill(config, loaded);
  if (!made) return tl::unexpected(made.error());
  return loaded;
}

Result<int> program_for(const GuardConfig& config, Loaded& loaded, bool ethernet) {
  const auto known = loaded.programs.find(ethernet);
  if (known != loaded.programs.end()) return known->second.get();
  const LockMaps maps{loaded.addresses_v4.get(), loaded.addresses_v6.get(), loaded.ports.get()};
  auto program = bpf::load_program(BPF_PROG_TYPE_SCHED_CLS, lock_program(config, maps, ethernet));
  if (!program) return tl::unexpected(program.error());
  return (loaded.programs[ethernet] = std::move(*program)).get();
}

// Through a clock device go pauses as well, which are no cells; what leaves it meets the lock of the device
// below.
bool keeps_time(const Link& link) {
  return link.kind == "macvlan" && link.name.starts_with(kClockDevicePrefix);
}

bool belongs_on(const GuardConfig& config, const Link& link) {
  return !link.loopback && !keeps_time(link) &&
         std::none_of(config.peers.begin(), config.peers.end(), [&](const GuardPeer& peer) {
           return link.kind == "tun" && peer.interface == link.name && !peer.others_interface;
         });
}

Result<void> unlock(const Link& device) {
  if (auto removed = remove_filter(device, kLockPlace); !removed) return removed;
  return remove_unused_clsact(device);
}

Result<void> set_right(const GuardConfig& config, const std::vector<Link>& devices) {
  const std::string version = lock_version(config);
  auto loaded = load_maps(config);
  if (!loaded) return tl::unexpected(loaded.error());
  Result<void> all;
  for (const Link& device : devices) {
    if (!belongs_on(config, device)) {
      auto unlocked = unlock(device);
      if (!unlocked && all) all = std::move(unlocked);
      continue;
    }
    const auto program = program_for(config, *loaded, device.ethernet);
    if (!program) return tl::unexpected(program.error());
    auto set = set_filter(device, kLockPlace, *program, version);
    if (!set && all) all = std::move(set);
  }
  if (all) return all;
  // One that has gone meanwhile needs no lock.
  const auto wrong = devices_locked_wrong(config);
  if (wrong && wrong->empty()) return {};
  return all;
}

}  // namespace

std::string lock_version(const GuardConfig& config) {
  // Of all that the program and its maps are made from.
  std::string text = fmt::format("2 {} {}", config.first_port, config.firewall_mark);
  for (const GuardPeer& peer : config.peers) {
    text += fmt::format("|{} {} {}", peer.endpoint.to_string(), peer.lanes, peer.cell_bytes);
    for (const IpPrefix& prefix : peer.prefixes) text += " " + prefix.to_string();
    for (const PortRange& range : peer.ports) text += " " + range.to_string();
  }
  return fingerprint(text);
}

Result<std::vector<Link>> lockable_devices(const GuardConfig& config) {
  auto links = list_links();
  if (links) std::erase_if(*links, [&](const Link& link) { return !belongs_on(config, link); });
  return links;
}

Result<std::vector<Link>> devices_locked_wrong(const GuardConfig& config) {
  const std::string version = lock_version(config);
  auto devices = list_links();
  if (!devices) return devices;
  std::vector<Link> wrong;
  for (Link& device : *devices) {
    const auto filter = find_filter(device, kLockPlace);
    if (!filter) return tl::unexpected(filter.error());
    const bool is_right =
        belongs_on(config, device) ? *filter && (*filter)->version == version : !filter->has_value();
    if (!is_right) wrong.push_back(std::move(device));
  }
  return wrong;
}

Result<void> apply_lock(const GuardConfig& config) {
  const auto wrong = devices_locked_wrong(config);
  if (!wrong) return tl::unexpected(wrong.error());
  if (wrong->empty()) return {};
  return set_right(config, *wrong);
}

Result<void> remove_lock() {
  const auto links = list_links();
  if (!links) return tl::unexpected(links.error());
  for (const Link& link : *links) {
    const auto filter = find_filter(link, kLockPlace);
    if (!filter) return tl::unexpected(filter.error());
    if (!*filter) continue;
    if (auto unlocked = unlock(link); !unlocked) return unlocked;
  }
  return {};
}

Result<bool> lock_is_present() {
  const auto links = list_links();
  if (!links) return tl::unexpected(links.error());
  for (const Link& link : *links) {
    const auto filter = find_filter(link, kLockPlace);
    if (!filter) return tl::unexpected(filter.error());
    if (*filter) return true;
  }
  return false;
}

}  // namespace cuttle
