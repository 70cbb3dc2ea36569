// Who sends to this node's ports from an address or port that no link knows (examine.hh).
#include <fmt/format.h>

#include <algorithm>

#include "doctor/examine.hh"

namespace cuttle::doctor {

namespace {

bool is_known(const NodeConfig& config, const Endpoint& from) {
  return std::any_of(config.peers.begin(), config.peers.end(), [&](const PeerConfig& peer) {
    return peer.endpoint.address == from.address && from.port >= peer.endpoint.port &&
           static_cast<uint32_t>(from.port - peer.endpoint.port) < peer.lanes;
  });
}

}  // namespace

Findings examine_unknown_sources(const NodeConfig& config, const std::vector<Endpoint>& heard) {
  Findings findings;
  for (const Endpoint& from : heard) {
    if (is_known(config, from)) continue;
    const auto rewritten =
        std::find_if(config.peers.begin(), config.peers.end(),
                     [&](const PeerConfig& peer) { return peer.endpoint.address == from.address; });
    if (rewritten != config.peers.end()) {
      findings.push_back(
          {Mark::bad,
           fmt::format("datagrams for this node come from {}, and peer {} is at {}: the port is rewritten on "
                       "the way, "
                       "so no link takes them",
                       from.to_string(), rewritten->name, rewritten->endpoint.to_string()),
           fmt::format(
               "keep the address translation on the way from rewriting UDP port {}, or have it forward one "
               "port for good and name that in endpoint",
               rewritten->endpoint.port)});
    } else {
      findings.push_back(
          {Mark::unsure,
           fmt::format("datagrams for this node come from {}, which is no peer's endpoint", from.to_string()),
           "if that is a peer behind an address translation, name this as its endpoint; else it is a "
           "stranger"});
    }
  }
  return findings;
}

}  // namespace cuttle::doctor
