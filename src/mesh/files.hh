// Where a node of the mesh keeps what it knows: beside the peers file, whose folder belongs to cuttle-mesh.
// Touches the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hh"
#include "mesh/entry.hh"
#include "mesh/known.hh"

namespace cuttle::mesh {

struct Files {
  std::string peers;  // NODE.toml: for the agent
  std::string known;  // NODE.known.json: what was seen first
  std::string lock;   // whoever changes `known` or `own` has it (io/file_lock.hh)
  std::string own;    // NODE.entry.json: what this host published, proved
  std::string spare;  // NODE.spare.: how the names of its spare files begin
};
Files files_of(const std::string& peers_file);

// What a host that has joined lost both `known` and `peers` of.
enum class Lost : uint8_t { is_an_error, begins_anew };

// Nothing there reads as nothing known, where the peers file names nobody either: what is damaged, or gone
// from beside a peers file that names somebody, is an error, never forgotten; where that is gone, too, and
// `own` is there, as `lost` says. `roots_text`: root's configuration, which the peers file belongs to.
// `last`: what was read last time, which is not read again where the text is the same; may be null.
struct KnownText {
  std::string text;
  Known known;
};
Result<Known> read_known(const Files& files, std::string_view roots_text, Lost lost = Lost::is_an_error,
                         KnownText* last = nullptr);
// None: not there, this host has not joined.
Result<std::optional<Entry>> read_own(const Files& files, const std::string& host);

// Whole or not at all, readable by all; whose the folder is. On a full disk: into a spare file
// (mesh/spare_files.hh) whose name begins with `spare`, with the lock of that node.
Result<void> write_file(const std::string& path, const std::string& text, const std::string& spare = {});

}  // namespace cuttle::mesh
