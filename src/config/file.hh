// Reading small files whole: the only place of src/config that touches the machine.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/bytes.hh"
#include "base/result.hh"

namespace cuttle {

// What a regular file holds; at most `most_bytes`. Errors are the reason alone: "No such file or directory".
Result<std::string> read_text_file(const std::string& path, size_t most_bytes);

struct SecretFile {
  size_t bytes = 0;  // what was read; more than fits reads as out.size()
  mode_t mode = 0;   // permission bits
  uid_t owner = 0;
};

// Reads a file that holds a secret into memory of the caller's, who wipes it. No copy stays behind.
Result<SecretFile> read_secret_file(const std::string& path, MutableBytes out);

}  // namespace cuttle
