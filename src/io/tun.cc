#include "io/tun.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/entropy.hh"
#include "io/interface_name.hh"
#include "io/links.hh"
#include "io/os_error.hh"

namespace cuttle {
namespace {

ifreq request_for(std::string_view name) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());  // shorter than IFNAMSIZ: checked by the callers
  return request;
}

// Why TUNSETIFF said no, in words.
tl::unexpected<Error> attach_failure(std::string_view name, int error_number) {
  const std::string what = fmt::format("interface {}: cannot attach to it", name);
  if (error_number == EBUSY) {
    const auto holder = tun_holder(name);
    return failure(fmt::format("interface {} is held by {}; stop that process first", name,
                               holder ? fmt::format("process {}", *holder) : "another process"));
  }
  if (error_number == EINVAL) {
    const auto link = find_link(name);
    if (link && link->has_value() && (*link)->kind != "tun") {
      return failure(
          fmt::format("interface {} exists and is no TUN interface (kind '{}'); name the peer "
                      "differently or remove that interface",
                      name, (*link)->kind.empty() ? "physical" : (*link)->kind));
    }
    return failure(
        fmt::format("interface {} exists with other settings (queues, or TAP); remove it with "
                    "'ip link delete {}' and start again",
                    name, name));
  }
  return os_failure(what, error_number);
}

Result<void> set_offloads(int fd, std::string_view name, bool segmentation) {
  const unsigned checksum = TUN_F_CSUM;
  const unsigned tcp = checksum | TUN_F_TSO4 | TUN_F_TSO6;
  if (!segmentation) {
    if (ioctl(fd, TUNSETOFFLOAD, checksum) == 0) return {};
  } else if (ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_TSO_ECN) == 0 || ioctl(fd, TUNSETOFFLOAD, tcp) == 0) {
    return {};
  }
  return os_failure(fmt::format("interface {}: cannot set checksum and segmentation offload", name), errno);
}

Result<void> set_mtu(std::string_view name, uint32_t mtu) {
  const FileDescriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(name);
  request.ifr_mtu = static_cast<int>(mtu);
  if (!control || ioctl(control.get(), SIOCSIFMTU, &request) != 0) {
    return os_failure(fmt::format("interface {}: cannot set its MTU to {}", name, mtu), errno,
                      errno == EINVAL ? "68 to 65535 is possible, at least 1280 for IPv6" : "");
  }
  return {};
}

tl::unexpected<Error> shared(std::string_view name) {
  return failure(fmt::format(
      "interface {0} has a queue of another process; remove it with 'ip link delete {0}' and start again",
      name));
}

// From here on nobody else attaches without CAP_NET_ADMIN. Until then everybody could: to an interface with
// several queues beside us, and his queue stays.
Result<void> own(const Tun& tun, uint32_t user) {
  if (ioctl(tun.fd(), TUNSETOWNER, static_cast<unsigned long>(user)) != 0) {
    return os_failure(fmt::format("interface {}: cannot give it to user {}", tun.name(), user), errno);
  }
  const auto link = find_link(tun.name());
  if (!link) return tl::unexpected(link.error());
  if (!*link || (*link)->queues <= 1) return {};
  return shared(tun.name());
}

// That nobody can guess, and no peer's: theirs have no capital letters.
std::string secret_name() {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  uint8_t random[12];
  fill_with_entropy(random);
  std::string name = "ct-";
  for (const uint8_t byte : random) name += kLetters[byte % kLetters.size()];
  return name;
}

}  // namespace

Result<Tun> Tun::attach(std::string_view name, const TunOptions& options) {
  FileDescriptor fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    return os_failure("cannot open /dev/net/tun", errno,
                      errno == ENOENT ? "the kernel module 'tun' is needed: modprobe tun" : "");
  }
  ifreq request = request_for(name);
  request.ifr_flags =
      static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (options.multi_queue ? IFF_MULTI_QUEUE : 0));
  if (ioctl(fd.get(), TUNSETIFF, &request) != 0) return attach_failure(name, errno);
  int header_bytes = kVirtioHeaderBytes;
  if (ioctl(fd.get(), TUNSETVNETHDRSZ, &header_bytes) != 0) {
    return os_failure(fmt::format("interface {}: cannot set the size of the packet header", name), errno);
  }
  return Tun(std::move(fd), std::string(name), options);
}

// A second process may attach to an interface with several queues, and would share its packets; until it has
// an owner, anybody may. A new one gets him under a name that nobody waits for.
Result<Tun> Tun::open_several(std::string_view name, const TunOptions& options) {
  const auto link = find_link(name);
  if (!link) return tl::unexpected(link.error());
  if (*link) {
    if ((*link)->queues == 0) return attach(name, options);
    const auto holder = tun_holder(name);
    if (!holder) return shared(name);
    return failure(fmt::format("interface {} is held by process {}; stop that process first", name, *holder));
  }
  const std::string secret = secret_name();
  auto tun = attach(secret, options);
  if (!tun) return tun;
  auto owned = own(*tun, options.owner_user.value_or(::geteuid()));
  if (owned) owned = rename_link(secret, name);
  if (!owned) {
    (void)remove_tun_link(secret);  // it would live as long as the other queue does
    return tl::unexpected(owned.error());
  }
  tun->name_ = name;
  return tun;
}

Result<Tun> Tun::open(std::string_view name, const TunOptions& options) {
  if (auto valid = check_interface_name(name); !valid) return tl::unexpected(valid.error());
  auto tun = options.multi_queue ? open_several(name, options) : attach(name, options);
  if (!tun) return tun;
  const int fd = tun->fd();
  if (auto owned = own(*tun, options.owner_user.value_or(::geteuid())); !owned) {
    return tl::unexpected(owned.error());
  }
  if (auto done = set_offloads(fd, name, options.segmentation); !done) return tl::unexpected(done.error());
  if (auto done = set_mtu(name, options.mtu); !done) return tl::unexpected(done.error());
  if (!options.alias.empty()) {
    if (auto named = set_link(name, {.alias = options.alias}); !named) return tl::unexpected(named.error());
  }
  // Last, so that an interface that could not be set up whole, or bears no name, does not stay behind.
  if (ioctl(fd, TUNSETPERSIST, 1UL) != 0) {
    return os_failure(fmt::format("interface {}: cannot make it outlive this process", name), errno);
  }
  return tun;
}

Result<Tun> Tun::open_queue() const {
  if (!options_.multi_queue) {
    return failure(fmt::format("interface {} was opened for one queue; ask for several when opening", name_));
  }
  return attach(name_, options_);
}

Result<void> Tun::remove(std::string_view name) {
  return remove_tun_link(name);
}

ssize_t Tun::readv(std::span<const iovec> pieces) {
  const ssize_t got = ::readv(fd_.get(), pieces.data(), static_cast<int>(pieces.size()));
  return got >= 0 ? got : -errno;
}

ssize_t Tun::writev(std::span<const iovec> pieces) {
  const ssize_t put = ::writev(fd_.get(), pieces.data(), static_cast<int>(pieces.size()));
  return put >= 0 ? put : -errno;
}

}  // namespace cuttle
