#include "doctor/firewall.hh"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "doctor/first_line.hh"
#include "io/guard.hh"
#include "io/old_tables.hh"
#include "node/doors.hh"

namespace cuttle::doctor {

namespace {

bool has_chains_of(const Ruleset& rules, std::string_view program) {
  return std::any_of(rules.chains.begin(), rules.chains.end(), [&](const FirewallChain& chain) {
    return chain.table == program || chain.name.starts_with(program);
  });
}

// How to let cells pass, in the words of whoever made the rules.
std::string opening(const Ruleset& rules, const FirewallChain& chain, const Cell& cell) {
  const uint16_t port = cell.to.port;
  if (!cell.comes_in) {
    return chain.is_iptables
               ? fmt::format("let them out: iptables -I OUTPUT -p udp --dport {} -j ACCEPT", port)
               : fmt::format("let them out: nft insert rule {} {} {} udp dport {} accept", chain.family,
                             chain.table, chain.name, port);
  }
  if (has_chains_of(rules, "ufw")) return fmt::format("ufw allow {}/udp", port);
  if (chain.table == "firewalld")
    return fmt::format("firewall-cmd --permanent --add-port={}/udp && firewall-cmd --reload", port);
  if (chain.is_iptables) {
    return fmt::format("let them in: {} -I INPUT -p udp --dport {} -j ACCEPT",
                       chain.family == "ip6" ? "ip6tables" : "iptables", port);
  }
  return fmt::format("let them in: nft insert rule {} {} {} udp dport {} accept", chain.family, chain.table,
                     chain.name, port);
}

std::string way_back_fix(const FirewallChain& chain, const Cell& cell) {
  if (chain.table == "firewalld") {
    return "IPv6_rpfilter=loose (or no) in /etc/firewalld/firewalld.conf, and firewall-cmd --reload";
  }
  if (chain.is_iptables) {
    return fmt::format("before it: {} -t {} -I {} -p udp --dport {} -j ACCEPT; or `--loose` in that rule",
                       chain.family == "ip6" ? "ip6tables" : "iptables", chain.table, chain.name,
                       cell.to.port);
  }
  return fmt::format(
      "before it: nft insert rule {} {} {} udp sport {} udp dport {} accept; or leave `iif` out of that rule",
      chain.family, chain.table, chain.name, cell.from.port, cell.to.port);
}

Finding finding_of(const Ruleset& rules, const FirewallFinding& found, const PeerCells& peer,
                   const Cell& cell) {
  const FirewallChain& chain = *found.chain;
  const std::string where =
      fmt::format("chain {} of {} {} {}", chain.name, chain.is_iptables ? "the old table" : "table",
                  chain.family, chain.table);
  const std::string rule =
      found.rule != nullptr ? fmt::format("its rule '{}'", found.rule->text) : "what none of its rules names";
  const std::string cells = fmt::format("the cells {} {}", cell.comes_in ? "from" : "to", peer.peer);
  const char* const sure = found.certain ? "" : "may ";
  const char* const verb_end = found.certain ? "s" : "";
  Finding out;
  out.mark = found.certain ? Mark::bad : Mark::unsure;
  switch (found.kind) {
    case FirewallFinding::Kind::dropped:
      out.what = fmt::format("the firewall {}drop{} {}: {}, {}", sure, verb_end, cells, where, rule);
      if (found.is_strict_path) {
        out.what +=
            ": it looks whether the way back is the interface that they came in by, without the mark that "
            "leads cells there";
        out.fix = way_back_fix(chain, cell);
      } else {
        out.fix = opening(rules, chain, cell);
      }
      break;
    case FirewallFinding::Kind::rewritten:
      // A connection keeps its port where it can, unless it is to be drawn at random.
      if (found.rule->text.find("random") == std::string::npos) out.mark = Mark::unsure;
      out.what = fmt::format("the firewall {}rewrite{} addresses or ports of {}: {}, {}", sure, verb_end,
                             cells, where, rule);
      out.fix = fmt::format("leave UDP port {} out of it: a rule before it that accepts udp dport {}",
                            cell.to.port, cell.to.port);
      break;
    case FirewallFinding::Kind::marked:
      out.what = fmt::format(
          "the firewall {}change{} the mark of {}, so that they are led into their own link, and "
          "dropped: {}, {}",
          sure, verb_end, cells, where, rule);
      out.fix = fmt::format("a rule before it that accepts what has the mark {:#x}", cell.mark);
      break;
    case FirewallFinding::Kind::none:
      break;
  }
  if (found.mark_rule != nullptr) {
    out.what += fmt::format("; it tests bits that the mark of the cells has, {:#x}{}", cell.mark,
                            found.mark_rule != found.rule ? ": '" + found.mark_rule->text + "'" : "");
    out.fix += "; or another firewall_mark in [node], without those bits";
  }
  return out;
}

}  // namespace

Findings examine_firewall(const Ruleset& rules, const std::vector<PeerCells>& peers) {
  Findings findings;
  std::set<std::pair<const FirewallChain*, const FirewallRule*>> told;
  for (const PeerCells& peer : peers) {
    for (const Cell* cell : {&peer.in, &peer.out}) {
      const FirewallFinding found = walk(rules, *cell);
      if (found.kind == FirewallFinding::Kind::none || !told.insert({found.chain, found.rule}).second)
        continue;
      findings.push_back(finding_of(rules, found, peer, *cell));
    }
  }
  if (findings.empty() && !peers.empty()) {
    findings.push_back({Mark::good,
                        fmt::format("no rule of a firewall is seen to drop UDP port {}", peers[0].in.to.port),
                        ""});
  }
  return findings;
}

std::vector<PeerCells> cells_of(const NodeConfig& config) {
  const auto is_redirected = [&](const IpAddress& address) {
    return std::any_of(config.peers.begin(), config.peers.end(), [&](const PeerConfig& peer) {
      return peer.ports.empty() && any_contains(peer.redirect, address);
    });
  };
  std::vector<PeerCells> all;
  for (const PeerConfig& peer : config.peers) {
    PeerCells cells{peer.name, {}, {}};
    const std::string underlay = underlay_of(config, peer);
    cells.in = {peer.endpoint, config.listen, underlay, true, 0, is_redirected(peer.endpoint.address)};
    cells.out = {config.listen, peer.endpoint, underlay, false, config.firewall_mark, false};
    all.push_back(std::move(cells));
  }
  return all;
}

Findings examine_firewalls(const NodeConfig& config) {
  const auto text = firewall_rules();
  if (!text) return {{Mark::unsure, text.error().message, "run this as root"}};
  Ruleset rules = read_nftables(*text);
  Findings findings;
  for (const bool v6 : {false, true}) {
    const auto old = old_tables(v6);
    if (old) {
      read_iptables(rules, *old, v6 ? "ip6" : "ip");
    } else {
      findings.push_back({Mark::unsure, old.error().message, "install iptables, or look there by hand"});
    }
  }
  for (Finding& finding : examine_firewall(rules, cells_of(config))) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace cuttle::doctor
