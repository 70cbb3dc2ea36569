#include "node/apply_reload.hh"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace cuttle {

namespace {

class Change {
 public:
  Change(const InService& in, const NodeConfig& wanted, const NodeKeys& keys, const ReloadPlan& changes)
      : in_(in),
        wanted_(wanted),
        keys_(keys),
        changes_(changes),
        restores_(in.handshakes.restores()),
        coming_(wanted.peers.size()) {}

  Result<std::vector<std::string>> run() {
    if (auto begun = in_.machine.begin_change(); !begun) return tl::unexpected(begun.error());
    if (auto prepared = prepare(); !prepared) {
      coming_.clear();
      in_.alive();
      try_to(in_.machine.abandon_change());
      return tl::unexpected(prepared.error());
    }
    in_.alive();
    end_links();
    for (const size_t i : changes_.restarted) {
      if (auto link = assemble(i)) {
        coming_[i] = std::move(*link);
      } else {
        note(link.error());
      }
    }
    begin_links();
    const PublicKey own_key = keys_.private_key.public_key();
    if (in_.relay != nullptr) in_.relay->handle_own_key(own_key);
    if (in_.ladder != nullptr) in_.ladder->handle_own_key(own_key);
    for (const size_t i : changes_.rekeyed) {
      find_link(wanted_.peers[i].name)->handle_keys(association_keys(wanted_, keys_, i));
    }
    in_.handshakes.wake();
    if (auto finished = in_.machine.finish_change()) {
      in_.open = std::move(*finished);
    } else {
      in_.open = open_at_most();
      note(finished.error());
    }
    in_.config = wanted_;
    in_.keys = keys_;
    if (!changes_.only_keys()) sort_links();
    return std::move(undone_);
  }

 private:
  Result<std::unique_ptr<NodeLink>> assemble(size_t i) {
    in_.alive();
    return assemble_link({wanted_, keys_, in_.backend, in_.sealing, in_.key_log, nullptr, in_.preshared,
                          in_.unknown_sources.size(), in_.ladder, in_.relay},
                         i, [&](size_t peer) { return in_.machine.open_lanes(peer); });
  }

  // All that can fail without harm. Of the peers that the mesh names each fails by itself, and so does one
  // whose link is missing since an earlier change: one of them must not keep the others' changes out.
  Result<void> prepare() {
    in_.alive();
    auto unknown_sources = in_.machine.open_unknown_sources(in_.unknown_sources.size());
    if (!unknown_sources) return tl::unexpected(unknown_sources.error());
    for (UnknownSourceSocket& unknown_source : *unknown_sources)
      in_.unknown_sources.push_back(std::move(unknown_source));
    for (const size_t i : changes_.added) {
      auto link = assemble(i);
      if (!link && (wanted_.is_of_mesh(wanted_.peers[i]) || is_in_force(wanted_.peers[i].name))) {
        note(link.error());
        continue;
      }
      if (!link) return tl::unexpected(link.error());
      coming_[i] = std::move(*link);
    }
    in_.alive();
    return in_.machine.close_wanted();
  }

  // All at once: a pacer takes a slot to hear of a change, however many links it is of.
  void end_links() {
    std::vector<std::string> names = changes_.removed;
    for (const size_t i : changes_.restarted) names.push_back(wanted_.peers[i].name);
    std::vector<NodeLink*> leaving;
    for (const std::string& name : names) leaving.push_back(find_link(name));
    in_.handshakes.remove(leaving);
    in_.driver.remove(leaving);
    in_.alive();
    std::erase_if(in_.links, [&](const auto& link) {
      return std::find(leaving.begin(), leaving.end(), link.get()) != leaving.end();
    });
    try_to(in_.machine.withdraw());
    in_.alive();
  }

  void begin_links() {
    std::vector<size_t> ready;
    std::vector<NodeLink*> joining;
    for (size_t i = 0; i < coming_.size(); ++i) {
      in_.alive();
      if (coming_[i] == nullptr) {
        // Its traffic may have passed beside it until now.
        if (find_link(wanted_.peers[i].name) != nullptr) try_to(in_.machine.open_link(i));
        continue;
      }
      if (auto opened = in_.machine.open_link(i); !opened) {
        note(opened.error());
        continue;
      }
      ready.push_back(i);
      joining.push_back(coming_[i].get());
    }
    in_.alive();
    const auto begun = in_.driver.add(joining);
    std::vector<NodeLink*> served;
    for (size_t k = 0; k < ready.size(); ++k) {
      if (begun[k]) {
        served.push_back(joining[k]);
        in_.links.push_back(std::move(coming_[ready[k]]));
      } else {
        note(begun[k].error());
      }
    }
    in_.handshakes.add(served, restores_);
    in_.alive();
  }

  // Where nobody says which peers are still open, none is taken for closed that may be open.
  OpenPeers open_at_most() const {
    OpenPeers open;
    for (const PeerConfig& peer : wanted_.peers) {
      const auto before = std::ranges::find(in_.config.peers, peer.name, &PeerConfig::name);
      const bool closed_before = before != in_.config.peers.end() &&
                                 !in_.open[static_cast<size_t>(before - in_.config.peers.begin())];
      open.push_back(peer.joining && !closed_before);
    }
    return open;
  }

  bool is_in_force(const std::string& name) const {
    return std::ranges::count(in_.config.peers, name, &PeerConfig::name) > 0;
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
    undone_.push_back(error.message);
  }
  void try_to(const Result<void>& done) {
    if (!done) note(done.error());
  }

  const InService& in_;
  const NodeConfig& wanted_;
  const NodeKeys& keys_;
  const ReloadPlan& changes_;
  const uint64_t restores_;                        // before any link was made
  std::vector<std::unique_ptr<NodeLink>> coming_;  // by their place in the wanted configuration
  std::vector<std::string> undone_;
};

}  // namespace

Result<std::vector<std::string>> apply_reload(const InService& in, const NodeConfig& wanted,
                                              const NodeKeys& keys, const ReloadPlan& changes) {
  return Change(in, wanted, keys, changes).run();
}

}  // namespace cuttle
