// A folder of a test's own under the system's for temporary files, which goes with the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/check.hh"

namespace cuttle {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cuttle-test-XXXXXX").string();
    CUTTLE_CHECK(::mkdtemp(name.data()) != nullptr, "a test can make a folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code gone_already;
    std::filesystem::remove_all(path_, gone_already);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace cuttle
