#include "io/routes.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "io/interface_index.hh"
#include "io/links.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"

namespace cuttle {
namespace {

std::string describe(uint32_t table, const Route& route) {
  return route.blackhole
             ? fmt::format("route 'blackhole {} table {}'", route.prefix.to_string(), table)
             : fmt::format("route '{} dev {} table {}'", route.prefix.to_string(), route.interface, table);
}

NetlinkMessage build(int type, int flags, uint32_t table, const Route& route) {
  NetlinkMessage message(type, flags);
  rtmsg header{};
  header.rtm_family = family_of(route.prefix.address);
  header.rtm_dst_len = route.prefix.length;
  header.rtm_table = RT_TABLE_UNSPEC;  // wider than its 8 bits: in an attribute
  header.rtm_protocol = kRouteProtocol;
  header.rtm_type = route.blackhole ? RTN_BLACKHOLE : RTN_UNICAST;
  // A blackhole of a narrower scope would hold a socket with SO_DONTROUTE, too; but no route could lead by
  // way of that address any more.
  header.rtm_scope = route.blackhole || route.prefix.address.is_v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  message.put_header(header);
  message.put_u32(RTA_TABLE, table);
  message.put_address(RTA_DST, route.prefix.address);
  message.put_u32(RTA_PRIORITY, route.metric);
  return message;
}

Result<void> set_route(uint32_t table, const Route& route) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message = build(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, table, route);
  if (!route.blackhole) {
    const uint32_t index = interface_index(route.interface);
    if (index == 0) {
      return failure(describe(table, route) + ": there is no interface of that name");
    }
    message.put_u32(RTA_OIF, index);
  }
  if (route.source) message.put_address(RTA_PREFSRC, *route.source);
  const int error = socket->request(message);
  if (error == 0) return {};
  if (route.blackhole && is_unsupported(error)) return {};  // nothing can go there
  std::string advice;
  if (error == -EINVAL && route.source) {
    advice = fmt::format("is {} an address of this machine?", route.source->to_string());
  }
  if (error == -ENETDOWN) advice = "bring the interface up first";
  return os_failure(describe(table, route) + ": cannot set it", -error, advice);
}

// A route of ours in that table, or nothing.
std::optional<Route> parse_route(nlmsghdr* answer, uint32_t table) {
  const auto* header = static_cast<const rtmsg*>(nlmsg_data(answer));
  nlattr* attributes[RTA_MAX + 1] = {};
  if (answer->nlmsg_type != RTM_NEWROUTE || header->rtm_protocol != kRouteProtocol ||
      (header->rtm_flags & RTM_F_CLONED) != 0 ||
      nlmsg_parse(answer, sizeof(rtmsg), attributes, RTA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const uint32_t its_table = attributes[RTA_TABLE] ? nla_get_u32(attributes[RTA_TABLE]) : header->rtm_table;
  if (its_table != table) return std::nullopt;
  Route route;
  route.prefix.length = header->rtm_dst_len;
  route.prefix.address.is_v6 = header->rtm_family == AF_INET6;
  if (attributes[RTA_DST]) route.prefix.address = address_from(attributes[RTA_DST]);
  route.blackhole = header->rtm_type == RTN_BLACKHOLE;
  if (!route.blackhole && attributes[RTA_OIF]) {
    route.interface = interface_name(nla_get_u32(attributes[RTA_OIF]));
  }
  if (attributes[RTA_PREFSRC]) route.source = address_from(attributes[RTA_PREFSRC]);
  if (attributes[RTA_PRIORITY]) route.metric = nla_get_u32(attributes[RTA_PRIORITY]);
  return route;
}

// All of ours for that prefix, whatever their kind, and of that metric where one is given: the kernel takes
// away one that fits at a time.
Result<void> remove(NetlinkSocket& socket, uint32_t table, const IpPrefix& prefix,
                    std::optional<uint32_t> metric = {}) {
  constexpr int kMax = 256;  // more than anybody could have made by accident
  for (int i = 0; i < kMax; ++i) {
    NetlinkMessage message(RTM_DELROUTE, 0);
    rtmsg header{};
    header.rtm_family = family_of(prefix.address);
    header.rtm_dst_len = prefix.length;
    header.rtm_table = RT_TABLE_UNSPEC;
    header.rtm_protocol = kRouteProtocol;
    header.rtm_type = RTN_UNSPEC;
    header.rtm_scope = RT_SCOPE_NOWHERE;
    message.put_header(header);
    message.put_u32(RTA_TABLE, table);
    message.put_address(RTA_DST, prefix.address);
    if (metric) message.put_u32(RTA_PRIORITY, *metric);
    const int error = socket.request(message);
    if (error == -ESRCH || is_unsupported(error)) return {};
    if (error != 0) {
      return os_failure(
          fmt::format("cannot remove the routes to {} from table {}", prefix.to_string(), table), -error);
    }
  }
  return failure(fmt::format("the routes to {} in table {} do not go", prefix.to_string(), table));
}

}  // namespace

Result<void> set_link_route(uint32_t table, const IpPrefix& prefix, std::string_view interface,
                            const std::optional<IpAddress>& source) {
  return set_route(table, {prefix, false, std::string(interface), source, kLinkMetric});
}

Result<void> set_blackhole(uint32_t table, const IpPrefix& prefix) {
  return set_route(table, {prefix, true, {}, std::nullopt, kBlackholeMetric});
}

Result<std::vector<Route>> list_routes(uint32_t table) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  // Ours alone, of that table: a machine may have a million others.
  socket->ask_strictly();
  std::vector<Route> routes;
  for (const uint8_t family : kIpFamilies) {
    NetlinkMessage message(RTM_GETROUTE, NLM_F_DUMP);
    rtmsg header{};
    header.rtm_family = family;
    header.rtm_protocol = kRouteProtocol;
    message.put_header(header);
    message.put_u32(RTA_TABLE, table);
    const int error = socket->query(message, [&](nlmsghdr* answer) {
      if (auto route = parse_route(answer, table)) routes.push_back(std::move(*route));
    });
    // ENOENT: nobody ever put anything into that table.
    if (error != 0 && error != -ENOENT && !is_unsupported(error)) {
      return os_failure("cannot list the routes", -error);
    }
  }
  return routes;
}

Result<void> remove_routes(uint32_t table, const IpPrefix& prefix) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  return remove(*socket, table, prefix);
}

Result<void> remove_link_route(uint32_t table, const IpPrefix& prefix) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  return remove(*socket, table, prefix, kLinkMetric);
}

Result<void> remove_all_routes(uint32_t table) {
  const auto routes = list_routes(table);
  if (!routes) return tl::unexpected(routes.error());
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  for (const Route& route : *routes) {
    if (auto removed = remove(*socket, table, route.prefix); !removed) return removed;
  }
  return {};
}

namespace {

Result<WayOut> find_way(const IpAddress& to, uint32_t firewall_mark, const PortRange* ports) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message(RTM_GETROUTE, 0);
  rtmsg header{};
  header.rtm_family = family_of(to);
  header.rtm_dst_len = static_cast<uint8_t>(to.size() * 8);
  header.rtm_flags = RTM_F_LOOKUP_TABLE;
  message.put_header(header);
  message.put_address(RTA_DST, to);
  message.put_u32(RTA_MARK, firewall_mark);
  if (ports != nullptr) {
    message.put_u8(RTA_IP_PROTO, ports->is_udp ? IPPROTO_UDP : IPPROTO_TCP);
    const uint16_t port = htons(ports->first);
    message.put(RTA_DPORT, &port, sizeof port);
  }
  WayOut way;
  uint8_t type = RTN_UNICAST;
  uint32_t index = 0;
  const int error = socket->query(message, [&](nlmsghdr* answer) {
    nlattr* attributes[RTA_MAX + 1] = {};
    if (answer->nlmsg_type != RTM_NEWROUTE ||
        nlmsg_parse(answer, sizeof(rtmsg), attributes, RTA_MAX, nullptr) < 0) {
      return;
    }
    type = static_cast<const rtmsg*>(nlmsg_data(answer))->rtm_type;
    if (attributes[RTA_OIF]) index = nla_get_u32(attributes[RTA_OIF]);
    if (attributes[RTA_PREFSRC]) way.source = address_from(attributes[RTA_PREFSRC]);
    if (attributes[RTA_TABLE]) way.table = nla_get_u32(attributes[RTA_TABLE]);
  });
  const std::string what = fmt::format("no route to {}", to.to_string());
  // The kernel answers EINVAL for a blackhole.
  if (error != 0) return os_failure(what, -error, "give the machine a route to that address");
  if (type != RTN_UNICAST && type != RTN_LOCAL) {
    return failure(what + ": the route there is none that packets can take");
  }
  way.local = type == RTN_LOCAL;
  const auto link = find_link(index);
  if (!link) return tl::unexpected(link.error());
  if (link->has_value()) {
    way.interface = (*link)->name;
    way.mtu = (*link)->mtu;
  }
  return way;
}

}  // namespace

Result<WayOut> find_way_out(const IpAddress& to, uint32_t firewall_mark) {
  return find_way(to, firewall_mark, nullptr);
}

Result<WayOut> find_way_out(const IpAddress& to, uint32_t firewall_mark, const PortRange& ports) {
  return find_way(to, firewall_mark, &ports);
}

Result<std::string> find_interface_out(const IpAddress& to, uint32_t firewall_mark) {
  auto way = find_way_out(to, firewall_mark);
  if (!way) return tl::unexpected(way.error());
  return way->local ? std::string() : std::move(way->interface);
}

}  // namespace cuttle
