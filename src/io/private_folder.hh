// A folder for this process alone, gone with this.
#pragma once

#include <string>
#include <utility>

#include "base/result.hh"

namespace cuttle {

class PrivateFolder {
 public:
  static Result<PrivateFolder> make(const std::string& prefix);
  PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder();

  const std::string& path() const { return path_; }

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Copies a file into a new one, for its owner alone. Fails where there is anything of that name; what becomes
// of the name meanwhile, in a folder that somebody else may write to, changes no other file.
Result<void> copy_to_new_private_file(const std::string& from, const std::string& to);

}  // namespace cuttle
