#include "capture/capture_bytes.hh"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "base/os_error.hh"

namespace cuttle::capture {

namespace {

constexpr unsigned kBufferBytes = 256 << 10;

struct GzipCloser {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

// Other compressions are recognised, so that one is told what to do.
struct Compression {
  std::string_view magic;
  const char* name;
  const char* unpack;
};
constexpr Compression kOthers[] = {{{"\xfd"
                                     "7zXZ",
                                     5},
                                    "xz",
                                    "xzcat"},
                                   {{"\x28\xb5\x2f\xfd", 4}, "zstd", "zstdcat"},
                                   {{"BZh", 3}, "bzip2", "bzcat"},
                                   {{"\x04\x22\x4d\x18", 4}, "lz4", "lz4cat"},
                                   {{"PK\x03\x04", 4}, "zip", "unzip -p"}};

}  // namespace

struct CaptureBytes::Stream {
  std::unique_ptr<gzFile_s, GzipCloser> file;
  uint64_t file_bytes = 0;  // 0: not known
};

CaptureBytes::CaptureBytes(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
CaptureBytes::~CaptureBytes() = default;

Result<std::unique_ptr<CaptureBytes>> CaptureBytes::open(const std::string& path, const std::string& name) {
  auto stream = std::make_unique<Stream>();
  const bool standard_input = path == "-";
  std::error_code error;
  if (!standard_input) {
    const auto status = std::filesystem::status(path, error);
    if (std::filesystem::is_directory(status)) {
      return failure(fmt::format("{}: cannot read the capture: it is a folder", name));
    }
    if (std::filesystem::is_regular_file(status))
      stream->file_bytes = std::filesystem::file_size(path, error);
  }
  errno = 0;
  stream->file.reset(standard_input ? gzdopen(fileno(stdin), "rb") : gzopen(path.c_str(), "rb"));
  if (!stream->file) {
    return failure(fmt::format("{}: cannot read the capture: {}", name, os_error_text(errno)));
  }
  gzbuffer(stream->file.get(), kBufferBytes);
  std::unique_ptr<CaptureBytes> bytes(new CaptureBytes(std::move(stream)));
  const int got = gzread(bytes->stream_->file.get(), bytes->start_.data(), unsigned{kStartBytes});
  bytes->start_bytes_ = static_cast<size_t>(std::max(got, 0));
  if (bytes->start_bytes_ == 0) {
    const std::string trouble = bytes->trouble();
    return failure(fmt::format("{}: the capture is empty{}{}", name, trouble.empty() ? "" : ": ", trouble));
  }
  const std::string_view head(reinterpret_cast<const char*>(bytes->start_.data()), bytes->start_bytes_);
  for (const Compression& other : kOthers) {
    if (head.substr(0, other.magic.size()) != other.magic) continue;
    return failure(
        fmt::format("{}: compressed by {}, which is not read here; `{} {}` unpacks it into a pipe (read "
                    "`-`) or a file",
                    name, other.name, other.unpack, name));
  }
  return bytes;
}

size_t CaptureBytes::read(uint8_t* to, size_t bytes) {
  const size_t from_start = std::min(bytes, start_bytes_ - start_taken_);
  std::copy_n(start_.data() + start_taken_, from_start, to);
  start_taken_ += from_start;
  size_t done = from_start;
  while (done < bytes) {
    const auto now = static_cast<unsigned>(std::min<size_t>(bytes - done, 1U << 30));
    const int got = gzread(stream_->file.get(), to + done, now);
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

std::string CaptureBytes::trouble() const {
  int number = Z_OK;
  const char* text = gzerror(stream_->file.get(), &number);
  if (number == Z_OK || number == Z_STREAM_END) return "";
  if (number == Z_ERRNO) return os_error_text(errno);
  return number == Z_BUF_ERROR ? "the gzip stream ends in its middle" : std::string("gzip: ") + text;
}

double CaptureBytes::fraction_read() const {
  if (stream_->file_bytes == 0) return -1;
  return static_cast<double>(gzoffset(stream_->file.get())) / static_cast<double>(stream_->file_bytes);
}

}  // namespace cuttle::capture
