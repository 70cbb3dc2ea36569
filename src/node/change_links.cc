#include "node/change_links.hh"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "io/links.hh"
#include "node/redirect.hh"

namespace cuttle {

namespace {

class Change {
 public:
  Change(const InService& in, const NodeConfig& wanted, const NodeKeys& keys, const LinkChanges& changes)
      : in_(in), wanted_(wanted), keys_(keys), changes_(changes), coming_(wanted.peers.size()) {}

  Result<void> run() {
    auto joining = Joining::look(wanted_);
    if (!joining) return tl::unexpected(joining.error());
    joining_ = std::move(*joining);
    if (auto prepared = prepare(); !prepared) {
      undo();
      return prepared;
    }
    end_links();
    for (const size_t i : changes_.restarted) {
      if (auto link = assemble_link(assembly(), i)) {
        coming_[i] = std::move(*link);
      } else {
        note(link.error());
      }
    }
    begin_links();
    for (const size_t i : changes_.rekeyed) {
      find_link(wanted_.peers[i].name)->handle_keys(association_keys(wanted_, keys_, i));
    }
    in_.joining = std::move(*joining_);
    in_.config = wanted_;
    in_.keys = keys_;
    if (!changes_.only_keys()) sort_links();
    if (first_error_) return tl::unexpected(*first_error_);
    return {};
  }

 private:
  Assembly assembly() const { return {wanted_, keys_, in_.backend, in_.key_log}; }

  // All that can fail without harm.
  Result<void> prepare() {
    if (auto opened = open_strangers(wanted_, in_.strangers); !opened) return opened;
    for (const size_t i : changes_.added) {
      auto link = assemble_link(assembly(), i);
      if (!link) return tl::unexpected(link.error());
      coming_[i] = std::move(*link);
    }
    return close_all(joining_->routed());
  }

  void undo() {
    for (const size_t i : changes_.added) {
      coming_[i].reset();
      try_to(remove_tun_link(wanted_.peers[i].interface_name()));
    }
    try_to(close_all(in_.joining.routed()));
    try_to(restore_guard(in_.joining.guarded()));
    try_to(withdraw_routes(joining_->routed(), in_.joining.routed()));
    // Closing for the new configuration may have taken a route of a link that goes on.
    const NodeConfig& routed = in_.joining.routed();
    for (const PeerConfig& peer : routed.peers) {
      if (find_link(peer.name) != nullptr) try_to(open_link(routed, peer));
    }
  }

  void end_links() {
    std::vector<std::string> names = changes_.removed;
    for (const size_t i : changes_.restarted) names.push_back(wanted_.peers[i].name);
    for (const std::string& name : names) {
      const auto at = std::find_if(in_.links.begin(), in_.links.end(),
                                   [&](const auto& link) { return link->peer().name == name; });
      in_.driver.remove(**at);
      const PeerConfig before = (*at)->peer();
      in_.links.erase(at);
      if (!interface_stays(before)) try_to(remove_tun_link(before.interface_name()));
    }
    try_to(withdraw_routes(in_.joining.routed(), joining_->routed()));
  }

  // The interface of a link that starts anew goes on, and the connections through it with it, unless it has
  // several queues and had one, or the other way round, which is fixed for its life.
  bool interface_stays(const PeerConfig& before) const {
    const auto after = std::find_if(wanted_.peers.begin(), wanted_.peers.end(),
                                    [&](const PeerConfig& peer) { return peer.name == before.name; });
    return after != wanted_.peers.end() && (after->lanes > 1) == (before.lanes > 1);
  }

  void begin_links() {
    const NodeConfig& routed = joining_->routed();
    for (size_t i = 0; i < coming_.size(); ++i) {
      if (coming_[i] == nullptr) {
        // Its traffic may have passed beside it until now.
        if (find_link(wanted_.peers[i].name) != nullptr) try_to(open_link(routed, routed.peers[i]));
        continue;
      }
      auto begun = open_link(routed, routed.peers[i]);
      if (begun) begun = in_.driver.add(*coming_[i]);
      if (begun) {
        in_.links.push_back(std::move(coming_[i]));
      } else {
        note(begun.error());
      }
    }
  }

  NodeLink* find_link(const std::string& name) const {
    const auto found = std::find_if(in_.links.begin(), in_.links.end(),
                                    [&](const auto& link) { return link->peer().name == name; });
    return found == in_.links.end() ? nullptr : found->get();
  }

  // In the order of the file, as at a start.
  void sort_links() {
    const auto place = [&](const std::unique_ptr<NodeLink>& link) {
      return std::find_if(wanted_.peers.begin(), wanted_.peers.end(),
                          [&](const PeerConfig& peer) { return peer.name == link->peer().name; });
    };
    std::sort(in_.links.begin(), in_.links.end(),
              [&](const auto& a, const auto& b) { return place(a) < place(b); });
  }

  void note(const Error& error) {
    spdlog::error("{}", error.message);
    if (!first_error_) first_error_ = error;
  }
  void try_to(const Result<void>& done) {
    if (!done) note(done.error());
  }

  const InService& in_;
  const NodeConfig& wanted_;
  const NodeKeys& keys_;
  const LinkChanges& changes_;
  std::vector<std::unique_ptr<NodeLink>> coming_;  // by their place in the wanted configuration
  std::optional<Joining> joining_;
  std::optional<Error> first_error_;
};

}  // namespace

Result<void> change_links(const InService& in, const NodeConfig& wanted, const NodeKeys& keys,
                          const LinkChanges& changes) {
  return Change(in, wanted, keys, changes).run();
}

Result<void> open_strangers(const NodeConfig& config, std::vector<StrangerSocket>& strangers,
                            std::optional<uint32_t> user) {
  while (strangers.size() < config.most_lanes()) {
    Endpoint local = config.listen;
    local.port = static_cast<uint16_t>(local.port + strangers.size());
    auto stranger = StrangerSocket::open(local, user);
    if (!stranger) return tl::unexpected(stranger.error());
    strangers.push_back(std::move(*stranger));
  }
  return {};
}

}  // namespace cuttle
