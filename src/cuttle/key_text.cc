#include "cuttle/key_text.hh"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

namespace {

Result<void> write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return os_failure("write the key", errno);
    text.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

}  // namespace

Result<std::string_view> read_key_text(KeyInput& memory) {
  size_t size = 0;
  while (size < KeyInput::kSize) {
    const ssize_t got = ::read(STDIN_FILENO, memory.data() + size, KeyInput::kSize - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_failure("read a key from standard input", errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  std::string_view text(reinterpret_cast<const char*>(memory.data()), size);
  const size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

Result<void> print_key_text(std::string_view text) {
  if (auto put = write_all(text); !put) return put;
  return write_all("\n");
}

void warn_if_others_can_read() {
  struct stat status {};
  if (::fstat(STDOUT_FILENO, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 077) == 0) return;
  fmt::print(
      stderr,
      "cuttle: warning: others can read the file this key goes to; `chmod 600` it, or `umask 077` first\n");
}

}  // namespace cuttle
