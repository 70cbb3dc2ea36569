// The bytes of a capture, wherever they come from: a file, a pipe, standard input, each as it is or
// compressed by gzip.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hh"
#include "base/result.hh"

namespace cuttle::capture {

class CaptureBytes {
 public:
  // `path` may be "-", standard input; `name` is for messages. Errors: no such file, nothing in it, a
  // compression that is not read here.
  static Result<std::unique_ptr<CaptureBytes>> open(const std::string& path, const std::string& name);
  ~CaptureBytes();

  // Fewer than asked for only where they end, or could not be read further: see trouble().
  size_t read(uint8_t* to, size_t bytes);
  // The first bytes, without taking them: fewer than eight where there are no more.
  Bytes start() const { return {start_.data(), start_bytes_}; }
  // Why a compressed stream could not be read to its end; empty where it could.
  std::string trouble() const;
  // Share read so far, 0 to 1; negative where nobody knows how much comes.
  double fraction_read() const;

 private:
  static constexpr uint32_t kStartBytes = 8;
  struct Stream;
  explicit CaptureBytes(std::unique_ptr<Stream> stream);
  std::unique_ptr<Stream> stream_;
  std::array<uint8_t, kStartBytes> start_{};
  size_t start_bytes_ = 0;
  size_t start_taken_ = 0;
};

}  // namespace cuttle::capture
