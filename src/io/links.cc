#include "io/links.hh"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "io/interface_name.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"

namespace cuttle {
namespace {

Link parse_link(nlmsghdr* message) {
  const auto* header = static_cast<const ifinfomsg*>(nlmsg_data(message));
  Link link;
  link.index = static_cast<uint32_t>(header->ifi_index);
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.loopback = header->ifi_type == ARPHRD_LOOPBACK;
  link.ethernet = header->ifi_type == ARPHRD_ETHER;
  nlattr* attributes[IFLA_MAX + 1] = {};
  if (nlmsg_parse(message, sizeof(ifinfomsg), attributes, IFLA_MAX, nullptr) < 0) return link;
  if (attributes[IFLA_IFNAME]) link.name = nla_get_string(attributes[IFLA_IFNAME]);
  if (attributes[IFLA_IFALIAS]) link.alias = nla_get_string(attributes[IFLA_IFALIAS]);
  if (attributes[IFLA_MASTER]) link.master = nla_get_u32(attributes[IFLA_MASTER]);
  if (attributes[IFLA_LINK]) link.below = nla_get_u32(attributes[IFLA_LINK]);
  link.below_elsewhere = attributes[IFLA_LINK_NETNSID] != nullptr;
  if (attributes[IFLA_MTU]) link.mtu = nla_get_u32(attributes[IFLA_MTU]);
  if (attributes[IFLA_TXQLEN]) link.queue_packets = nla_get_u32(attributes[IFLA_TXQLEN]);
  // Not the flag IFF_RUNNING, which lags behind by up to a second.
  if (attributes[IFLA_CARRIER]) link.carrier = nla_get_u8(attributes[IFLA_CARRIER]) != 0;
  link.running = link.up && link.carrier;
  nlattr* info[IFLA_INFO_MAX + 1] = {};
  if (attributes[IFLA_LINKINFO] &&
      nla_parse_nested(info, IFLA_INFO_MAX, attributes[IFLA_LINKINFO], nullptr) == 0 &&
      info[IFLA_INFO_KIND]) {
    link.kind = nla_get_string(info[IFLA_INFO_KIND]);
  }
  nlattr* tun[IFLA_TUN_MAX + 1] = {};
  if (link.kind != "tun" || !info[IFLA_INFO_DATA] ||
      nla_parse_nested(tun, IFLA_TUN_MAX, info[IFLA_INFO_DATA], nullptr) != 0) {
    return link;
  }
  if (tun[IFLA_TUN_MULTI_QUEUE]) link.several_queues = nla_get_u8(tun[IFLA_TUN_MULTI_QUEUE]) != 0;
  if (tun[IFLA_TUN_NUM_QUEUES]) link.queues = nla_get_u32(tun[IFLA_TUN_NUM_QUEUES]);
  if (tun[IFLA_TUN_NUM_DISABLED_QUEUES]) link.queues += nla_get_u32(tun[IFLA_TUN_NUM_DISABLED_QUEUES]);
  if (tun[IFLA_TUN_OWNER]) link.owner_user = nla_get_u32(tun[IFLA_TUN_OWNER]);
  return link;
}

// IPv6's address generation mode sits two nests deep, in the address family's own part.
void put_quiet_ipv6(NetlinkMessage& message) {
  nlattr* families = message.begin_nest(IFLA_AF_SPEC);
  nlattr* family = message.begin_nest(AF_INET6);
  message.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  message.end_nest(family);
  message.end_nest(families);
}

bool ipv6_is_there() {
  return std::ifstream("/proc/sys/net/ipv6/conf/all/forwarding").good();
}

NetlinkMessage about_link(int type, uint32_t index) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(index);
  NetlinkMessage message(type, 0);
  message.put_header(header);
  return message;
}

Result<Link> existing_link(std::string_view name) {
  auto link = find_link(name);
  if (!link) return tl::unexpected(link.error());
  if (!link->has_value()) return failure(fmt::format("interface {}: there is none of that name", name));
  return std::move(**link);
}

int apply(NetlinkSocket& socket, const Link& link, const LinkSettings& settings, bool only_quiet_ipv6) {
  if (only_quiet_ipv6) {
    NetlinkMessage message = about_link(RTM_SETLINK, link.index);
    put_quiet_ipv6(message);
    return socket.request(message);
  }
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(link.index);
  if (settings.up) {
    header.ifi_change = IFF_UP;
    header.ifi_flags = *settings.up ? IFF_UP : 0;
  }
  NetlinkMessage message(RTM_SETLINK, 0);
  message.put_header(header);
  if (settings.mtu) message.put_u32(IFLA_MTU, *settings.mtu);
  if (settings.queue_packets) message.put_u32(IFLA_TXQLEN, *settings.queue_packets);
  if (settings.alias) message.put_text(IFLA_IFALIAS, *settings.alias);
  if (settings.largest_gso_bytes) message.put_u32(IFLA_GSO_MAX_SIZE, *settings.largest_gso_bytes);
  return socket.request(message);
}

std::string ipv6_switch(std::string_view interface) {
  return fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", interface);
}

bool is_switched_off(std::string_view interface) {
  std::ifstream file(ipv6_switch(interface));
  int value = 0;
  return file >> value && value != 0;
}

Result<int> read_filter(std::string_view name) {
  const std::string path = fmt::format("/proc/sys/net/ipv4/conf/{}/rp_filter", name);
  std::ifstream file(path);
  int value = 0;
  if (!(file >> value)) return failure("cannot read " + path + "; does the interface exist?");
  return value;
}

}  // namespace

Result<std::vector<Link>> list_links() {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message(RTM_GETLINK, NLM_F_DUMP);
  message.put_header(ifinfomsg{});
  std::vector<Link> links;
  const int error = socket->query(message, [&](nlmsghdr* answer) {
    if (answer->nlmsg_type == RTM_NEWLINK) links.push_back(parse_link(answer));
  });
  if (error != 0) return os_failure("cannot list the network interfaces", -error);
  return links;
}

Result<std::vector<Link>> links_with_alias(std::string_view alias) {
  auto links = list_links();
  if (links) std::erase_if(*links, [&](const Link& link) { return link.alias != alias; });
  return links;
}

Result<std::optional<Link>> find_link(std::string_view name) {
  if (name.empty() || name.size() >= IFNAMSIZ) return std::optional<Link>();
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  // By its name: a list of all would cost as much as there are interfaces, for each that is looked up.
  NetlinkMessage message(RTM_GETLINK, 0);
  message.put_header(ifinfomsg{});
  message.put_text(IFLA_IFNAME, name);
  std::optional<Link> found;
  const int error = socket->query(message, [&](nlmsghdr* answer) {
    if (answer->nlmsg_type == RTM_NEWLINK) found = parse_link(answer);
  });
  if (error == -ENODEV) return std::optional<Link>();
  if (error != 0) return os_failure(fmt::format("interface {}: cannot look it up", name), -error);
  if (found && found->name != name) found.reset();  // found by another of its names
  return found;
}

Result<std::optional<Link>> find_link(uint32_t index) {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message = about_link(RTM_GETLINK, index);
  std::optional<Link> link;
  const int error = socket->query(message, [&](nlmsghdr* answer) {
    if (answer->nlmsg_type == RTM_NEWLINK) link = parse_link(answer);
  });
  if (error != 0 && error != -ENODEV) return os_failure("cannot look at a network interface", -error);
  return link;
}

std::string alias_of_node(std::string_view node_name) {
  return "cuttle " + std::string(node_name);
}

Result<void> set_link(std::string_view name, const LinkSettings& settings) {
  const auto link = existing_link(name);
  if (!link) return tl::unexpected(link.error());
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  // First, so that bringing the interface up generates no address.
  if (settings.quiet_ipv6 && ipv6_is_there()) {
    if (const int error = apply(*socket, *link, settings, true); error != 0) {
      return os_failure(fmt::format("interface {}: cannot turn off IPv6 address generation", name), -error);
    }
  }
  if (settings.with_ipv6 && ipv6_is_off(name)) {
    std::ofstream(ipv6_switch(name))
        << "0\n";  // where that is not permitted, whoever sets IPv6 routes finds out
  }
  if (const int error = apply(*socket, *link, settings, false); error != 0) {
    return os_failure(fmt::format("interface {}: cannot configure it", name), -error);
  }
  return {};
}

Result<void> rename_link(std::string_view name, std::string_view to) {
  if (auto valid = check_interface_name(to); !valid) return valid;
  const auto link = existing_link(name);
  if (!link) return tl::unexpected(link.error());
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message = about_link(RTM_SETLINK, link->index);
  message.put_text(IFLA_IFNAME, to);
  if (const int error = socket->request(message); error != 0) {
    return os_failure(fmt::format("interface {}: cannot give it the name {}", name, to), -error);
  }
  return {};
}

Result<void> remove_tun_link(std::string_view name) {
  auto link = find_link(name);
  if (!link) return tl::unexpected(link.error());
  if (!link->has_value()) return {};
  if ((*link)->kind != "tun") {
    return failure(fmt::format("interface {} is no TUN interface, so it is not removed", name));
  }
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message = about_link(RTM_DELLINK, (*link)->index);
  const int error = socket->request(message);
  if (error != 0 && error != -ENODEV) {
    return os_failure(fmt::format("interface {}: cannot remove it", name), -error);
  }
  return {};
}

Result<int> reverse_path_filter(std::string_view name) {
  if (auto valid = check_interface_name(name); !valid) return tl::unexpected(valid.error());
  const auto all = read_filter("all");
  if (!all) return all;
  const auto own = read_filter(name);
  if (!own) return own;
  return std::max(*all, *own);
}

bool ipv6_is_off(std::string_view name) {
  return check_interface_name(name) && is_switched_off(name);
}

bool new_links_have_ipv6() {
  return ipv6_is_there() && !is_switched_off("default");
}

std::string sysctl_command(std::string_view version, std::string_view interface, std::string_view key,
                           std::string_view value) {
  return fmt::format("sysctl -w net/{}/conf/{}/{}={}", version, interface, key, value);
}

}  // namespace cuttle
