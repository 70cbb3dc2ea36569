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

// Makes an empty file for its owner alone. Fails where there is anything of that name.
Result<void> make_private_file(const std::string& path);

}  // namespace cuttle
