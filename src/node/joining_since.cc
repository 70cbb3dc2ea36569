#include "node/joining_since.hh"

#include "base/check.hh"

namespace cuttle {

JoiningSince::JoiningSince(const NodeConfig& config, Instant started) {
  handle_change(config, started);
}

void JoiningSince::handle_change(const NodeConfig& config, Instant now) {
  std::map<std::string, Instant> since;
  for (const PeerConfig& peer : config.peers) {
    const auto before = since_.find(peer.name);
    since.emplace(peer.name, before == since_.end() ? now : before->second);
  }
  since_ = std::move(since);
}

bool JoiningSince::is_over(const PeerConfig& peer, Instant now) const {
  if (!peer.joining_limit) return false;
  const auto since = since_.find(peer.name);
  CUTTLE_CHECK(since != since_.end(), "a peer in force");
  return now >= since->second + *peer.joining_limit;
}

std::vector<size_t> JoiningSince::due(const NodeConfig& config, const std::vector<bool>& open,
                                      const std::function<bool(size_t)>& is_up, Instant now) const {
  std::vector<size_t> due;
  for (size_t i = 0; i < config.peers.size(); ++i) {
    if (open[i] && (is_over(config.peers[i], now) || is_up(i))) due.push_back(i);
  }
  return due;
}

}  // namespace cuttle
