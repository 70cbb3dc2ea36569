#include "doctor/attempts.hh"

#include <fmt/format.h>

#include <cerrno>
#include <optional>

#include "io/echo.hh"
#include "io/os_error.hh"
#include "io/routes.hh"
#include "io/tcp_connection.hh"

namespace cuttle::doctor {

namespace {

constexpr size_t kSmall = 64;
constexpr Duration kSilence = milliseconds(300);  // where nothing is to come
constexpr uint16_t kTcpPorts[] = {3300, 6800};    // a monitor's, an OSD's

// What traffic to a peer is to do.
enum class Way {
  through,  // its link
  beside,   // it is joining, and not up yet
  nowhere,  // its link is down, and its addresses are closed
};

Way way_of(const PeerConfig& peer, const StatusSnapshot* status) {
  if (status == nullptr) return peer.joining ? Way::beside : Way::nowhere;
  for (const LinkStatus& link : status->links) {
    if (link.name != peer.name) continue;
    return link.open ? Way::beside : link.state == "up" ? Way::through : Way::nowhere;
  }
  return Way::nowhere;
}

std::vector<IpAddress> hosts_of(const PeerConfig& peer) {
  std::vector<IpAddress> hosts;
  for (const IpPrefix& prefix : peer.redirect) {
    if (prefix.length == prefix.address.size() * 8) hosts.push_back(prefix.address);
  }
  return hosts;
}

std::string came(const EchoOutcome& outcome) {
  if (outcome.answered)
    return fmt::format("an answer after {:.1f} ms", static_cast<double>(outcome.round_trip.ns) * 1e-6);
  if (outcome.send_error != 0) return "this host would not send it: " + os_error_text(outcome.send_error);
  return "nothing";
}

// From one own address to one of a peer's.
class Pair {
 public:
  Pair(const NodeConfig& config, const PeerConfig& peer, Way way, const IpAddress& from, const IpAddress& to)
      : config_(config), peer_(peer), way_(way), from_(from), to_(to) {}

  Findings try_all() {
    try_way();
    // With a list of ports, an echo is none of the link's business.
    if (peer_.ports.empty()) {
      const bool small = try_echo("small", kSmall, false, "");
      if (small || way_ != Way::through) {
        try_echo("largest", config_.inner_mtu, false,
                 "the same inner_mtu on both ends, and no rule that drops large packets");
        try_echo("in fragments", size_t{2} * config_.inner_mtu, true,
                 "a firewall at one end drops fragments from the link's interface");
      }
      if (small || way_ == Way::through) try_tcp_connection();
      if (way_ != Way::beside) try_beside();
    } else if (way_ == Way::through) {
      try_tcp_connection();
    }
    return std::move(findings_);
  }

 private:
  Duration timeout() const { return way_ == Way::nowhere ? kSilence : seconds(1); }

  std::string head(const std::string& kind) const {
    return fmt::format("peer {}: {} to {}, {}: ", peer_.name, from_.to_string(), to_.to_string(), kind);
  }

  void add(Mark mark, const std::string& kind, const std::string& expected, const std::string& what_came,
           const std::string& fix) {
    findings_.push_back(
        {mark, head(kind) + "expected " + expected + "; came " + what_came, mark == Mark::good ? "" : fix});
  }

  void try_way() {
    if (!peer_.ports.empty()) return;
    const auto way = find_way_out(to_, 0);
    const std::string wanted = way_ == Way::beside ? "a way beside " : "a way into ";
    const std::string leads = !way                     ? way.error().message
                              : way->interface.empty() ? "none"
                                                       : "one into " + way->interface;
    const bool into = way && way->interface == peer_.interface_name();
    const bool good = way_ == Way::nowhere || into == (way_ == Way::through);
    add(good ? Mark::good : Mark::bad, "the route",
        way_ == Way::nowhere ? "a closed one" : wanted + peer_.interface_name(), leads,
        "`ip rule` shows who is asked first: a rule of somebody's ahead of ours?");
  }

  bool try_echo(const std::string& name, size_t bytes, bool may_be_cut, const std::string& fix) {
    const std::string kind = fmt::format("{} ({} bytes)", name, bytes);
    const auto outcome = send_echo(
        {.to = to_, .ip_bytes = bytes, .from = from_, .may_be_cut = may_be_cut, .timeout = timeout()});
    if (!outcome) {
      add(Mark::unsure, kind, "an answer", outcome.error().message, "run this as root");
      return false;
    }
    const bool wanted = way_ != Way::nowhere;
    const std::string advice =
        !wanted ? "what is closed answers: are routes and guard there? `cuttle close`, or start the agent"
        : outcome->send_error == EPERM
            ? "a firewall of this host drops what goes into " + peer_.interface_name()
        : !fix.empty()
            ? fix
            : "does the firewall at " + peer_.name + " let ICMP in from its link's interface, and does " +
                  "`accept` there name this address?";
    add(outcome->answered == wanted ? Mark::good : Mark::bad, kind, wanted ? "an answer" : "nothing",
        came(*outcome), advice);
    return outcome->answered;
  }

  // A refusal is an answer, too. One port is enough, and which one is open depends on the host.
  void try_tcp_connection() {
    std::string heard;
    for (const uint16_t port : ports()) {
      const auto outcome = try_tcp({.to = {to_, port}, .from = from_, .timeout = timeout()});
      if (!outcome)
        return add(Mark::unsure, "a new TCP connection", "an answer", outcome.error().message, "");
      if (outcome->answer != TcpAnswer::none) {
        return add(
            way_ == Way::nowhere ? Mark::bad : Mark::good, "a new TCP connection",
            way_ == Way::nowhere ? "nothing" : "an answer",
            fmt::format("port {} {} it", port, outcome->answer == TcpAnswer::accepted ? "took" : "refused"),
            "what is closed answers: `cuttle close`, or start the agent");
      }
      if (outcome->error != 0) heard = os_error_text(outcome->error);
    }
    add(way_ == Way::nowhere ? Mark::good : Mark::bad, "a new TCP connection",
        way_ == Way::nowhere ? "nothing" : "an answer", heard.empty() ? "nothing" : heard,
        fmt::format(
            "connections that are there may live on while new ones are dropped: let the firewall at {0} take "
            "Ceph's ports from its link's interface as it did from the card (docs/hosts.md)",
            peer_.name));
  }

  std::vector<uint16_t> ports() const {
    if (peer_.ports.empty()) return {std::begin(kTcpPorts), std::end(kTcpPorts)};
    std::vector<uint16_t> first;
    for (const PortRange& range : peer_.ports) {
      if (!range.is_udp) first.push_back(range.first);
    }
    return first;
  }

  // Out of the interface that cells take, as a program that is bound to it would send; with their mark, so
  // that the guard does not note it as somebody's.
  void try_beside() {
    const auto underlay = find_way_out(peer_.endpoint.address, config_.firewall_mark);
    if (!underlay || underlay->interface.empty() || underlay->local) return;
    const std::string kind = "beside the link, by " + underlay->interface;
    const auto outcome = send_echo({.to = to_,
                                    .ip_bytes = kSmall,
                                    .from = from_,
                                    .interface = underlay->interface,
                                    .firewall_mark = config_.firewall_mark,
                                    .timeout = kSilence});
    if (!outcome) return add(Mark::unsure, kind, "nothing", outcome.error().message, "run this as root");
    add(outcome->answered ? Mark::bad : Mark::good, kind, "nothing", came(*outcome),
        "guard and lock are not there: `cuttle close`, or start the agent; its log says why it cannot");
  }

  const NodeConfig& config_;
  const PeerConfig& peer_;
  Way way_;
  IpAddress from_;
  IpAddress to_;
  Findings findings_;
};

}  // namespace

Findings try_links(const NodeConfig& config, const StatusSnapshot* status) {
  Findings findings;
  for (const PeerConfig& peer : config.peers) {
    const Way way = way_of(peer, status);
    for (const IpAddress& to : hosts_of(peer)) {
      for (const IpAddress& from : config.addresses) {
        if (from.is_v6 != to.is_v6) continue;
        for (Finding& finding : Pair(config, peer, way, from, to).try_all())
          findings.push_back(std::move(finding));
      }
    }
  }
  findings.push_back({Mark::unsure, "new connections from the peers to this node cannot be tried from here",
                      "run this at the other end of each link, too"});
  return findings;
}

}  // namespace cuttle::doctor
