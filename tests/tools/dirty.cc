// Dirties a file, more of it than there is memory, and says later whether each byte came back.
//   dirty write FILE --mib 512 --seed 1 [--map]: by write(2), or through a shared mapping; ends with fsync
//   dirty check FILE --mib 512 --seed 1
// A line for each sixteenth says how far it is.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "base/file_descriptor.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr size_t kMiB = 1 << 20;

struct Task {
  std::string path;
  size_t mib = 64;
  uint64_t seed = 1;
  bool map = false;
};

// No two blocks alike, whatever the seed (SplitMix64 over the position).
void fill(uint8_t* out, uint64_t seed, size_t mib) {
  uint64_t state = (seed << 40) + mib * (kMiB / sizeof(uint64_t));
  for (size_t at = 0; at < kMiB; at += sizeof(uint64_t)) {
    uint64_t mixed = ++state * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed ^= mixed >> 27;
    std::memcpy(out + at, &mixed, sizeof(mixed));
  }
}

void say_progress(const char* what, size_t done, size_t all) {
  if (done * 16 / all != (done - 1) * 16 / all)
    std::cout << what << " " << done << " of " << all << " MiB" << std::endl;
}

void write_all(int fd, const uint8_t* bytes, size_t count) {
  while (count > 0) {
    const ssize_t written = write(fd, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) die_of_errno("write");
    bytes += written;
    count -= static_cast<size_t>(written);
  }
}

// Space first, so that a full disk is an error here and no SIGBUS.
uint8_t* mapped(int fd, size_t bytes) {
  if (const int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes)); error != 0) {
    die("fallocate: " + os_error_text(error));
  }
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) die_of_errno("mmap");
  return static_cast<uint8_t*>(memory);
}

int write_file(const Task& task) {
  const FileDescriptor file(open(task.path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) die_of_errno(task.path);
  uint8_t* const memory = task.map ? mapped(file.get(), task.mib * kMiB) : nullptr;
  std::vector<uint8_t> block(kMiB);
  for (size_t mib = 0; mib < task.mib; ++mib) {
    if (task.map) {
      fill(memory + mib * kMiB, task.seed, mib);
    } else {
      fill(block.data(), task.seed, mib);
      write_all(file.get(), block.data(), block.size());
    }
    say_progress("dirtied", mib + 1, task.mib);
  }
  if (fsync(file.get()) != 0) die_of_errno("fsync");
  return 0;
}

int check_file(const Task& task) {
  const FileDescriptor file(open(task.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) die_of_errno(task.path);
  std::vector<uint8_t> block(kMiB);
  std::vector<uint8_t> expected(kMiB);
  for (size_t mib = 0; mib < task.mib; ++mib) {
    for (size_t have = 0; have < kMiB;) {
      const ssize_t got = read(file.get(), block.data() + have, kMiB - have);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) die_of_errno("read");
      if (got == 0) die("the file ends after " + std::to_string(mib * kMiB + have) + " bytes");
      have += static_cast<size_t>(got);
    }
    fill(expected.data(), task.seed, mib);
    if (block != expected) die("MiB " + std::to_string(mib) + " is not what was written");
    say_progress("checked", mib + 1, task.mib);
  }
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("Dirties a file, and checks it", "dirty");
  app.require_subcommand(1);
  Task task;
  CLI::App* const write = app.add_subcommand("write", "fills the file, then waits until it is on the disk");
  CLI::App* const check = app.add_subcommand("check", "compares every byte");
  for (CLI::App* const word : {write, check}) {
    word->add_option("FILE", task.path)->required();
    word->add_option("--mib", task.mib)->check(CLI::Range(1, 65536));
    word->add_option("--seed", task.seed);
  }
  write->add_flag("--map", task.map, "through a shared mapping");
  CLI11_PARSE(app, argc, argv);
  return write->parsed() ? write_file(task) : check_file(task);
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
