// A UDP socket as any program has one, that sends to one address.
#pragma once

#include "base/bytes.hh"
#include "base/file_descriptor.hh"
#include "base/ip.hh"
#include "base/result.hh"

namespace cuttle {

class PlainUdp {
 public:
  // Of the calling thread's network namespace.
  static Result<PlainUdp> open(const Endpoint& to);
  // Never waits: what finds no room is lost.
  void send(Bytes datagram) const;

 private:
  explicit PlainUdp(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace cuttle
