// Routes in Cuttle's own table, marked with its own protocol number, so that none but ours are ever touched:
// a peer's addresses into its interface, and behind that a blackhole for when the interface is gone. And how
// the machine would reach an address. Acts on the network namespace of the calling thread.
// Source: ip-route(8); RFC 3549 for the messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hh"
#include "base/ports.hh"
#include "base/result.hh"

namespace cuttle {

// As `ip route` shows it: "proto 199". Not among the numbers that others have taken (rt_protos).
inline constexpr uint8_t kRouteProtocol = 199;
inline constexpr uint32_t kLinkMetric = 100;
inline constexpr uint32_t kBlackholeMetric = 4000;

struct Route {
  IpPrefix prefix;
  bool blackhole = false;
  std::string interface;  // empty for a blackhole
  std::optional<IpAddress> source;
  uint32_t metric = 0;

  bool operator==(const Route&) const = default;
};

// "PREFIX dev INTERFACE table TABLE src SOURCE metric 100". Replaces what is there for that prefix and
// metric.
Result<void> set_link_route(uint32_t table, const IpPrefix& prefix, std::string_view interface,
                            const std::optional<IpAddress>& source);
// "blackhole PREFIX table TABLE metric 4000". Of a version of IP that this machine lacks none is needed.
Result<void> set_blackhole(uint32_t table, const IpPrefix& prefix);

// Ours in that table.
Result<std::vector<Route>> list_routes(uint32_t table);
// Removes ours for that prefix, of either kind; none there is no error.
Result<void> remove_routes(uint32_t table, const IpPrefix& prefix);
// The one into an interface alone: a blackhole stays.
Result<void> remove_link_route(uint32_t table, const IpPrefix& prefix);
Result<void> remove_all_routes(uint32_t table);

// How packets with that firewall mark leave for an address.
struct WayOut {
  std::string interface;
  uint32_t mtu = 0;  // the interface's; what a path beyond it may allow is not considered
  std::optional<IpAddress> source;
  bool local = false;  // the address is this machine's own
  uint32_t table = 0;  // whose route it is
};
Result<WayOut> find_way_out(const IpAddress& to, uint32_t firewall_mark);
// Where it depends on that (port_rules.hh): of packets to one of these ports.
Result<WayOut> find_way_out(const IpAddress& to, uint32_t firewall_mark, const PortRange& ports);
// The interface alone; empty for an address of this machine's own.
Result<std::string> find_interface_out(const IpAddress& to, uint32_t firewall_mark);

// An address of this machine's.
struct LocalAddress {
  IpAddress address;
  uint8_t prefix_length = 0;
  std::string interface;
};
Result<std::vector<LocalAddress>> local_addresses();

}  // namespace cuttle
