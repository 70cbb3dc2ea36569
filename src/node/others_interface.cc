#include "node/others_interface.hh"

#include <fmt/format.h>

namespace cuttle {

bool is_others(const NodeConfig& config, const Link& link) {
  return link.kind != "tun" || link.alias != alias_of_node(config.name);
}

bool has_others_interface(const NodeConfig& config, const PeerConfig& peer) {
  const auto link = find_link(peer.interface_name());
  return link && *link && is_others(config, **link);
}

Result<void> check_no_others_interface(const NodeConfig& config, const PeerConfig& peer) {
  if (!has_others_interface(config, peer)) return {};
  return failure(fmt::format("interface {} exists and is not this node's", peer.interface_name()));
}

Result<void> remove_own_interface(const NodeConfig& config, const PeerConfig& peer) {
  const auto link = find_link(peer.interface_name());
  if (!link) return tl::unexpected(link.error());
  if (!*link || is_others(config, **link)) return {};
  return remove_tun_link(peer.interface_name());
}

}  // namespace cuttle
