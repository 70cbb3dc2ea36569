// Root's own note of the highest number that an identity has proved. It lies beside that identity, for root
// alone: what else tells the number, the file of this host's own entry and the store, cuttle-mesh can set
// back, and a number that is proved twice is two words of one host. Touches the disk.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hh"
#include "crypto/signature.hh"
#include "io/file_lock.hh"

namespace cuttle::mesh {

class ProvedNumber {
 public:
  // Of the identity in `identity_file`, DIR/NODE.identity: DIR/NODE.number. As long as it is open, no other
  // process has it. An error: it cannot be read, or is damaged; it says what to do.
  static Result<ProvedNumber> open(const std::string& identity_file, const VerifyingKey& identity);

  // 0: none, as after an upgrade from a version without this note, or with another identity.
  uint64_t highest() const { return highest_; }
  // On the disk when it returns: before anybody sees what is proved with it.
  Result<void> raise_to(uint64_t number);

 private:
  ProvedNumber(FileLock lock, std::string path, std::string identity, uint64_t highest)
      : lock_(std::move(lock)), path_(std::move(path)), identity_(std::move(identity)), highest_(highest) {}

  FileLock lock_;
  std::string path_;
  std::string identity_;
  uint64_t highest_;
};

}  // namespace cuttle::mesh
