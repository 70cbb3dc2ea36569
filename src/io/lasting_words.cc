#include "io/lasting_words.hh"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file_descriptor.hh"
#include "base/fnv1a.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

constexpr size_t kBytes = sizeof(LastingWords::Words) + sizeof(uint64_t);

// Never that of a file of zeros.
uint64_t sum_of(const LastingWords::Words& words) {
  Fnv1a hash;
  for (const uint64_t word : words) hash.add_number(word);
  return hash.value();
}

FileDescriptor open_or_make(const std::string& path, const struct stat& folder) {
  constexpr int kHow = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  FileDescriptor file(::open(path.c_str(), kHow));
  if (file || errno != ENOENT) return file;
  file = FileDescriptor(::open(path.c_str(), kHow | O_CREAT | O_EXCL, 0600));
  // So that whom the folder belongs to can open what root made when it first ran the agent.
  if (file && ::geteuid() == 0 && ::fchown(file.get(), folder.st_uid, folder.st_gid) != 0) return {};
  return file;
}

}  // namespace

Result<LastingWords> LastingWords::open(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct stat owner {};
  if (::stat(folder.empty() ? "." : folder.c_str(), &owner) != 0) return os_failure(path, errno);
  const FileDescriptor file = open_or_make(path, owner);
  if (!file) return os_failure(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      (status.st_uid != ::geteuid() && status.st_uid != owner.st_uid) || (status.st_mode & 077) != 0 ||
      status.st_nlink != 1) {
    return failure(path + ": something is there that is no file of this user's alone");
  }
  if (status.st_size != static_cast<off_t>(kBytes) && ::ftruncate(file.get(), 0) != 0) {
    return os_failure(path, errno);
  }
  // Now, while it can be said that the disk is full: later it would be the end of the process.
  if (const int error = ::posix_fallocate(file.get(), 0, kBytes); error != 0) {
    return os_failure(path, error);
  }
  void* map = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (map == MAP_FAILED) return os_failure(path, errno);
  return LastingWords(static_cast<uint64_t*>(map));
}

LastingWords::~LastingWords() {
  if (map_ != nullptr) ::munmap(map_, kBytes);
}

bool LastingWords::is_blank() const {
  return std::all_of(map_, map_ + std::tuple_size_v<Words> + 1, [](uint64_t word) { return word == 0; });
}

std::optional<LastingWords::Words> LastingWords::load() const {
  Words words;
  std::copy_n(map_, words.size(), words.begin());
  if (map_[words.size()] != sum_of(words)) return std::nullopt;
  return words;
}

void LastingWords::store(const Words& words) {
  std::ranges::copy(words, map_);
  map_[words.size()] = sum_of(words);
}

}  // namespace cuttle
