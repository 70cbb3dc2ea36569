// Where an agent keeps the preshared keys that its links agree on (link/preshared_ratchet.hh). One file for
// all links, opened at the start: a confined agent opens none, but writes to what it has.
//
// The file holds two copies, each with a number and a check. They are written one after the other, and each
// is on the disk before the next is begun; so whatever happens in between, one is whole, and at the end no
// key that was given up stands in either.
//
// One thread, which may have to wait for the disk: not one that serves links.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"
#include "link/preshared_ratchet.hh"

namespace cuttle {

using KeptPreshared = std::map<std::string, RenewedKeys>;  // by the peer's name

// A copy as it stands in the file; wipe it. Pure, like the next.
std::string preshared_copy(uint64_t number, const KeptPreshared& kept);
struct PresharedCopy {
  uint64_t number;
  KeptPreshared kept;
};
// None: not whole. What follows it does not matter.
std::optional<PresharedCopy> parse_preshared_copy(std::string_view bytes);

// What is kept beside `present` of peers that are not in the configuration: one can be out of it for a
// moment, and would fall back to the configured key. Not what is older than kAbsentFor, nor more than
// kMaxAbsent, the newest. `wall_clock_ns`: since 1970. Pure.
inline constexpr Duration kAbsentFor = seconds(61 * 86'400);  // a key's longest life, and a month
inline constexpr size_t kMaxAbsent = 512;
KeptPreshared with_absent(KeptPreshared present, const KeptPreshared& before, uint64_t wall_clock_ns);

class PresharedFile {
 public:
  static constexpr size_t kCopyBytes = size_t{512} << 10;  // of all the links that a node can have

  // Made where there is none, readable by its owner alone. An error for what others may read, belongs to
  // somebody else, or is open in another agent.
  static Result<PresharedFile> open(const std::string& path);

  // What was kept for a peer; nothing where it has none.
  RenewedKeys of(const std::string& peer) const;
  // Something was in the file, and no copy of it was whole.
  bool was_damaged() const { return was_damaged_; }
  // Instead of all that was. Returns once the disk has it. After an error it has that or what was before.
  Result<void> keep(KeptPreshared kept);
  const KeptPreshared& kept() const { return kept_; }

 private:
  PresharedFile(std::string path, FileDescriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Result<void> load();
  Result<void> write_copy(size_t place, std::string_view bytes);

  std::string path_;
  FileDescriptor fd_;
  KeptPreshared kept_;
  uint64_t number_ = 0;
  size_t newest_ = 1;  // place of the copy of that number
  size_t used_ = 0;    // bytes of a place that may not be zero
  bool was_damaged_ = false;
  bool copies_differ_ = false;  // the one who wrote was interrupted between the two
};

}  // namespace cuttle
