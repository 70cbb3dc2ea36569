// What `bench xdp` measures: one thread sends a train of cells from one network namespace to another and
// receives it there, again and again, through a UDP socket as the agent's (GSO, GRO), or past the socket
// layer with AF_XDP in copy mode, which every driver can. No sealing on either way, and no copy but the
// kernel's: a cell could be sealed where it lies. Source: Linux, Documentation/networking/af_xdp.rst.
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "io/bpf_program.hh"
#include "io/clock.hh"
#include "io/network_namespace.hh"
#include "io/udp.hh"

namespace cuttle {
namespace {

constexpr size_t kCellBytes = 1472;
constexpr size_t kHeaderBytes = sizeof(ethhdr) + sizeof(iphdr) + sizeof(udphdr);
constexpr uint16_t kPort = 4410;
constexpr const char kDevice[] = "u0";  // in both namespaces (bench/lib/spaces.py)
constexpr Duration kLost = milliseconds(20);

[[noreturn]] void give_up(const std::string& what) {
  fmt::print(stderr, "past_socket: {}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

// Both ends of a way: a train goes in at one, and is waited for at the other.
class Way {
 public:
  virtual ~Way() = default;
  virtual void send(size_t cells) = 0;
  virtual size_t receive() = 0;  // cells that have come; 0: none yet
};

class SocketWay final : public Way {
 public:
  SocketWay(UdpSocket from, UdpSocket to) : from_(std::move(from)), to_(std::move(to)) {}

  void send(size_t cells) override {
    if (from_.send_train(train_.data(), cells, kCellBytes) != cells) give_up("a train was not taken whole");
  }
  size_t receive() override {
    const auto train = to_.receive(room_);
    return train ? train->bytes / kCellBytes : 0;
  }

 private:
  UdpSocket from_;
  UdpSocket to_;
  std::vector<uint8_t> train_ = std::vector<uint8_t>(kCellBytes * 64);
  std::vector<uint8_t> room_ = std::vector<uint8_t>(65536);
};

// One ring that the kernel shares.
class XdpRing {
 public:
  static constexpr uint32_t kEntries = 1024;

  void map(int fd, const xdp_ring_offset& offsets, off_t page, size_t entry_bytes) {
    auto* at = static_cast<uint8_t*>(::mmap(nullptr, offsets.desc + kEntries * entry_bytes,
                                            PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page));
    if (at == MAP_FAILED) give_up("cannot map an AF_XDP ring");
    producer_ = reinterpret_cast<uint32_t*>(at + offsets.producer);
    consumer_ = reinterpret_cast<uint32_t*>(at + offsets.consumer);
    entries_ = at + offsets.desc;
  }
  uint32_t filled() const {
    return __atomic_load_n(producer_, __ATOMIC_ACQUIRE) - __atomic_load_n(consumer_, __ATOMIC_ACQUIRE);
  }
  template <typename Entry>
  Entry& at(uint32_t index) {
    return reinterpret_cast<Entry*>(entries_)[index % kEntries];
  }
  uint32_t producer() const { return *producer_; }
  uint32_t consumer() const { return *consumer_; }
  void produce(uint32_t count) { __atomic_store_n(producer_, *producer_ + count, __ATOMIC_RELEASE); }
  void consume(uint32_t count) { __atomic_store_n(consumer_, *consumer_ + count, __ATOMIC_RELEASE); }

 private:
  uint32_t* producer_ = nullptr;
  uint32_t* consumer_ = nullptr;
  uint8_t* entries_ = nullptr;
};

class XdpSocket {
 public:
  static constexpr size_t kFrameBytes = 2048;

  XdpSocket() : fd_(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    if (!fd_) give_up("no AF_XDP here");
    memory_ = static_cast<uint8_t*>(::mmap(nullptr, XdpRing::kEntries * kFrameBytes, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
    if (memory_ == MAP_FAILED) give_up("no memory for frames");
    xdp_umem_reg region{};
    region.addr = reinterpret_cast<uintptr_t>(memory_);
    region.len = XdpRing::kEntries * kFrameBytes;
    region.chunk_size = kFrameBytes;
    set(XDP_UMEM_REG, &region, sizeof(region));
    for (const int ring : {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING}) {
      set(ring, &XdpRing::kEntries, sizeof(XdpRing::kEntries));
    }
    xdp_mmap_offsets offsets{};
    socklen_t size = sizeof(offsets);
    if (::getsockopt(fd_.get(), SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) != 0) give_up("XDP_MMAP_OFFSETS");
    fill.map(fd_.get(), offsets.fr, static_cast<off_t>(XDP_UMEM_PGOFF_FILL_RING), sizeof(uint64_t));
    completion.map(fd_.get(), offsets.cr, static_cast<off_t>(XDP_UMEM_PGOFF_COMPLETION_RING),
                   sizeof(uint64_t));
    received.map(fd_.get(), offsets.rx, XDP_PGOFF_RX_RING, sizeof(xdp_desc));
    sent.map(fd_.get(), offsets.tx, XDP_PGOFF_TX_RING, sizeof(xdp_desc));
  }
  void bind_to_device() {
    sockaddr_xdp address{};
    address.sxdp_family = AF_XDP;
    address.sxdp_flags = XDP_COPY;
    address.sxdp_ifindex = ::if_nametoindex(kDevice);
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      give_up("AF_XDP cannot bind");
  }
  uint8_t* frame(uint32_t index) { return memory_ + (index % XdpRing::kEntries) * kFrameBytes; }
  static uint64_t address_of(uint32_t index) { return (index % XdpRing::kEntries) * kFrameBytes; }
  int fd() const { return fd_.get(); }

  XdpRing fill, completion, received, sent;

 private:
  void set(int option, const void* value, socklen_t size) {
    if (::setsockopt(fd_.get(), SOL_XDP, option, value, size) != 0)
      give_up(fmt::format("AF_XDP's option {}", option));
  }
  FileDescriptor fd_;
  uint8_t* memory_ = nullptr;
};

// Whatever comes to the device goes to the socket. It ends with the descriptors.
class ToSocket {
 public:
  explicit ToSocket(int socket) {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_XSKMAP;
    attributes.key_size = attributes.value_size = sizeof(uint32_t);
    attributes.max_entries = 1;
    map_ = FileDescriptor(call(BPF_MAP_CREATE, attributes));
    if (!map_) give_up("no map for AF_XDP sockets");
    constexpr uint32_t kQueue = 0;
    attributes = {};
    attributes.map_fd = static_cast<uint32_t>(map_.get());
    attributes.key = reinterpret_cast<uintptr_t>(&kQueue);
    attributes.value = reinterpret_cast<uintptr_t>(&socket);
    if (call(BPF_MAP_UPDATE_ELEM, attributes) != 0) give_up("the AF_XDP socket cannot be entered");
    const std::array<bpf_insn, 6> program{bpf::load_map_first(BPF_REG_1, map_.get()),
                                          bpf::load_map_second(),
                                          bpf::set(BPF_REG_2, 0),
                                          bpf::set(BPF_REG_3, XDP_PASS),
                                          bpf::call(BPF_FUNC_redirect_map),
                                          bpf::leave()};
    auto loaded = bpf::load_program(BPF_PROG_TYPE_XDP, program);
    if (!loaded) give_up(loaded.error().message);
    program_ = std::move(*loaded);
    attributes = {};
    attributes.link_create.prog_fd = static_cast<uint32_t>(program_.get());
    attributes.link_create.target_ifindex = ::if_nametoindex(kDevice);
    attributes.link_create.attach_type = BPF_XDP;
    link_ = FileDescriptor(call(BPF_LINK_CREATE, attributes));
    if (!link_) give_up("the XDP program cannot be attached");
  }

 private:
  static int call(bpf_cmd command, bpf_attr& attributes) {
    return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
  }
  FileDescriptor map_, program_, link_;
};

class XdpWay final : public Way {
 public:
  // Each made in its namespace.
  struct Ends {
    std::optional<XdpSocket> from, to;
    std::optional<ToSocket> into;
  };
  explicit XdpWay(Ends& ends) : from_(*ends.from), to_(*ends.to) {
    for (uint32_t i = 0; i < XdpRing::kEntries; ++i) {
      write_frame(from_.frame(i));
      to_.fill.at<uint64_t>(i) = XdpSocket::address_of(i);
    }
    to_.fill.produce(XdpRing::kEntries);
  }

  void send(size_t cells) override {
    const uint32_t first = from_.sent.producer();
    for (uint32_t i = 0; i < cells; ++i) {
      from_.sent.at<xdp_desc>(first + i) = {XdpSocket::address_of(first + i), kHeaderBytes + kCellBytes, 0};
    }
    from_.sent.produce(static_cast<uint32_t>(cells));
    while (from_.sent.filled() > 0) {  // a call takes so many at most
      if (::sendto(from_.fd(), nullptr, 0, MSG_DONTWAIT, nullptr, 0) < 0 && errno != EAGAIN &&
          errno != EBUSY) {
        give_up("AF_XDP cannot send");
      }
    }
    from_.completion.consume(from_.completion.filled());
  }
  size_t receive() override {
    const uint32_t count = to_.received.filled();
    const uint32_t refill = to_.fill.producer();
    const uint32_t first = to_.received.consumer();
    size_t cells = 0;
    for (uint32_t i = 0; i < count; ++i) {
      const auto& entry = to_.received.at<xdp_desc>(first + i);
      cells += entry.len == kHeaderBytes + kCellBytes;
      to_.fill.at<uint64_t>(refill + i) = entry.addr;
    }
    to_.received.consume(count);
    to_.fill.produce(count);
    return cells;
  }

 private:
  static void write_frame(uint8_t* frame) {
    std::memset(frame, 0xff, 2 * ETH_ALEN);  // to all: no address has to be known
    auto* ethernet = reinterpret_cast<ethhdr*>(frame);
    ethernet->h_source[0] = 2;
    ethernet->h_proto = __builtin_bswap16(ETH_P_IP);
    auto* ip = reinterpret_cast<iphdr*>(frame + sizeof(ethhdr));
    ip->version = 4;
    ip->ihl = 5;
    ip->ttl = 64;
    ip->protocol = IPPROTO_UDP;
    ip->tot_len = __builtin_bswap16(kHeaderBytes - sizeof(ethhdr) + kCellBytes);
    auto* udp = reinterpret_cast<udphdr*>(frame + sizeof(ethhdr) + sizeof(iphdr));
    udp->source = udp->dest = __builtin_bswap16(kPort);
    udp->len = __builtin_bswap16(sizeof(udphdr) + kCellBytes);
  }

  XdpSocket& from_;
  XdpSocket& to_;
};

template <typename Make>
auto in_space(const std::string& name, Make make) {
  auto visit = NamespaceVisit::enter(name);
  if (!visit) give_up(visit.error().message);
  return make();
}

UdpSocket open_socket(const std::string& own, const std::string& other) {
  UdpOptions options;
  options.local = {*IpAddress::parse(own), kPort};
  options.remote = {*IpAddress::parse(other), kPort};
  options.cell_bytes = kCellBytes;
  auto socket = UdpSocket::open(options);
  if (!socket) give_up(socket.error().message);
  return std::move(*socket);
}

int measure(Way& way, size_t cells, Duration time) {
  const MonotonicClock clock;
  const auto cross = [&] {
    way.send(cells);
    const Instant sent = clock.now();
    size_t came = 0;
    while (came < cells && clock.now() - sent < kLost) came += way.receive();
    return came;
  };
  for (int i = 0; i < 100; ++i) cross();  // what is asked of the device for the first time
  uint64_t sent = 0;
  uint64_t came = 0;
  const Instant began = clock.now();
  Instant now = began;
  for (; now - began < time; now = clock.now()) {
    came += cross();
    sent += cells;
  }
  fmt::print("{{\"ns_per_cell\": {:.1f}, \"lost\": {}}}\n",
             static_cast<double>((now - began).ns) / static_cast<double>(sent), sent - came);
  return came * 100 > sent * 99 ? 0 : 1;
}

int run(const std::string& kind, const std::array<std::string, 2>& spaces, size_t cells, Duration time) {
  constexpr const char* kAddress[] = {"10.99.0.1", "10.99.0.2"};  // bench/lib/spaces.py
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  ::sched_setaffinity(0, sizeof(one), &one);
  if (kind == "socket") {
    SocketWay way(in_space(spaces[0], [&] { return open_socket(kAddress[0], kAddress[1]); }),
                  in_space(spaces[1], [&] { return open_socket(kAddress[1], kAddress[0]); }));
    return measure(way, cells, time);
  }
  XdpWay::Ends ends;
  in_space(spaces[0], [&] { ends.from.emplace().bind_to_device(); });
  in_space(spaces[1], [&] {
    ends.to.emplace().bind_to_device();
    ends.into.emplace(ends.to->fd());
  });
  XdpWay way(ends);
  return measure(way, cells, time);
}

}  // namespace
}  // namespace cuttle

int main(int count, char** words) {
  if (count != 6 || (std::strcmp(words[1], "socket") != 0 && std::strcmp(words[1], "xdp") != 0)) {
    fmt::print(stderr, "usage: past_socket socket|xdp SPACE-A SPACE-B CELLS SECONDS\n");
    return 2;
  }
  return cuttle::run(words[1], {words[2], words[3]}, std::strtoul(words[4], nullptr, 10),
                     cuttle::seconds(std::atoi(words[5])));
}
