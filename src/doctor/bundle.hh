// A report for somebody else: what the doctor found, what the agent says, and how this machine's network is
// set up, in one tar file without keys.
#pragma once

#include <string>
#include <vector>

#include "base/result.hh"
#include "config/load.hh"
#include "doctor/finding.hh"

namespace cuttle::doctor {

struct BundleEntry {
  std::string name;  // of the file in it
  std::string text;
};

// `status`: the agent's document; empty where none answers. Runs commands that look (`ip`, `nft`, `tc`,
// `journalctl`, ...); what one of them complains of is in its file.
std::vector<BundleEntry> gather_bundle(const LoadedConfig& loaded, const Findings& findings,
                                       const std::string& status);

// Writes `file`, which must not be there, for its owner alone; packed where its name ends in .gz, .xz or
// .zst. Whatever looks like a key is replaced first (redact.hh). `folder` is what they are in, in the tar
// file. Needs the program tar.
Result<void> write_bundle(const std::string& file, const std::string& folder,
                          const std::vector<BundleEntry>& entries);

}  // namespace cuttle::doctor
