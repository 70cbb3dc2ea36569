// What `leave`, `rotate` and others do on a host that is in the mesh: publish its next entry, and wait for
// the others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access.hh"

namespace cuttle::mesh {

class LocalHost {
 public:
  static Result<LocalHost> open(const std::string& config);

  const NodeFile& node() const { return node_; }
  const Files& files() const { return files_; }
  const Entry& own() const { return own_; }
  Store& store() { return *store_; }

  // Numbered, proved and, first, written down here: its number where root alone writes, then all of it.
  Result<void> publish(Entry entry);
  // Hosts with a link that have not said that they took this host's last entry in; empty: all have. An error:
  // whom this host knows cannot be read.
  Result<std::vector<std::string>> wait_until_taken(Duration timeout);

 private:
  LocalHost(NodeFile node, Entry own)
      : node_(std::move(node)),
        files_(files_of(node_.config.mesh->peers_file)),
        own_(std::move(own)),
        store_(std::make_unique<RadosStore>(access_of(node_))) {}

  NodeFile node_;
  Files files_;
  Entry own_;
  std::unique_ptr<RadosStore> store_;
};

}  // namespace cuttle::mesh
