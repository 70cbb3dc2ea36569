// Packets from an interface as they pass, for a bounded time, optionally recorded to a file at once.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.hh"
#include "base/time.hh"
#include "capture/packet_source.hh"

namespace cuttle::capture {

struct LiveOptions {
  std::string interface;
  Duration length;        // next() ends the source after this
  int snap_bytes = 96;    // enough for every field of a PacketRecord, IPv6 included
  std::string record_to;  // a pcap file, overwritten; empty: none
  bool outgoing_only = false;
};

class LiveCapture : public PacketSource {
 public:
  // Needs CAP_NET_RAW. Errors: no such interface, no permission, the file cannot be written.
  static Result<std::unique_ptr<LiveCapture>> open(const LiveOptions& options);
  ~LiveCapture() override;

  // Blocks until a packet comes, the time is over, or stop() was called.
  Result<bool> next(PacketRecord& record) override;
  double fraction_read() const override;

  // From any thread or a signal handler.
  void stop() { stopped_.store(true, std::memory_order_relaxed); }

  // Packets the kernel dropped because this process was too slow.
  uint64_t dropped() const;

 private:
  struct State;
  explicit LiveCapture(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace cuttle::capture
