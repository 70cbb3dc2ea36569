#include "io/foreign_rules.hh"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <initializer_list>
#include <optional>

#include "io/netlink.hh"
#include "io/os_error.hh"
#include "io/routes.hh"

namespace cuttle {
namespace {

std::optional<ForeignRule> parse(nlmsghdr* answer) {
  const auto* header = static_cast<const fib_rule_hdr*>(nlmsg_data(answer));
  nlattr* attributes[FRA_MAX + 1] = {};
  if (answer->nlmsg_type != RTM_NEWRULE ||
      nlmsg_parse(answer, sizeof(fib_rule_hdr), attributes, FRA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto number = [&](int attribute, uint32_t otherwise) {
    return attributes[attribute] != nullptr ? nla_get_u32(attributes[attribute]) : otherwise;
  };
  const nlattr* protocol = attributes[FRA_PROTOCOL];
  if (protocol != nullptr && nla_get_u8(protocol) == kRouteProtocol) return std::nullopt;
  ForeignRule rule;
  rule.preference = number(FRA_PRIORITY, 0);
  rule.is_v6 = header->family == AF_INET6;
  if (header->action == FR_ACT_TO_TBL) rule.table = number(FRA_TABLE, header->table);
  rule.firewall_mark = number(FRA_FWMARK, 0);
  rule.mask = number(FRA_FWMASK, attributes[FRA_FWMARK] != nullptr ? UINT32_MAX : 0);
  rule.inverted = (header->flags & FIB_RULE_INVERT) != 0;
  rule.narrowed = header->src_len != 0 || header->dst_len != 0 || header->tos != 0;
  for (const int attribute : {FRA_IIFNAME, FRA_OIFNAME, FRA_TUN_ID, FRA_UID_RANGE, FRA_IP_PROTO,
                              FRA_SPORT_RANGE, FRA_DPORT_RANGE}) {
    rule.narrowed |= attributes[attribute] != nullptr;
  }
  // Asks for a packet's routing domain (VRF), which ours have none of.
  rule.narrowed |= attributes[FRA_L3MDEV] != nullptr && nla_get_u8(attributes[FRA_L3MDEV]) != 0;
  return rule.table == RT_TABLE_LOCAL ? std::nullopt : std::optional(rule);
}

}  // namespace

std::string ForeignRule::text() const {
  std::string text = fmt::format("pref {}", preference);
  if (narrowed) text += " ...";
  if (mask != 0) {
    text += fmt::format("{} fwmark {:#x}", inverted ? " not" : "", firewall_mark);
    if (mask != UINT32_MAX) text += fmt::format("/{:#x}", mask);
  }
  if (table == RT_TABLE_MAIN) return text + " lookup main";
  return table != 0 ? text + fmt::format(" lookup {}", table) : text;
}

Result<std::vector<ForeignRule>> foreign_rules() {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  std::vector<ForeignRule> rules;
  for (const int family : {AF_INET, AF_INET6}) {
    NetlinkMessage message(RTM_GETRULE, NLM_F_DUMP);
    fib_rule_hdr header{};
    header.family = static_cast<uint8_t>(family);
    message.put_header(header);
    const int error = socket->query(message, [&](nlmsghdr* answer) {
      if (const auto found = parse(answer)) rules.push_back(*found);
    });
    const bool unsupported = error == -EAFNOSUPPORT || error == -EOPNOTSUPP;
    if (error != 0 && !unsupported) return os_failure("cannot list the routing rules", -error);
  }
  return rules;
}

}  // namespace cuttle
