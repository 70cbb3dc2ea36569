#include "io/clock_device.hh"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <utility>

#include "io/clock.hh"
#include "io/clock_program.hh"
#include "io/clock_route.hh"
#include "io/entropy.hh"
#include "io/interface_name.hh"
#include "io/links.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"
#include "io/qdisc.hh"
#include "io/traffic_control.hh"

namespace cuttle {

namespace {

constexpr uint32_t kQueueHandle = 0xc0770000;
constexpr uint32_t kLongestFrame = 66000;  // of a train with its headers
// The bucket counts bytes: one is a nanosecond. What has become late is caught up twice as fast.
constexpr uint32_t kRate_bytes = 1'000'000'000;
constexpr uint32_t kPeakRate_bytes = 2 * kRate_bytes;
constexpr uint32_t kLongestPauseBytes = 100'000'000;
constexpr uint32_t kQueueLimitBytes = 2'000'000'000;

FilterPlace underlay_place(uint32_t number) {
  return {TrafficHook::egress, 10, number + 1, "cuttle-clock"};
}
constexpr FilterPlace kEntryPlace{TrafficHook::egress, 10, 1, "cuttle-entry"};
constexpr FilterPlace kDeafPlace{TrafficHook::ingress, 10, 1, "cuttle-deaf"};
std::array<std::pair<const Link*, FilterPlace>, 3> places_of(const Link& device, const Link& below,
                                                             uint32_t number) {
  return {std::pair(&below, underlay_place(number)), std::pair(&device, kEntryPlace),
          std::pair(&device, kDeafPlace)};
}

Result<Link> require_link(std::string_view name) {
  auto link = find_link(name);
  if (!link) return tl::unexpected(link.error());
  if (!*link) return failure(fmt::format("there is no interface {}", name));
  return **link;
}

Result<void> add_macvlan(const std::string& name, const Link& below,
                         std::span<const uint8_t> hardware_address) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  ifinfomsg header{};
  // No ARP: where cells go next is found out on the underlay's device.
  header.ifi_flags = IFF_NOARP;
  header.ifi_change = IFF_NOARP;
  message.put_header(header);
  message.put_text(IFLA_IFNAME, name);
  message.put_u32(IFLA_LINK, below.index);
  message.put(IFLA_ADDRESS, hardware_address.data(), hardware_address.size());
  nlattr* info = message.begin_nest(IFLA_LINKINFO);
  message.put_text(IFLA_INFO_KIND, "macvlan");
  nlattr* data = message.begin_nest(IFLA_INFO_DATA);
  message.put_u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
  message.end_nest(data);
  message.end_nest(info);
  if (const int error = socket->request(message); error != 0) {
    return os_failure(fmt::format("cannot make a macvlan on {}", below.name), -error,
                      error == -EBUSY ? "it is a port of a bridge or a bond" : "");
  }
  return {};
}

Result<void> remove_link(uint32_t index) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message(RTM_DELLINK, 0);
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(index);
  message.put_header(header);
  if (const int error = socket->request(message); error != 0 && error != -ENODEV) {
    return os_failure("cannot remove a clock device", -error);
  }
  return {};
}

Result<void> add_queue(const Link& device, const PauseTable& table) {
  const std::vector<uint16_t> costs = table.costs(kLongestFrame);
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, 4096 + costs.size() * sizeof(costs[0]));
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = static_cast<int>(device.index);
  header.tcm_parent = TC_H_ROOT;
  header.tcm_handle = kQueueHandle;
  message.put_header(header);
  message.put_text(TCA_KIND, "tbf");
  nlattr* sizes = message.begin_nest(TCA_STAB);
  tc_sizespec spec{};
  static_assert(PauseTable::kBytesPerStep == 4);
  spec.cell_log = 2;
  spec.size_log = PauseTable::kUnitLog2;
  spec.tsize = static_cast<uint32_t>(costs.size());
  message.put(TCA_STAB_BASE, &spec, sizeof(spec));
  message.put(TCA_STAB_DATA, costs.data(), costs.size() * sizeof(costs[0]));
  message.end_nest(sizes);
  nlattr* options = message.begin_nest(TCA_OPTIONS);
  tc_tbf_qopt bucket{};
  bucket.rate.rate = kRate_bytes;
  bucket.rate.linklayer = TC_LINKLAYER_ETHERNET;
  bucket.peakrate.rate = kPeakRate_bytes;
  bucket.peakrate.linklayer = TC_LINKLAYER_ETHERNET;
  bucket.limit = kQueueLimitBytes;
  message.put(TCA_TBF_PARMS, &bucket, sizeof(bucket));
  message.put_u32(TCA_TBF_BURST, static_cast<uint32_t>(QueueClock::kDepth.ns));
  message.put_u32(TCA_TBF_PBURST, kLongestPauseBytes);
  message.end_nest(options);
  if (const int error = socket->request(message); error != 0) {
    return os_failure(fmt::format("cannot put a token bucket on {}", device.name), -error,
                      error == -ENOENT ? "the kernel must have CONFIG_NET_SCH_TBF" : "");
  }
  return {};
}

// Where the kernel put it, or somebody moved it: a frame would pass none of our filters. Empty: on `below`.
std::string why_misplaced(const Link& device, const Link& below) {
  if (device.below == below.index && !device.below_elsewhere) return "";
  return fmt::format("interface {} does not lie on {}", device.name, below.name);
}

Result<bool> has_queue(const Link& device) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  std::optional<Qdisc> root;
  if (const int error = find_qdisc(*socket, device, TC_H_ROOT, root); error != 0) {
    return os_failure("cannot look up the queue", -error);
  }
  return root && root->handle == kQueueHandle && root->kind == "tbf";
}

}  // namespace

Result<std::unique_ptr<ClockDevice>> ClockDevice::create(const ClockDeviceOptions& options,
                                                         const PauseTable& table) {
  std::unique_ptr<ClockDevice> device(
      new ClockDevice(options, fmt::format("{}{}", kClockDevicePrefix, options.number)));
  if (auto done = device->set_up(table); !done) return tl::unexpected(done.error());
  return device;
}

Result<void> ClockDevice::set_up(const PauseTable& table) {
  auto done = build(table);
  if (!done) {
    if (const auto made = find_link(name_); made && *made && (*made)->alias == options_.alias) {
      (void)remove_link((*made)->index);
    }
    if (const auto below = find_link(options_.underlay); below && *below) {
      (void)remove_filter(**below, underlay_place(options_.number));
    }
  }
  return done;
}

Result<void> ClockDevice::move_to(const std::string& underlay, const PauseTable& table) {
  if (const auto before = find_link(options_.underlay); before && *before) {
    (void)remove_filter(**before, underlay_place(options_.number));
  }
  options_.underlay = underlay;
  return set_up(table);
}

Result<void> ClockDevice::build(const PauseTable& table) {
  const auto below = require_link(options_.underlay);
  if (!below) return tl::unexpected(below.error());
  const auto left = find_link(name_);
  if (!left) return tl::unexpected(left.error());
  if (*left) {
    if ((*left)->alias != options_.alias)
      return failure(fmt::format("interface {} is somebody else's", name_));
    if (auto removed = remove_link((*left)->index); !removed) return removed;
  }
  if (std::string why_not = why_no_clock_device(*below); !why_not.empty()) {
    return failure(std::move(why_not));
  }
  hardware_address_.assign(6, 0);
  fill_with_entropy(hardware_address_);
  hardware_address_[0] = 0x02;  // locally administered, one station's
  if (auto added = add_macvlan(name_, *below, hardware_address_); !added) return added;
  // At once, so that whatever happens it is known as ours.
  if (auto set =
          set_link(name_, {.alias = options_.alias, .quiet_ipv6 = true, .with_ipv6 = options_.carries_ipv6});
      !set)
    return set;
  const auto device = require_link(name_);
  if (!device) return tl::unexpected(device.error());
  index_ = device->index;
  if (std::string elsewhere = why_misplaced(*device, *below); !elsewhere.empty()) {
    return failure(std::move(elsewhere));
  }
  if (auto queued = add_queue(*device, table); !queued) return queued;
  if (auto attached = attach_filters(); !attached) return attached;
  if (auto set = set_link(name_, {.up = true}); !set) return set;
  const auto routed = set_clock_route(options_.route_table, options_.rule_preference, name_);
  if (!routed) return tl::unexpected(routed.error());
  has_ipv6_route_ = *routed;
  if (options_.carries_ipv6 && !*routed) return failure(fmt::format("IPv6 is off on interface {}", name_));
  auto filters = programs(*device, *below);
  if (!filters) return tl::unexpected(filters.error());
  programs_ = std::move(*filters);
  return {};
}

// Those of its filters, by the kernel's numbers, in the order of places_of; 0: none is there.
Result<std::vector<uint32_t>> ClockDevice::programs(const Link& device, const Link& below) const {
  std::vector<uint32_t> programs;
  for (const auto& [link, place] : places_of(device, below, options_.number)) {
    const auto filter = find_filter(*link, place);
    if (!filter) return tl::unexpected(filter.error());
    programs.push_back(*filter ? (*filter)->program_id : 0);
  }
  return programs;
}

Result<void> ClockDevice::attach_filters() {
  const auto device = require_link(name_);
  if (!device) return tl::unexpected(device.error());
  const auto below = require_link(options_.underlay);
  if (!below) return tl::unexpected(below.error());
  auto map = create_late_map();
  if (!map) return tl::unexpected(map.error());
  const auto entry = bpf::load_program(BPF_PROG_TYPE_SCHED_CLS,
                                       assemble_entry_program(options_.firewall_mark, options_.user));
  if (!entry) return tl::unexpected(entry.error());
  const auto exit =
      bpf::load_program(BPF_PROG_TYPE_SCHED_CLS,
                        assemble_underlay_program({options_.firewall_mark, options_.cell_bytes,
                                                   hardware_address_, map->get(), monotonic_offset()}));
  if (!exit) return tl::unexpected(exit.error());
  const auto deaf = bpf::load_program(BPF_PROG_TYPE_SCHED_CLS, assemble_deaf_program());
  if (!deaf) return tl::unexpected(deaf.error());
  late_map_ = std::move(*map);
  if (auto set = set_filter(*device, kDeafPlace, deaf->get()); !set) return set;
  if (auto set = set_filter(*below, underlay_place(options_.number), exit->get()); !set) return set;
  return set_filter(*device, kEntryPlace, entry->get());
}

Result<std::string> ClockDevice::look() const {
  const auto device = find_link(name_);
  if (!device) return tl::unexpected(device.error());
  if (!*device) return fmt::format("there is no interface {}", name_);
  if ((*device)->index != index_) return fmt::format("interface {} is another one", name_);
  if (!(*device)->up) return fmt::format("interface {} is down", name_);
  const auto below = find_link(options_.underlay);
  if (!below) return tl::unexpected(below.error());
  if (!*below) return fmt::format("there is no interface {}", options_.underlay);
  // A network manager's doing: whole trains would not fit any more.
  if ((*device)->mtu < (*below)->mtu) return fmt::format("the MTU of interface {} was changed", name_);
  const auto queue = has_queue(**device);
  if (!queue) return tl::unexpected(queue.error());
  if (!*queue) return fmt::format("interface {} has lost its queue", name_);
  if (std::string elsewhere = why_misplaced(**device, **below); !elsewhere.empty()) return elsewhere;
  const auto filters = programs(**device, **below);
  if (!filters) return tl::unexpected(filters.error());
  const auto places = places_of(**device, **below, options_.number);
  for (size_t i = 0; i < places.size(); ++i) {
    const auto& [link, place] = places[i];
    if ((*filters)[i] == 0)
      return fmt::format("interface {} has lost the filter '{}'", link->name, place.owner);
    if ((*filters)[i] != programs_[i])
      return fmt::format("interface {} has another filter '{}' than ours", link->name, place.owner);
  }
  if (!has_ipv6_route_) return std::string();
  const auto has_route = clock_route_is_whole(options_.route_table, options_.rule_preference, name_);
  if (!has_route) return tl::unexpected(has_route.error());
  return *has_route ? std::string() : fmt::format("interface {} has lost its IPv6 rule or route", name_);
}

std::string why_no_clock_device(const Link& underlay) {
  if (underlay.kind == "macvlan" || underlay.kind == "macvtap") {
    return fmt::format("{} is a {}, and a queue's device would not lie on it but beside it", underlay.name,
                       underlay.kind);
  }
  if (!underlay.ethernet) return fmt::format("{} has no Ethernet frames", underlay.name);
  return "";
}

std::string clock_alias_of_node(std::string_view node_name) {
  return alias_of_node(node_name) + ", clock";
}

Result<void> remove_clock_devices(std::string_view alias) {
  const auto ours = links_with_alias(alias);
  if (!ours) return tl::unexpected(ours.error());
  for (const Link& link : *ours) {
    if (!link.name.starts_with(kClockDevicePrefix) || link.kind != "macvlan") continue;
    if (auto removed = remove_link(link.index); !removed) return removed;
    if (auto removed = remove_clock_route(link.name); !removed) return removed;
  }
  const auto all = list_links();
  if (!all) return tl::unexpected(all.error());
  for (const Link& link : *all) {
    const auto filters = list_filters(link, TrafficHook::egress);
    if (!filters) continue;  // no such qdisc
    for (const TrafficFilter& filter : *filters) {
      if (!filter.belongs_to("cuttle-clock")) continue;
      (void)remove_filter(link, underlay_place(filter.handle - 1));
    }
    (void)remove_unused_clsact(link);
  }
  return {};
}

}  // namespace cuttle
