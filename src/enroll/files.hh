// Files with a private key, for their owner alone, and other files written whole or not at all. Touches the
// disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"

namespace cuttle::enroll {

// Whose a file is, once it is written.
enum class Owner : uint8_t {
  writer,  // whoever runs this
  folder   // where root writes into another user's folder: that user
};

// Writes several files so that either all of them change or none: first beside their places, then renamed.
// What was written is undone unless commit() succeeded; then it is on the disk, whatever happens to the
// machine. One thread.
class FileBatch {
 public:
  FileBatch() = default;
  FileBatch(const FileBatch&) = delete;
  FileBatch& operator=(const FileBatch&) = delete;
  ~FileBatch();

  // Folders that are missing are made, for their owner alone.
  Result<void> add(const std::string& path, std::string_view text, bool secret, Owner owner = Owner::writer);
  Result<void> commit();

 private:
  std::vector<std::string> paths_;    // not yet in place: PATH.part is
  std::vector<std::string> folders_;  // made by us
};

}  // namespace cuttle::enroll
