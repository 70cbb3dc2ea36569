#include "node/preflight.hh"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/capability.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/units.hh"
#include "config/shape_plan.hh"
#include "io/clock_device.hh"
#include "io/foreign_rules.hh"
#include "io/links.hh"
#include "io/privileges.hh"
#include "io/routes.hh"
#include "io/rules.hh"
#include "link/hiding.hh"
#include "node/instant_queues.hh"
#include "node/others_interface.hh"
#include "wire/cell.hh"

namespace cuttle {

namespace {

bool has_capability(cap_value_t capability) {
  cap_t set = cap_get_proc();
  if (set == nullptr) return false;
  cap_flag_value_t value = CAP_CLEAR;
  cap_get_flag(set, capability, CAP_EFFECTIVE, &value);
  cap_free(set);
  return value == CAP_SET;
}

void check_capabilities(Problems& problems) {
  if (!has_capability(CAP_NET_ADMIN)) {
    problems.add(
        0, "the capability CAP_NET_ADMIN is missing: interfaces, routes and the guard need it; run as root");
  }
  if (!has_capability(CAP_SYS_NICE)) {
    problems.warn(0,
                  "the capability CAP_SYS_NICE is missing: without real-time priority releases come late "
                  "when the machine is busy");
  }
}

// The key files are read before, so only a reload needs the user to be able to.
void check_user(const NodeConfig& config, const SourceMap& lines, Problems& problems) {
  if (config.user.empty()) return;
  const uint32_t line = lines.line("runtime.user");
  const auto user = find_user(config.user);
  if (!user) {
    problems.add(line,
                 fmt::format("runtime.user: there is no user {0}; `adduser --system --group {0}` makes it",
                             config.user));
  } else if (user->user != ::geteuid() && !has_capability(CAP_SETUID)) {
    problems.add(line,
                 fmt::format("runtime.user: cannot become {}; start as root, or as that user", config.user));
  }
}

void check_own_addresses(const NodeConfig& config, const SourceMap& lines, Problems& problems, Asks asks) {
  const auto present = local_addresses();
  if (!present) {
    problems.add(0, present.error().message);
    return;
  }
  const auto is_ours = [&](const IpAddress& address) {
    return std::any_of(present->begin(), present->end(),
                       [&](const LocalAddress& local) { return local.address == address; });
  };
  const auto check = [&](uint32_t line, std::string_view key, const IpAddress& address) {
    if (is_ours(address)) return;
    if (asks == Asks::reload) {
      problems.warn(
          line, fmt::format("{}: {} is no address of this machine at the moment; what needs it waits", key,
                            address.to_string()));
    } else {
      problems.add(line, fmt::format("{}: {} is no address of this machine; name one that `ip address` shows",
                                     key, address.to_string()));
    }
  };
  check(lines.line("node.listen"), "node.listen", config.listen.address);
  for (size_t i = 0; i < config.addresses.size(); ++i) {
    const IpAddress& address = config.addresses[i];
    if (address == config.listen.address) continue;
    check(lines.line({fmt::format("node.addresses[{}]", i), "node.addresses"}), "node.addresses", address);
  }
}

// Of root's own peer it keeps the agent from starting; of one that the mesh names only that link waits, or
// any member could keep all agents from starting.
void note(const NodeConfig& config, const PeerConfig& peer, uint32_t line, const std::string& message,
          Problems& problems) {
  if (config.is_of_mesh(peer)) {
    problems.warn(line, message + "; its link waits");
  } else {
    problems.add(line, message);
  }
}

void check_cell_fits(const NodeConfig& config, const PeerConfig& peer, const WayOut& way, uint32_t line,
                     Problems& problems) {
  const size_t headers =
      wire::kUdpHeaderBytes + (peer.endpoint.address.is_v6 ? wire::kIpv6HeaderBytes : wire::kIpv4HeaderBytes);
  if (peer.shape.cell_bytes + headers <= way.mtu) return;
  const size_t max = (way.mtu - headers) / wire::kCellAlignmentBytes * wire::kCellAlignmentBytes;
  note(config, peer, line,
       fmt::format("a cell of {} bytes does not fit the MTU of {} ({}) on the way to peer {}: at most {}",
                   peer.shape.cell_bytes, way.interface, way.mtu, peer.name, max),
       problems);
}

// What passes by the links now: the file may say another mark than the one that an earlier run left its rule
// with, which lasts until the next agent is closed.
uint32_t mark_in_force(const NodeConfig& config) {
  const auto rules = list_rules();
  return rules && !rules->empty() ? rules->front().firewall_mark : config.firewall_mark;
}

void check_way(const NodeConfig& config, size_t i, const SourceMap& lines, Problems& problems) {
  const PeerConfig& peer = config.peers[i];
  const std::string path = fmt::format("peer[{}]", i);
  const uint32_t line = lines.line({path + ".endpoint", path});
  const auto way = find_way_out(peer.endpoint.address, mark_in_force(config));
  if (!way) {
    problems.warn(line, fmt::format("endpoint of peer {}: {}; its link waits until there is one", peer.name,
                                    way.error().message));
    return;
  }
  if (way->local) {
    return note(config, peer, line,
                fmt::format("endpoint of peer {}: {} is this machine's own address", peer.name,
                            peer.endpoint.address.to_string()),
                problems);
  }
  check_cell_fits(config, peer, *way, lines.line({path + ".shape.cell", "shape.cell", path + ".endpoint"}),
                  problems);
  if (peer.endpoint.address.is_v6) return;
  const auto filter = reverse_path_filter(way->interface);
  if (filter && *filter == 1) {
    note(config, peer, line,
         fmt::format("reverse-path filtering on {} is strict and would drop the cells of peer {}: {}",
                     way->interface, peer.name, sysctl_command("ipv4", way->interface, "rp_filter", "2")),
         problems);
  }
}

// Whether a queue can keep time on the interfaces that cells leave by; each once. Root's peers come first,
// and only theirs can be insisted on.
void check_queues(const NodeConfig& config, const SourceMap& lines, Problems& problems) {
  if (config.release == ReleaseBy::thread) return;
  const bool by_instants = config.release == ReleaseBy::txtime;
  std::set<std::string> seen;
  std::set<std::string> said;
  for (const PeerConfig& peer : config.peers) {
    const auto interface = find_interface_out(peer.endpoint.address, mark_in_force(config));
    // Whether what is to wait fits into a queue that reads instants differs from peer to peer.
    if (!interface || (!seen.insert(*interface).second && !by_instants)) continue;
    const auto link = find_link(*interface);
    if (!link || !*link) continue;
    const std::string why_not =
        by_instants ? why_no_instants(config, peer, *interface) : why_no_clock_device(**link);
    if (why_not.empty() || !said.insert(why_not).second) continue;
    const uint32_t line = lines.line({"runtime.release", "runtime"});
    const bool insists = !config.is_of_mesh(peer);
    if (by_instants && insists) {
      problems.add(line, fmt::format("release = \"txtime\", but {}", why_not));
    } else if (config.release == ReleaseBy::queue && insists) {
      problems.add(line, fmt::format("release = \"queue\", but none can be had: {}", why_not));
    } else {
      problems.warn(line, fmt::format("no queue can keep time, so the agent's own thread will: {}", why_not));
    }
  }
}

void check_interface(const NodeConfig& config, size_t i, const SourceMap& lines, Problems& problems) {
  const PeerConfig& peer = config.peers[i];
  const auto free = check_no_others_interface(config, peer);
  if (free) return;
  const uint32_t line = lines.line({fmt::format("peer[{}].name", i), fmt::format("peer[{}]", i)});
  const std::string& what = free.error().message;
  if (config.is_of_mesh(peer)) {
    problems.warn(line, what + "; its link waits: remove the interface, or give it another name");
  } else {
    problems.add(line, what + ": rename the peer, or remove the interface");
  }
}

// What a host of two busy CPUs measured for a queue's lateness (docs/timing.md): a shape should hide it.
constexpr Duration kUsualDeviation = microseconds(20);

// Rules of others' that lead cells, or the peers' traffic, where they should not go.
void check_rules(const NodeConfig& config, const SourceMap& lines, Problems& problems) {
  const auto rules = foreign_rules();
  if (!rules) return;  // whoever sets ours says so
  for (const ForeignRule& rule : *rules) {
    if (rule.asks_for(config.firewall_mark)) {
      problems.warn(
          lines.line("node.firewall_mark"),
          fmt::format("the routing rule '{}' applies to what has the mark of the cells, {:#x}: give "
                      "firewall_mark in [node] a number that it does not ask for",
                      rule.to_string(), config.firewall_mark));
    }
    if (rule.table == config.route_table || rule.table == config.port_table() ||
        rule.table == config.clock_table(0)) {
      problems.warn(lines.line("node.route_table"),
                    fmt::format("the routing rule '{}' of somebody else's looks up a table of Cuttle's: give "
                                "route_table in [node] another number",
                                rule.to_string()));
    }
    const bool takes_all = rule.table != 0 && !rule.narrowed && rule.mask == 0 && !rule.inverted;
    if (takes_all && rule.preference <= config.rule_preference) {
      problems.warn(
          lines.line("node.rule_preference"),
          fmt::format("the routing rule '{}' comes before Cuttle's, {}: what it leads anywhere does not go "
                      "into the links; give rule_preference in [node] a number before it",
                      rule.to_string(), config.rule_preference));
    }
  }
}

void check_ipv6(const NodeConfig& config, size_t i, const SourceMap& lines, Problems& problems) {
  const PeerConfig& peer = config.peers[i];
  const bool any = std::any_of(peer.redirect.begin(), peer.redirect.end(),
                               [](const IpPrefix& prefix) { return prefix.address.is_v6; });
  if (!any) return;
  const auto link = find_link(peer.interface_name());
  if (link && *link ? !ipv6_is_off(peer.interface_name()) : new_links_have_ipv6()) return;
  problems.warn(
      lines.line({fmt::format("peer[{}].redirect", i), fmt::format("peer[{}]", i)}),
      fmt::format("peer {}: new interfaces are without IPv6 on this machine; where the agent may not switch "
                  "it on for its own, traffic to the peer's IPv6 addresses waits: {}",
                  peer.name, sysctl_command("ipv6", "default", "disable_ipv6", "0")));
}

bool is_told_of(const NodeConfig& config, size_t i) {
  return std::any_of(config.peers.begin(), config.peers.begin() + static_cast<std::ptrdiff_t>(i),
                     [&](const PeerConfig& before) {
                       return before.shape == config.peers[i].shape && before.lanes == config.peers[i].lanes;
                     });
}

// Shapes that are known to tell, each once. By a calendar, at the highest rate: its trains are nearest to
// each other.
void check_hiding(const NodeConfig& config, size_t i, const SourceMap& lines, Problems& problems) {
  PeerConfig peer = config.peers[i];
  if (is_told_of(config, i)) return;
  peer.shape = at_highest_rate(std::move(peer.shape));
  const auto plan = plan_peer(config, peer);
  if (!plan) return;
  const auto line = [&](const char* key) {
    return lines.line({fmt::format("peer[{}].shape.{}", i, key), fmt::format("shape.{}", key)});
  };
  if (plan->jitter.ns == 0) {
    problems.warn(
        line("jitter"),
        fmt::format("peer {}: with jitter = 0 the intervals are fixed, and how they vary tells how busy this "
                    "host is; leave it out",
                    peer.name));
  } else if (max_hidden_deviation(*plan) < kUsualDeviation) {
    problems.warn(
        line("slot"),
        fmt::format(
            "peer {} (and others of its shape): trains of this node {} apart hide releases that deviate "
            "by {}, and a host's deviate by some {}: longer slots hide more",
            peer.name, format_duration(mean_gap(*plan)), format_duration(max_hidden_deviation(*plan)),
            format_duration(kUsualDeviation)));
  }
  PeerConfig first = config.peers.front();
  first.shape = at_highest_rate(std::move(first.shape));
  const auto firsts = plan_peer(config, first);
  if (firsts && firsts->jitter.ns > 0 && plan->jitter.ns > 0 && firsts->period() != plan->period()) {
    problems.warn(
        line("slot"),
        fmt::format("peer {}: slots of {}, and {} has {}: their releases are drawn apart, and how near "
                    "two come to each other shows how late this host is; the same slot, rate and "
                    "number of lanes for all links hides more",
                    peer.name, format_duration(plan->period()), first.name,
                    format_duration(firsts->period())));
  }
}

}  // namespace

void check_machine(const NodeConfig& config, const SourceMap& lines, Problems& problems) {
  check_process(config, lines, problems);
  check_network(config, lines, problems);
}

void check_process(const NodeConfig& config, const SourceMap& lines, Problems& problems) {
  check_capabilities(problems);
  check_user(config, lines, problems);
}

void check_network(const NodeConfig& config, const SourceMap& lines, Problems& problems, Asks asks) {
  check_own_addresses(config, lines, problems, asks);
  check_rules(config, lines, problems);
  check_queues(config, lines, problems);
  for (size_t i = 0; i < config.peers.size(); ++i) {
    check_way(config, i, lines, problems);
    check_ipv6(config, i, lines, problems);
    check_hiding(config, i, lines, problems);
    check_interface(config, i, lines, problems);
  }
}

}  // namespace cuttle
