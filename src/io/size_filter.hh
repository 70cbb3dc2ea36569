// A socket filter that lets only datagrams of one size through, inside the kernel, before anything is queued
// or anyone is woken. An eBPF program, because only that can see the segment size of a received train.
// Source: Linux Documentation/bpf, include/uapi/linux/bpf.h; for the fallback
// Documentation/networking/filter.rst.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "io/bpf_program.hh"

namespace cuttle {

class SizeFilter {
 public:
  // For a UDP socket: passes datagrams whose payload is exactly `datagram_bytes`, and trains of such (the
  // last of a train may be shorter: the receiver must check it). Where eBPF is refused (no CAP_BPF), a
  // classic filter drops at least what is shorter, and counts nothing.
  static Result<SizeFilter> pass_only(int socket, size_t datagram_bytes);
  // Passes nothing.
  static Result<SizeFilter> pass_nothing(int socket);

  // Datagrams dropped so far. Any thread.
  uint64_t dropped() const;
  // The same in the kernel's packets: a received train is one.
  uint64_t packets_dropped() const;
  bool is_exact() const { return static_cast<bool>(map_); }

  // The counter's descriptor, for another process that takes the socket over; -1 without the exact filter.
  int counter() const { return map_.get(); }
  // There: of a socket that has its filter. `counter` may be empty.
  static Result<SizeFilter> adopt(FileDescriptor counter);

 private:
  SizeFilter(FileDescriptor map, bpf::CounterView view) : map_(std::move(map)), view_(std::move(view)) {}
  FileDescriptor map_;  // of one bpf::Dropped
  bpf::CounterView view_;
};

}  // namespace cuttle
