#include "mesh/root_peers.hh"

#include <algorithm>

namespace cuttle::mesh {

namespace {

bool has_key(const PeerConfig& peer, const PublicKey& key) {
  return key.number() == peer.public_key.number() ||
         (peer.next_public_key && key.number() == peer.next_public_key->number());
}

bool has_key_of(const PeerConfig& peer, const Entry& entry) {
  return has_key(peer, entry.key) || (entry.next_key && has_key(peer, *entry.next_key));
}

}  // namespace

bool has_its_key(const std::vector<PeerConfig>& root_peers, const Entry& entry) {
  return std::any_of(root_peers.begin(), root_peers.end(),
                     [&](const PeerConfig& peer) { return has_key_of(peer, entry); });
}

bool says_the_same_host(const std::vector<PeerConfig>& root_peers, const Entry& entry) {
  return std::any_of(root_peers.begin(), root_peers.end(), [&](const PeerConfig& peer) {
    const auto goes_through = [&](const IpAddress& address) { return any_contains(peer.redirect, address); };
    // To the peer's endpoint its cells would have to go through that link.
    const auto is_in_the_way = [&](const IpAddress& address) {
      return goes_through(address) || address == peer.endpoint.address;
    };
    return has_key_of(peer, entry) || ports_overlap(peer.endpoint, peer.lanes, entry.endpoint, entry.lanes) ||
           goes_through(entry.endpoint.address) ||
           std::any_of(entry.addresses.begin(), entry.addresses.end(), is_in_the_way);
  });
}

}  // namespace cuttle::mesh
