#include "capture/spool.hh"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/os_error.hh"

namespace cuttle::capture {

Result<std::string> Spool::path() {
  std::error_code error;
  const auto status = std::filesystem::status(path_, error);
  const bool is_pipe =
      path_ == "-" || std::filesystem::is_fifo(status) || std::filesystem::is_character_file(status);
  if (!is_pipe) return path_;  // whatever is wrong with it is said by who opens it
  if (!kept_) {
    auto filled = fill();
    if (!filled) return tl::unexpected(filled.error());
  }
  return fmt::format("/proc/self/fd/{}", fileno(kept_.get()));
}

Result<void> Spool::fill() {
  std::unique_ptr<FILE, FileCloser> kept(std::tmpfile());
  if (!kept)
    return failure(fmt::format("{}: no temporary file to keep it in: {}", name(), os_error_text(errno)));
  std::unique_ptr<FILE, FileCloser> opened;
  if (path_ != "-") {
    opened.reset(std::fopen(path_.c_str(), "rb"));
    if (!opened) return failure(fmt::format("{}: cannot read the capture: {}", name(), os_error_text(errno)));
  }
  FILE* from = opened ? opened.get() : stdin;
  std::vector<char> buffer(1 << 20);
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), from)) {
    if (std::fwrite(buffer.data(), 1, got, kept.get()) < got) {
      return failure(fmt::format("{}: cannot be kept in a temporary file: {}", name(), os_error_text(errno)));
    }
  }
  if (std::ferror(from) != 0) {
    return failure(fmt::format("{}: cannot read the capture: {}", name(), os_error_text(errno)));
  }
  if (std::fflush(kept.get()) != 0) {
    return failure(fmt::format("{}: cannot be kept in a temporary file: {}", name(), os_error_text(errno)));
  }
  kept_ = std::move(kept);
  return {};
}

}  // namespace cuttle::capture
