// A lane's UDP socket: connected to one peer, every datagram of one size in both directions. On the way out
// trains go to the kernel in one call (UDP_SEGMENT), on the way in they come as one (UDP_GRO), and a filter
// in the kernel drops every other size. Nothing on the wire depends on what is inside: DF set, TTL 64, TOS 0,
// IPv6 flow label 0. Source: Linux udp(7), ip(7), ipv6(7).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/counter.hh"
#include "base/file_descriptor.hh"
#include "base/ip.hh"
#include "base/result.hh"
#include "base/time.hh"
#include "engine/cell_socket.hh"
#include "io/size_filter.hh"
#include "io/tai_clock.hh"

namespace cuttle {

// What set_release_instant() can set.
enum class SocketInstants : uint8_t {
  none,
  monotonic,  // for fq
  tai,        // for etf. Needs CAP_NET_ADMIN
};

struct UdpOptions {
  Endpoint local;
  Endpoint remote;
  size_t cell_bytes = 0;       // the only size that is received
  uint32_t firewall_mark = 0;  // on every datagram, for the routing policy; 0: none. Needs CAP_NET_ADMIN
  size_t receive_buffer_bytes = 4 << 20;
  size_t send_buffer_bytes = 4 << 20;
  Duration busy_poll = {};  // poll the network card this long when receiving; 0: the system's default
  SocketInstants instants = SocketInstants::none;
  bool segmentation = true;  // false: one datagram a system call's entry, as on a card without offloads
  // Without a route to `remote`, sending fails until there is one; else opening does.
  bool may_wait_for_route = false;
  // Whose sockets alone may share the port: the effective user's when empty. To give it to another needs
  // CAP_CHOWN.
  std::optional<uint32_t> owner_user = {};
};

// Threading: one thread sends, one receives, any reads the counters.
class UdpSocket final : public CellSocket {
 public:
  static Result<UdpSocket> open(const UdpOptions& options);
  // One that another process opened so, at that address, with its filter's counter (size_filter.hh).
  static Result<UdpSocket> adopt(FileDescriptor fd, FileDescriptor counter, const IpAddress& own,
                                 bool segmentation = true);

  UdpSocket(UdpSocket&&) = default;
  UdpSocket& operator=(UdpSocket&&) = default;

  size_t send_train(const uint8_t* cells, size_t count, size_t cell_bytes) override;
  // Of the latest send_train, why it took fewer (EAGAIN: no room); 0 when it took all.
  int last_send_error() const { return send_error_; }
  std::optional<ReceivedTrain> receive(MutableBytes buffer) override;
  int fd() const override { return fd_.get(); }

  // From then on receives what the filter would have dropped. Where the kernel refuses that, it goes on
  // dropping.
  void accept_any_size();
  // What is to leave by an interface and would leave by another is dropped (queue_priority.hh).
  void set_way_out(uint32_t interface_index) override;
  // SO_TXTIME (Linux 4.19). Nothing is carried by a socket that was opened for another clock, or none.
  void set_release_instant(std::optional<Instant> instant, const InstantRules& rules) override;
  // What came back on the error queue. Until it is read, whoever waits for the socket is woken.
  size_t send_dropped_again(size_t cell_bytes) override;
  // For the queue of a clock device (clock_device.hh).
  bool send_pause(size_t frame_bytes, std::optional<Instant> due) override;
  // The smallest frame that has room for that.
  static constexpr size_t kSmallestPauseFrame = 72;

  // Datagrams of a wrong size that the filter dropped.
  uint64_t wrong_size_dropped() const { return filter_.dropped(); }
  // Packets (a train is one) dropped because the receive buffer was full or the UDP checksum wrong; with the
  // inexact filter also those it dropped.
  uint64_t receive_buffer_dropped() const;
  // ICMP errors that claimed to concern our datagrams. Anyone can forge them, so they are only counted.
  uint64_t icmp_errors_ignored() const {
    return shared_->icmp_on_send.value() + shared_->icmp_on_receive.value();
  }
  // On which CPU the kernel brought in what arrived last; nullopt before anything did.
  std::optional<uint32_t> arrival_cpu() const override;
  SocketDrops drops() const override {
    return {wrong_size_dropped(), receive_buffer_dropped(), icmp_errors_ignored()};
  }
  int counter() const { return filter_.counter(); }
  // False when only sizes below a cell's are dropped in the kernel, because it refused the exact filter.
  bool filter_is_exact() const { return filter_.is_exact(); }
  bool carries_instants(const InstantRules& rules) const override {
    return instants_ == (rules.goes_by_tai() ? SocketInstants::tai : SocketInstants::monotonic);
  }
  // False when the path out refused segmentation offload and each datagram goes by itself.
  bool segmentation() const override { return shared_->segmentation.load(std::memory_order_relaxed); }

 private:
  // What other threads read; apart, so that the socket can be moved.
  struct Shared {
    Counter icmp_on_send;
    Counter icmp_on_receive;
    std::atomic<bool> segmentation;
  };
  UdpSocket(FileDescriptor fd, SizeFilter filter, const UdpOptions& options);
  size_t send_segmented(const uint8_t* cells, size_t count, size_t cell_bytes);
  size_t send_one_by_one(const uint8_t* cells, size_t count, size_t cell_bytes);
  // A whole train with its headers.
  static constexpr size_t kDroppedBytes = kLargestTrainBytes + 128;
  size_t read_dropped(bool& by_queue);
  void put_priority();

  FileDescriptor fd_;
  SizeFilter filter_;
  std::unique_ptr<Shared> shared_;
  IpAddress own_;
  uint32_t way_out_ = 0;
  // The sending thread's: what stands on what it sends, as the queue's clock has it.
  std::optional<uint64_t> carried_ns_;
  uint32_t instants_priority_ = 0;
  uint32_t priority_ = 0;  // that was last set
  SocketInstants instants_ = SocketInstants::none;
  TaiClock tai_;
  std::unique_ptr<uint8_t[]> dropped_;  // room for a packet that came back; none: nothing does
  int send_error_ = 0;
  Instant last_arrival_{INT64_MIN};  // the receiving thread's
};

// Swallows and counts what arrives on a lane's port from addresses that no lane is connected to. Without it
// the kernel would answer each with an ICMP port unreachable, and tell an unknown source that nothing
// listens.
class UnknownSourceSocket {
 public:
  // `owner_user`: as in UdpOptions.
  static Result<UnknownSourceSocket> open(const Endpoint& local, std::optional<uint32_t> owner_user = {});
  static Result<UnknownSourceSocket> adopt(FileDescriptor fd, FileDescriptor counter);
  int fd() const { return fd_.get(); }
  int counter() const { return filter_.counter(); }
  uint64_t dropped() const { return filter_.dropped(); }

 private:
  UnknownSourceSocket(FileDescriptor fd, SizeFilter filter)
      : fd_(std::move(fd)), filter_(std::move(filter)) {}
  FileDescriptor fd_;
  SizeFilter filter_;
};

}  // namespace cuttle
