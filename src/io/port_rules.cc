#include "io/port_rules.hh"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>

#include "io/os_error.hh"
#include "io/rule_messages.hh"

namespace cuttle {
namespace {

std::string describe(uint32_t table, const PortRule& rule) {
  return fmt::format("routing rule 'pref {} to {} {} {} lookup {}'", rule.priority, rule.to.to_string(),
                     rule.of_source ? "source" : "destination", rule.ports.to_string(), table);
}

NetlinkMessage build(int type, int flags, uint32_t table, const PortRule& rule) {
  NetlinkMessage message =
      rule_message(type, flags, {.family = family_of(rule.to.address), .destination_bits = rule.to.length});
  message.put_u32(FRA_PRIORITY, rule.priority);
  message.put_u32(FRA_TABLE, table);
  if (rule.to.length > 0) message.put_address(FRA_DST, rule.to.address);
  message.put_u8(FRA_IP_PROTO, rule.ports.is_udp ? IPPROTO_UDP : IPPROTO_TCP);
  const fib_rule_port_range range{rule.ports.first, rule.ports.last};
  message.put(rule.of_source ? FRA_SPORT_RANGE : FRA_DPORT_RANGE, &range, sizeof range);
  return message;
}

struct FoundRule {
  uint32_t table = 0;
  PortRule rule;
};

// One that `build` could have made, or nothing.
std::optional<FoundRule> parse(const RuleAnswer& answer) {
  const bool of_source = answer.has(FRA_SPORT_RANGE);
  if (!answer.leads_to_table() || answer.is_inverted() || answer.header().src_len != 0 || !answer.is_ours() ||
      of_source == answer.has(FRA_DPORT_RANGE)) {
    return std::nullopt;
  }
  PortRule rule;
  rule.priority = answer.number(FRA_PRIORITY);
  rule.to.address.is_v6 = answer.header().family == AF_INET6;
  rule.to.length = answer.header().dst_len;
  if (answer.has(FRA_DST)) rule.to.address = address_from(answer.attribute(FRA_DST));
  rule.ports.is_udp = answer.byte(FRA_IP_PROTO) == IPPROTO_UDP;
  rule.of_source = of_source;
  const auto* range = static_cast<const fib_rule_port_range*>(
      nla_data(answer.attribute(of_source ? FRA_SPORT_RANGE : FRA_DPORT_RANGE)));
  rule.ports.first = range->start;
  rule.ports.last = range->end;
  return FoundRule{answer.number(FRA_TABLE), rule};
}

Result<std::vector<FoundRule>> list_all(NetlinkSocket& socket) {
  std::vector<FoundRule> rules;
  const auto listed = list_all_rules(socket, [&](const RuleAnswer& answer) {
    if (const auto found = parse(answer)) rules.push_back(*found);
  });
  if (!listed) return tl::unexpected(listed.error());
  return rules;
}

Result<std::vector<PortRule>> list(NetlinkSocket& socket, uint32_t table) {
  const auto all = list_all(socket);
  if (!all) return tl::unexpected(all.error());
  std::vector<PortRule> rules;
  for (const FoundRule& found : *all) {
    if (found.table == table) rules.push_back(found.rule);
  }
  std::sort(rules.begin(), rules.end());
  return rules;
}

}  // namespace

std::vector<PortRule> port_rules(const std::vector<IpPrefix>& prefixes, const std::vector<PortRange>& ports,
                                 uint32_t priority) {
  std::vector<PortRule> rules;
  for (const IpPrefix& prefix : prefixes) {
    for (const PortRange& range : ports) {
      for (const bool of_source : {false, true}) rules.push_back({priority, prefix, range, of_source});
    }
  }
  return rules;
}

Result<void> set_port_rules(uint32_t table, std::vector<PortRule> rules) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  const auto present = list(*socket, table);
  if (!present) return tl::unexpected(present.error());
  std::sort(rules.begin(), rules.end());
  std::vector<PortRule> missing;
  std::vector<PortRule> surplus;
  std::set_difference(rules.begin(), rules.end(), present->begin(), present->end(),
                      std::back_inserter(missing));
  std::set_difference(present->begin(), present->end(), rules.begin(), rules.end(),
                      std::back_inserter(surplus));
  for (const PortRule& rule : missing) {
    NetlinkMessage message = build(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, table, rule);
    if (const int error = socket->request(message); error != 0 && error != -EEXIST) {
      return os_failure(describe(table, rule) + ": cannot add it", -error);
    }
  }
  for (const PortRule& rule : surplus) {
    NetlinkMessage message = build(RTM_DELRULE, 0, table, rule);
    const int error = socket->request(message);
    if (error != 0 && error != -ENOENT && error != -ESRCH) {
      return os_failure(describe(table, rule) + ": cannot remove it", -error);
    }
  }
  return {};
}

Result<std::vector<PortRule>> list_port_rules(uint32_t table) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  return list(*socket, table);
}

Result<std::vector<uint32_t>> port_rule_tables() {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  const auto all = list_all(*socket);
  if (!all) return tl::unexpected(all.error());
  std::vector<uint32_t> tables;
  for (const FoundRule& found : *all) {
    if (std::find(tables.begin(), tables.end(), found.table) == tables.end()) tables.push_back(found.table);
  }
  return tables;
}

}  // namespace cuttle
