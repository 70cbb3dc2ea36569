// The machine's network interfaces: finding them, and setting up those that Cuttle made. Everything acts on
// the network namespace of the calling thread, and asking twice is no error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"

namespace cuttle {

struct Link {
  uint32_t index = 0;
  std::string name;
  std::string kind;              // "tun", "veth", "bridge", ...; empty for a physical one and for lo
  std::string alias;             // free text that an operator's tools show, too
  uint32_t below = 0;            // the index of the one that it lies on; 0: none
  bool below_elsewhere = false;  // that is in another network namespace
  uint32_t master = 0;           // the index of the bridge or bond that it is a port of; 0: none
  uint32_t mtu = 0;
  uint32_t queue_packets = 0;  // txqueuelen
  bool up = false;             // set up by the administrator
  bool carrier = false;        // for a TUN interface: a process holds it, of whatever network namespace
  bool running = false;        // both
  bool loopback = false;
  bool ethernet = false;        // its frames have Ethernet headers
  bool several_queues = false;  // a TUN interface that was made for them, which is fixed for its life
  uint32_t queues = 0;          // that processes hold of such a one, also those that are switched off
  std::optional<uint32_t> owner_user = {};  // of a TUN interface: who may attach to it without CAP_NET_ADMIN
};

Result<std::vector<Link>> list_links();
// Those whose alias is exactly this text, e.g. the alias of a node's own.
Result<std::vector<Link>> links_with_alias(std::string_view alias);
// An empty optional when there is no such interface.
Result<std::optional<Link>> find_link(std::string_view name);
Result<std::optional<Link>> find_link(uint32_t index);

// The alias that marks an interface as that node's.
std::string alias_of_node(std::string_view node_name);

// What is to be set; what is empty stays as it is.
struct LinkSettings {
  std::optional<bool> up = {};
  std::optional<uint32_t> mtu = {};
  std::optional<uint32_t> queue_packets = {};  // also the length of a TUN interface's ring
  std::optional<std::string> alias = {};
  std::optional<uint32_t> largest_gso_bytes =
      {};  // the largest packet that is handed over before segmentation
  // No link-local IPv6 address of its own, hence no router solicitations and the like into the link.
  bool quiet_ipv6 = false;
  // IPv6 on where the machine makes new interfaces without it (net.ipv6.conf.default.disable_ipv6); as far as
  // this process may.
  bool with_ipv6 = false;
};
Result<void> set_link(std::string_view name, const LinkSettings& settings);

// One that is down; its index stays.
Result<void> rename_link(std::string_view name, std::string_view to);

// Deletes a TUN interface, persistent or held. No error when there is none of that name; an error when it is
// of another kind.
Result<void> remove_tun_link(std::string_view name);

// Reverse-path filtering as it acts on an interface: 0 off, 1 strict, 2 loose (the larger of the interface's
// own setting and that of "all"; Linux Documentation/networking/ip-sysctl.rst). Strict drops cells.
Result<int> reverse_path_filter(std::string_view name);

// Whether IPv6 is switched off there, by itself or with the whole machine. False for a name that is not
// there.
bool ipv6_is_off(std::string_view name);
// Whether an interface that is made now has IPv6.
bool new_links_have_ipv6();
// "sysctl -w net/ipv4/conf/eth0.100/rp_filter=2": with slashes, for a dot may be part of the name.
std::string sysctl_command(std::string_view version, std::string_view interface, std::string_view key,
                           std::string_view value);

}  // namespace cuttle
