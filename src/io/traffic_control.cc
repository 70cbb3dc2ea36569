#include "io/traffic_control.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "base/check.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"
#include "io/qdisc.hh"

namespace cuttle {
namespace {

constexpr const char* kKind = "bpf";
constexpr const char* kQdisc = "clsact";
constexpr uint32_t kQdiscHandle = TC_H_MAKE(TC_H_CLSACT, 0);

tcmsg header_of(const Link& device) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = static_cast<int>(device.index);
  return header;
}

tcmsg header_of(const Link& device, TrafficHook hook) {
  tcmsg header = header_of(device);
  header.tcm_parent =
      TC_H_MAKE(TC_H_CLSACT, hook == TrafficHook::egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
  return header;
}

// A filter's preference and the protocol that it looks at share a word.
tcmsg header_of(const Link& device, const FilterPlace& place) {
  CUTTLE_CHECK(place.preference != 0 && place.handle != 0, "a filter has its place");
  tcmsg header = header_of(device, place.hook);
  header.tcm_handle = place.handle;
  header.tcm_info = TC_H_MAKE(static_cast<uint32_t>(place.preference) << 16, htons(ETH_P_ALL));
  return header;
}

std::string describe(const Link& device, std::string_view what) {
  return fmt::format("interface {}: {}", device.name, what);
}

// The kind of the qdisc where clsact would be: "clsact", "ingress" or nothing.
int find_kind(NetlinkSocket& socket, const Link& device, std::string& kind) {
  std::optional<Qdisc> found;
  const int error = find_qdisc(socket, device, TC_H_CLSACT, found);
  kind = found ? found->kind : std::string();
  return error;
}

std::optional<TrafficFilter> parse(nlmsghdr* answer) {
  const auto* header = static_cast<const tcmsg*>(nlmsg_data(answer));
  nlattr* attributes[TCA_MAX + 1] = {};
  if (answer->nlmsg_type != RTM_NEWTFILTER ||
      nlmsg_parse(answer, sizeof(tcmsg), attributes, TCA_MAX, nullptr) < 0 || !attributes[TCA_KIND]) {
    return std::nullopt;
  }
  TrafficFilter filter;
  filter.kind = nla_get_string(attributes[TCA_KIND]);
  filter.preference = static_cast<uint16_t>(TC_H_MAJ(header->tcm_info) >> 16);
  filter.handle = header->tcm_handle;
  if (filter.kind == kKind && filter.handle == 0) return std::nullopt;  // the preference itself, no filter
  nlattr* options[TCA_BPF_MAX + 1] = {};
  if (filter.kind != kKind || !attributes[TCA_OPTIONS] ||
      nla_parse_nested(options, TCA_BPF_MAX, attributes[TCA_OPTIONS], nullptr) < 0) {
    return filter;
  }
  if (options[TCA_BPF_NAME]) filter.name = nla_get_string(options[TCA_BPF_NAME]);
  if (options[TCA_BPF_ID]) filter.program_id = nla_get_u32(options[TCA_BPF_ID]);
  if (const size_t blank = filter.name.find(' '); blank != std::string::npos) {
    filter.version = filter.name.substr(blank + 1);
  }
  return filter;
}

int list(NetlinkSocket& socket, const Link& device, TrafficHook hook, std::vector<TrafficFilter>& filters) {
  NetlinkMessage message(RTM_GETTFILTER, NLM_F_DUMP);
  message.put_header(header_of(device, hook));
  const int error = socket.query(message, [&](nlmsghdr* answer) {
    if (auto filter = parse(answer)) filters.push_back(std::move(*filter));
  });
  return error == -ENODEV ? 0 : error;
}

// What is in the place, whosever: handles belong to one preference. Only "bpf" filters have handles of their
// own for each; with any other kind the whole preference is taken.
const TrafficFilter* at_place(const std::vector<TrafficFilter>& filters, const FilterPlace& place) {
  const auto found = std::find_if(filters.begin(), filters.end(), [&](const TrafficFilter& filter) {
    return filter.preference == place.preference && (filter.kind != kKind || filter.handle == place.handle);
  });
  return found == filters.end() ? nullptr : &*found;
}

Result<void> add_clsact(NetlinkSocket& socket, const Link& device) {
  std::string kind;
  if (const int error = find_kind(socket, device, kind); error != 0) {
    return os_failure(describe(device, "cannot look up its qdisc"), -error);
  }
  if (kind == kQdisc) return {};
  if (!kind.empty()) {
    return failure(
        describe(device, fmt::format("a qdisc '{0}' of somebody's is where clsact would be; `tc qdisc del "
                                     "dev {1} {0}` removes it, with its filters",
                                     kind, device.name)));
  }
  tcmsg header = header_of(device);
  header.tcm_parent = TC_H_CLSACT;
  header.tcm_handle = kQdiscHandle;
  NetlinkMessage message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
  message.put_header(header);
  message.put_text(TCA_KIND, kQdisc);
  if (const int error = socket.request(message); error != 0 && error != -EEXIST) {
    return os_failure(describe(device, "cannot add a clsact qdisc"), -error,
                      error == -ENOENT ? "the kernel must have CONFIG_NET_SCH_INGRESS" : "");
  }
  return {};
}

}  // namespace

bool TrafficFilter::belongs_to(std::string_view owner) const {
  return kind == kKind && name.substr(0, name.find(' ')) == owner;
}

Result<void> ensure_clsact(const Link& device) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  return add_clsact(*socket, device);
}

Result<void> remove_unused_clsact(const Link& device) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  std::string kind;
  if (const int error = find_kind(*socket, device, kind); error != 0) {
    return os_failure(describe(device, "cannot look up its qdisc"), -error);
  }
  if (kind != kQdisc) return {};
  std::vector<TrafficFilter> filters;
  for (const TrafficHook hook : {TrafficHook::ingress, TrafficHook::egress}) {
    if (const int error = list(*socket, device, hook, filters); error != 0) {
      return os_failure(describe(device, "cannot list its filters"), -error);
    }
  }
  if (!filters.empty()) return {};
  tcmsg header = header_of(device);
  header.tcm_parent = TC_H_CLSACT;
  header.tcm_handle = kQdiscHandle;
  NetlinkMessage message(RTM_DELQDISC, 0);
  message.put_header(header);
  const int error = socket->request(message);
  if (error != 0 && error != -ENODEV && error != -ENOENT && error != -EINVAL) {
    return os_failure(describe(device, "cannot remove its clsact qdisc"), -error);
  }
  return {};
}

Result<void> set_filter(const Link& device, const FilterPlace& place, int program, std::string_view version) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  if (auto added = add_clsact(*socket, device); !added) return added;
  std::vector<TrafficFilter> filters;
  if (const int error = list(*socket, device, place.hook, filters); error != 0) {
    return os_failure(describe(device, "cannot list its filters"), -error);
  }
  const TrafficFilter* there = at_place(filters, place);
  if (there != nullptr && !there->belongs_to(place.owner)) {
    return failure(describe(
        device, fmt::format("the place of {} (preference {}) is taken by a filter '{}' of somebody's",
                            place.owner, place.preference, there->name.empty() ? there->kind : there->name)));
  }
  // Without NLM_F_EXCL one with the same handle is replaced, in one step.
  NetlinkMessage message(RTM_NEWTFILTER, NLM_F_CREATE);
  message.put_header(header_of(device, place));
  message.put_text(TCA_KIND, kKind);
  nlattr* options = message.begin_nest(TCA_OPTIONS);
  message.put_u32(TCA_BPF_FD, static_cast<uint32_t>(program));
  message.put_text(TCA_BPF_NAME,
                   version.empty() ? std::string(place.owner) : fmt::format("{} {}", place.owner, version));
  message.put_u32(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
  message.end_nest(options);
  if (const int error = socket->request(message); error != 0) {
    return os_failure(describe(device, fmt::format("cannot set the filter {}", place.owner)), -error,
                      error == -ENOENT ? "the kernel must have CONFIG_NET_CLS_BPF" : "");
  }
  return {};
}

Result<std::optional<TrafficFilter>> find_filter(const Link& device, const FilterPlace& place) {
  auto filters = list_filters(device, place.hook);
  if (!filters) return tl::unexpected(filters.error());
  const TrafficFilter* there = at_place(*filters, place);
  if (there == nullptr || !there->belongs_to(place.owner)) return std::optional<TrafficFilter>();
  return std::optional<TrafficFilter>(*there);
}

Result<void> remove_filter(const Link& device, const FilterPlace& place) {
  const auto there = find_filter(device, place);
  if (!there) return tl::unexpected(there.error());
  if (!*there) return {};
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message(RTM_DELTFILTER, 0);
  message.put_header(header_of(device, place));
  message.put_text(TCA_KIND, kKind);
  const int error = socket->request(message);
  if (error != 0 && error != -ENODEV && error != -ENOENT) {
    return os_failure(describe(device, fmt::format("cannot remove the filter {}", place.owner)), -error);
  }
  return {};
}

Result<std::vector<TrafficFilter>> list_filters(const Link& device, TrafficHook hook) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  std::vector<TrafficFilter> filters;
  if (const int error = list(*socket, device, hook, filters); error != 0) {
    return os_failure(describe(device, "cannot list its filters"), -error);
  }
  return filters;
}

}  // namespace cuttle
