#include "io/clock_route.hh"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "io/interface_index.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"
#include "io/routes.hh"

namespace cuttle {

namespace {

bool no_ipv6(int error) {
  return error == -EAFNOSUPPORT || error == -EOPNOTSUPP;
}

NetlinkMessage rule_message(int type, int flags, std::string_view device, uint32_t preference) {
  NetlinkMessage message(type, flags);
  fib_rule_hdr header{};
  header.family = AF_INET6;
  header.action = FR_ACT_TO_TBL;
  header.table = RT_TABLE_UNSPEC;
  message.put_header(header);
  if (preference != 0) message.put_u32(FRA_PRIORITY, preference);  // none: whatever it is
  message.put_text(FRA_OIFNAME, device);
  message.put_u8(FRA_PROTOCOL, kRouteProtocol);
  return message;
}

}  // namespace

Result<bool> set_clock_route(uint32_t table, uint32_t preference, std::string_view device) {
  if (auto removed = remove_clock_route(device); !removed) return tl::unexpected(removed.error());
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage rule = rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, device, preference);
  rule.put_u32(FRA_TABLE, table);
  int error = socket->request(rule);
  if (no_ipv6(error)) return false;
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
  if (error != 0 && !no_ipv6(error)) {
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
  NetlinkMessage message(RTM_GETRULE, NLM_F_DUMP);
  fib_rule_hdr header{};
  header.family = AF_INET6;
  message.put_header(header);
  const int error = socket->query(message, [&](nlmsghdr* answer) {
    nlattr* attributes[FRA_MAX + 1] = {};
    if (answer->nlmsg_type != RTM_NEWRULE ||
        nlmsg_parse(answer, sizeof(fib_rule_hdr), attributes, FRA_MAX, nullptr) < 0 ||
        !attributes[FRA_PRIORITY] || !attributes[FRA_OIFNAME] || !attributes[FRA_TABLE]) {
      return;
    }
    has_rule |= nla_get_u32(attributes[FRA_PRIORITY]) == preference &&
                nla_get_string(attributes[FRA_OIFNAME]) == device &&
                nla_get_u32(attributes[FRA_TABLE]) == table;
  });
  if (error != 0 && !no_ipv6(error)) return os_failure("cannot list the IPv6 rules", -error);
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
    NetlinkMessage rule = rule_message(RTM_DELRULE, 0, device, 0);
    const int error = socket->request(rule);
    if (error == -ENOENT || error == -ESRCH || no_ipv6(error)) return {};
    if (error != 0) return os_failure(fmt::format("cannot remove the IPv6 rule for {}", device), -error);
  }
  return {};
}

}  // namespace cuttle
