// Where a node of the mesh keeps what it knows: beside the peers file, whose folder belongs to cuttle-mesh.
// Touches the disk.
#pragma once

#include <optional>
#include <string>

#include "base/result.hh"
#include "mesh/entry.hh"
#include "mesh/known.hh"

namespace cuttle::mesh {

struct Files {
  std::string peers;  // NODE.toml: for the agent
  std::string known;  // NODE.known.json: what was seen first
  std::string lock;   // whoever changes `known` or `own` has it (io/file_lock.hh)
  std::string own;    // NODE.entry.json: what this host published, proved
};
Files files_of(const std::string& peers_file);

// Nothing there reads as nothing known; what is there and damaged is an error, never forgotten.
Result<Known> read_known(const Files& files);
// None: not there, this host has not joined.
Result<std::optional<Entry>> read_own(const Files& files, const std::string& host);

// Whole or not at all, readable by all.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace cuttle::mesh
