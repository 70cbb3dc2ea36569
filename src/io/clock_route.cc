#include "io/clock_route.hh"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "io/interface_index.hh"
#include "io/os_error.hh"
#include "io/routes.hh"
#include "io/rule_messages.hh"

namespace cuttle {

namespace {

NetlinkMessage device_rule(int type, int flags, std::string_view device) {
  NetlinkMessage message = rule_message(type, flags, {.family = AF_INET6});
  message.put_text(FRA_OIFNAME, device);
  return message;
}

}  // namespace

Result<bool> set_clock_route(uint32_t table, uint32_t preference, std::string_view device) {
  if (auto removed = remove_clock_route(device); !removed) return tl::unexpected(removed.error());
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage rule = device_rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, device);
  rule.put_u32(FRA_PRIORITY, preference);
  rule.put_u32(FRA_TABLE, table);
  int error = socket->request(rule);
  if (is_unsupported(error)) return false;
  if (error != 0) return os_failure(fmt::format("cannot add the IPv6 rule for {}", device), -error);

  NetlinkMessage route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  rtmsg header{};
  header.rtm_family = AF_INET6;
  header.rtm_table = RT_TABLE_UNSPEC;
  header.rtm_protocol = kRouteProtocol;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  route.put_header(header);
  route.put_u32(RTA_TABLE, table);
  route.put_u32(RTA_OIF, interface_index(std::string(device)));
  error = socket->request(route);
  if (error != 0 && !is_unsupported(error)) {
    // With IPv6 off on this device there is nothing to send by it.
    if (error == -EACCES || error == -EPERM || error == -EINVAL || error == -ENODEV) return false;
    return os_failure(fmt::format("cannot add the IPv6 route through {}", device), -error);
  }
  return error == 0;
}

Result<bool> clock_route_is_whole(uint32_t table, uint32_t preference, std::string_view device) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  bool has_rule = false;
  const auto listed = list_rules_of(*socket, AF_INET6, [&](const RuleAnswer& rule) {
    has_rule |= rule.number(FRA_PRIORITY) == preference && rule.text(FRA_OIFNAME) == device &&
                rule.number(FRA_TABLE) == table;
  });
  if (!listed) return listed;
  if (!has_rule) return false;
  const auto routes = list_routes(table);
  if (!routes) return tl::unexpected(routes.error());
  return std::ranges::any_of(*routes, [&](const Route& route) {
    return route.prefix.address.is_v6 && route.prefix.length == 0 && route.interface == device;
  });
}

Result<void> remove_clock_route(std::string_view device) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  for (int rounds = 0; rounds < 16; ++rounds) {
    NetlinkMessage rule = device_rule(RTM_DELRULE, 0, device);  // whatever its preference and table
    const int error = socket->request(rule);
    if (error == -ENOENT || error == -ESRCH || is_unsupported(error)) return {};
    if (error != 0) return os_failure(fmt::format("cannot remove the IPv6 rule for {}", device), -error);
  }
  return {};
}

}  // namespace cuttle
