#include "io/rules.hh"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "io/netlink.hh"
#include "io/os_error.hh"
#include "io/routes.hh"

namespace cuttle {
namespace {

constexpr uint8_t kFamilies[] = {AF_INET, AF_INET6};
constexpr uint32_t kWholeMark = UINT32_MAX;

std::string describe(const RedirectRule& rule, uint8_t family) {
  return fmt::format("IPv{} routing rule 'pref {} not fwmark {:#x} lookup {}'", family == AF_INET6 ? 6 : 4,
                     rule.priority, rule.firewall_mark, rule.table);
}

// libnl-route knows neither the flag for "not" nor a way past that, hence the message by hand.
NetlinkMessage build(int type, int flags, const RedirectRule& rule, uint8_t family) {
  NetlinkMessage message(type, flags);
  fib_rule_hdr header{};
  header.family = family;
  header.action = FR_ACT_TO_TBL;
  header.table = RT_TABLE_UNSPEC;  // wider than its 8 bits: in an attribute
  header.flags = FIB_RULE_INVERT;
  message.put_header(header);
  message.put_u32(FRA_PRIORITY, rule.priority);
  message.put_u32(FRA_FWMARK, rule.firewall_mark);
  message.put_u32(FRA_FWMASK, kWholeMark);
  message.put_u32(FRA_TABLE, rule.table);
  message.put_u8(FRA_PROTOCOL, kRouteProtocol);
  return message;
}

uint32_t number(const nlattr* attribute) {
  return attribute != nullptr ? nla_get_u32(attribute) : 0;
}

struct FoundRule {
  RedirectRule rule;
  bool ours = false;
};

// One that `build` could have made, whoever made it, or nothing.
std::optional<FoundRule> parse(nlmsghdr* answer) {
  const auto* header = static_cast<const fib_rule_hdr*>(nlmsg_data(answer));
  nlattr* attributes[FRA_MAX + 1] = {};
  if (answer->nlmsg_type != RTM_NEWRULE ||
      nlmsg_parse(answer, sizeof(fib_rule_hdr), attributes, FRA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const bool narrower = header->src_len != 0 || header->dst_len != 0 || attributes[FRA_IIFNAME] != nullptr ||
                        attributes[FRA_OIFNAME] != nullptr;
  if (header->action != FR_ACT_TO_TBL || (header->flags & FIB_RULE_INVERT) == 0 || narrower ||
      number(attributes[FRA_FWMASK]) != kWholeMark) {
    return std::nullopt;
  }
  const nlattr* protocol = attributes[FRA_PROTOCOL];
  return FoundRule{
      {number(attributes[FRA_PRIORITY]), number(attributes[FRA_FWMARK]), number(attributes[FRA_TABLE])},
      protocol != nullptr && nla_get_u8(protocol) == kRouteProtocol};
}

// None, too, when the machine lacks that IP version: *supported says so.
Result<std::vector<FoundRule>> list(NetlinkSocket& socket, uint8_t family, bool* supported) {
  NetlinkMessage message(RTM_GETRULE, NLM_F_DUMP);
  fib_rule_hdr header{};
  header.family = family;
  message.put_header(header);
  std::vector<FoundRule> rules;
  const int error = socket.query(message, [&](nlmsghdr* answer) {
    if (const auto found = parse(answer)) rules.push_back(*found);
  });
  *supported = error != -EAFNOSUPPORT && error != -EOPNOTSUPP;
  if (error != 0 && *supported) return os_failure("cannot list the routing rules", -error);
  return rules;
}

Result<bool> is_present(NetlinkSocket& socket, const RedirectRule& rule, uint8_t family, bool* supported) {
  const auto rules = list(socket, family, supported);
  if (!rules) return tl::unexpected(rules.error());
  return std::any_of(rules->begin(), rules->end(),
                     [&](const FoundRule& found) { return found.rule == rule; });
}

}  // namespace

Result<void> add_rule(const RedirectRule& rule) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  for (const uint8_t family : kFamilies) {
    bool supported = false;
    const auto present = is_present(*socket, rule, family, &supported);
    if (!present) return tl::unexpected(present.error());
    if (*present || !supported) continue;
    NetlinkMessage message = build(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, family);
    if (const int error = socket->request(message); error != 0 && error != -EEXIST) {
      return os_failure(describe(rule, family) + ": cannot add it", -error);
    }
  }
  return {};
}

Result<void> remove_rule(const RedirectRule& rule) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  for (const uint8_t family : kFamilies) {
    for (;;) {
      bool supported = false;
      const auto present = is_present(*socket, rule, family, &supported);
      if (!present) return tl::unexpected(present.error());
      if (!*present) break;
      NetlinkMessage message = build(RTM_DELRULE, 0, rule, family);
      const int error = socket->request(message);
      if (error == -ENOENT || error == -ESRCH) break;
      if (error != 0) return os_failure(describe(rule, family) + ": cannot remove it", -error);
    }
  }
  return {};
}

Result<bool> rule_is_present(const RedirectRule& rule) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  bool everywhere = true;
  for (const uint8_t family : kFamilies) {
    bool supported = false;
    const auto present = is_present(*socket, rule, family, &supported);
    if (!present) return present;
    everywhere &= *present || !supported;
  }
  return everywhere;
}

Result<std::vector<RedirectRule>> list_rules() {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  std::vector<RedirectRule> ours;
  for (const uint8_t family : kFamilies) {
    bool supported = false;
    const auto rules = list(*socket, family, &supported);
    if (!rules) return tl::unexpected(rules.error());
    for (const FoundRule& found : *rules) {
      if (found.ours && std::find(ours.begin(), ours.end(), found.rule) == ours.end()) {
        ours.push_back(found.rule);
      }
    }
  }
  return ours;
}

}  // namespace cuttle
