#include "io/rule_messages.hh"

#include <linux/rtnetlink.h>

#include "io/os_error.hh"
#include "io/routes.hh"

namespace cuttle {

NetlinkMessage rule_message(int type, int flags, const RuleHeader& rule) {
  NetlinkMessage message(type, flags);
  fib_rule_hdr header{};
  header.family = rule.family;
  header.dst_len = rule.destination_bits;
  header.flags = rule.flags;
  header.action = FR_ACT_TO_TBL;
  header.table = RT_TABLE_UNSPEC;
  message.put_header(header);
  message.put_u8(FRA_PROTOCOL, kRouteProtocol);
  return message;
}

bool RuleAnswer::read(nlmsghdr* message) {
  header_ = static_cast<const fib_rule_hdr*>(nlmsg_data(message));
  return message->nlmsg_type == RTM_NEWRULE &&
         nlmsg_parse(message, sizeof(fib_rule_hdr), attributes_.data(), FRA_MAX, nullptr) >= 0;
}

bool RuleAnswer::is_ours() const {
  return byte(FRA_PROTOCOL) == kRouteProtocol;
}

uint32_t RuleAnswer::number(int attribute, uint32_t otherwise) const {
  return has(attribute) ? nla_get_u32(this->attribute(attribute)) : otherwise;
}

uint8_t RuleAnswer::byte(int attribute) const {
  return has(attribute) ? nla_get_u8(this->attribute(attribute)) : uint8_t{0};
}

std::string_view RuleAnswer::text(int attribute) const {
  return has(attribute) ? nla_get_string(this->attribute(attribute)) : std::string_view();
}

Result<bool> list_rules_of(NetlinkSocket& socket, uint8_t family,
                           const std::function<void(const RuleAnswer&)>& each) {
  NetlinkMessage message(RTM_GETRULE, NLM_F_DUMP);
  fib_rule_hdr header{};
  header.family = family;
  message.put_header(header);
  const int error = socket.query(message, [&](nlmsghdr* answer) {
    RuleAnswer rule;
    if (rule.read(answer)) each(rule);
  });
  if (is_unsupported(error)) return false;
  if (error != 0) return os_failure("cannot list the routing rules", -error);
  return true;
}

Result<void> list_all_rules(NetlinkSocket& socket, const std::function<void(const RuleAnswer&)>& each) {
  for (const uint8_t family : kIpFamilies) {
    if (const auto listed = list_rules_of(socket, family, each); !listed) {
      return tl::unexpected(listed.error());
    }
  }
  return {};
}

}  // namespace cuttle
