// Between two processes of ours: messages with their boundaries kept, in order, and file descriptors with
// them. Source: unix(7), SOCK_SEQPACKET and SCM_RIGHTS.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

struct ChannelMessage {
  std::string bytes;
  std::vector<FileDescriptor> descriptors;
};

class Channel {
 public:
  static constexpr size_t kMaxBytes = 32 << 10;
  static constexpr size_t kMaxDescriptors = 64;

  static Result<std::pair<Channel, Channel>> make_pair();
  explicit Channel(FileDescriptor socket) : socket_(std::move(socket)) {}

  // Both wait until then at most. An error: the other end is gone, or the time is up, or what came is larger
  // than a message may be. At least one byte goes with every message.
  Result<void> send(std::span<const char> bytes, std::span<const int> descriptors, Instant until) const;
  Result<ChannelMessage> receive(Instant until) const;

  // Whether the other end is still there.
  bool is_open() const;
  // False when nothing came until then; true, too, when the other end is gone.
  bool wait_to_receive(Instant until) const;

 private:
  bool wait(short what, Instant until) const;
  FileDescriptor socket_;
};

}  // namespace cuttle
