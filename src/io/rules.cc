#include "io/rules.hh"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "io/os_error.hh"
#include "io/rule_messages.hh"

namespace cuttle {
namespace {

constexpr uint32_t kWholeMark = UINT32_MAX;

std::string describe(const RedirectRule& rule, uint8_t family) {
  return fmt::format("IPv{} routing rule 'pref {} not fwmark {:#x} lookup {}'", family == AF_INET6 ? 6 : 4,
                     rule.priority, rule.firewall_mark, rule.table);
}

NetlinkMessage build(int type, int flags, const RedirectRule& rule, uint8_t family) {
  NetlinkMessage message = rule_message(type, flags, {.family = family, .flags = FIB_RULE_INVERT});
  message.put_u32(FRA_PRIORITY, rule.priority);
  message.put_u32(FRA_FWMARK, rule.firewall_mark);
  message.put_u32(FRA_FWMASK, kWholeMark);
  message.put_u32(FRA_TABLE, rule.table);
  return message;
}

struct FoundRule {
  RedirectRule rule;
  bool ours = false;
};

// One that `build` could have made, whoever made it, or nothing.
std::optional<FoundRule> parse(const RuleAnswer& answer) {
  const bool narrower = answer.header().src_len != 0 || answer.header().dst_len != 0 ||
                        answer.has(FRA_IIFNAME) || answer.has(FRA_OIFNAME);
  if (!answer.leads_to_table() || !answer.is_inverted() || narrower ||
      answer.number(FRA_FWMASK) != kWholeMark) {
    return std::nullopt;
  }
  return FoundRule{{answer.number(FRA_PRIORITY), answer.number(FRA_FWMARK), answer.number(FRA_TABLE)},
                   answer.is_ours()};
}

// None, too, when the machine lacks that IP version: *supported says so.
Result<std::vector<FoundRule>> list(NetlinkSocket& socket, uint8_t family, bool* supported) {
  std::vector<FoundRule> rules;
  const auto listed = list_rules_of(socket, family, [&](const RuleAnswer& answer) {
    if (const auto found = parse(answer)) rules.push_back(*found);
  });
  if (!listed) return tl::unexpected(listed.error());
  *supported = *listed;
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
  for (const uint8_t family : kIpFamilies) {
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
  for (const uint8_t family : kIpFamilies) {
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
  for (const uint8_t family : kIpFamilies) {
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
  for (const uint8_t family : kIpFamilies) {
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
