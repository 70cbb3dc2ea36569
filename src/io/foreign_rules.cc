#include "io/foreign_rules.hh"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <initializer_list>
#include <optional>

#include "io/rule_messages.hh"

namespace cuttle {
namespace {

std::optional<ForeignRule> parse(const RuleAnswer& answer) {
  if (answer.is_ours()) return std::nullopt;
  const fib_rule_hdr& header = answer.header();
  ForeignRule rule;
  rule.preference = answer.number(FRA_PRIORITY);
  rule.is_v6 = header.family == AF_INET6;
  if (answer.leads_to_table()) rule.table = answer.number(FRA_TABLE, header.table);
  rule.firewall_mark = answer.number(FRA_FWMARK);
  rule.mask = answer.number(FRA_FWMASK, answer.has(FRA_FWMARK) ? UINT32_MAX : 0);
  rule.inverted = answer.is_inverted();
  rule.narrowed = header.src_len != 0 || header.dst_len != 0 || header.tos != 0;
  for (const int attribute : {FRA_IIFNAME, FRA_OIFNAME, FRA_TUN_ID, FRA_UID_RANGE, FRA_IP_PROTO,
                              FRA_SPORT_RANGE, FRA_DPORT_RANGE}) {
    rule.narrowed |= answer.has(attribute);
  }
  // Asks for a packet's routing domain (VRF), which ours have none of.
  rule.narrowed |= answer.byte(FRA_L3MDEV) != 0;
  return rule.table == RT_TABLE_LOCAL ? std::nullopt : std::optional(rule);
}

}  // namespace

std::string ForeignRule::to_string() const {
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
  const auto listed = list_all_rules(*socket, [&](const RuleAnswer& answer) {
    if (const auto found = parse(answer)) rules.push_back(*found);
  });
  if (!listed) return tl::unexpected(listed.error());
  return rules;
}

}  // namespace cuttle
