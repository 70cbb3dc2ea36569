// A persistent TUN interface with checksum and TCP segmentation offload: reads hand over packets of up to
// 64 KiB, each with a VirtioHeader. It outlives the process, so that the connections through it do, too.
// Source: Linux Documentation/networking/tuntap.rst, drivers/net/tun.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "engine/packet_device.hh"
#include "engine/virtio_header.hh"

namespace cuttle {

struct TunOptions {
  uint32_t mtu = 1500;
  bool multi_queue = false;  // allows open_queue(); fixed for the interface's life
  bool segmentation = true;  // false: no packet larger than the MTU is handed over
  // Who alone may attach to it without CAP_NET_ADMIN: the effective user when empty. An interface without an
  // owner would be everybody's.
  std::optional<uint32_t> owner_user = {};
  std::string alias = {};  // links.hh; one that outlives its maker has it. Empty: none is set
};

class Tun final : public PacketDevice {
 public:
  // Creates the interface, or takes over the persistent one of that name that no process holds, whoever owned
  // it before. It is left down, as a new one is: links.hh brings it up. Needs CAP_NET_ADMIN.
  static Result<Tun> open(std::string_view name, const TunOptions& options);
  // A queue that another process opened so.
  static Tun adopt(FileDescriptor fd, std::string_view name, const TunOptions& options) {
    return Tun(std::move(fd), std::string(name), options);
  }
  // Ends the persistent interface, whoever holds it. No error when there is none; an error when the name
  // belongs to an interface of another kind.
  static Result<void> remove(std::string_view name);

  Tun(Tun&&) = default;
  Tun& operator=(Tun&&) = default;

  // One more queue of the same interface, for another thread. Needs multi_queue.
  Result<Tun> open_queue() const;

  ssize_t readv(std::span<const iovec> pieces) override;
  ssize_t writev(std::span<const iovec> pieces) override;
  int fd() const override { return fd_.get(); }
  const std::string& name() const { return name_; }

 private:
  Tun(FileDescriptor fd, std::string name, const TunOptions& options)
      : fd_(std::move(fd)), name_(std::move(name)), options_(options) {}
  static Result<Tun> open_several(std::string_view name, const TunOptions& options);
  static Result<Tun> attach(std::string_view name, const TunOptions& options);

  FileDescriptor fd_;
  std::string name_;
  TunOptions options_;
};

// For a message alone: which process holds a queue of the TUN interface `name`, by its name and the process's
// network namespace, which need not be the interface's. Nullopt when none does that this process may look at.
// Whether it is held, the kernel says (Link::carrier, Link::queues).
std::optional<int> tun_holder(std::string_view name);

}  // namespace cuttle
