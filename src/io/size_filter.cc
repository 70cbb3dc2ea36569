#include "io/size_filter.hh"

#include <linux/filter.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <vector>

#include "io/bpf_program.hh"
#include "io/os_error.hh"

namespace cuttle {
namespace {

using namespace bpf;

// On a UDP socket the filter sees the packet from its UDP header on.
constexpr int32_t kUdpHeaderBytes = 8;
constexpr int32_t kPassAll = -1;

constexpr uint8_t kPacket = BPF_REG_6;  // survives calls
constexpr uint8_t kValue = BPF_REG_7;

// Counts the packet and the datagrams in it, and drops it.
std::vector<bpf_insn> count_and_drop(int map) {
  return {
      store32(BPF_REG_10, -4, 0),  // the key, on the stack
      move(BPF_REG_2, BPF_REG_10),
      add(BPF_REG_2, -4),
      load_map_first(BPF_REG_1, map),
      load_map_second(),
      call(BPF_FUNC_map_lookup_elem),
      jump_if_equal(BPF_REG_0, 0, 6),
      load32(kValue, kPacket, offsetof(__sk_buff, gso_segs)),
      jump_unless_equal(kValue, 0, 1),  // 0: a single datagram
      set(kValue, 1),
      atomic_add64(BPF_REG_0, offsetof(Dropped, datagrams), kValue),
      set(kValue, 1),
      atomic_add64(BPF_REG_0, offsetof(Dropped, packets), kValue),
      set(BPF_REG_0, 0),
      leave(),
  };
}

std::vector<bpf_insn> drop_everything(int map) {
  std::vector<bpf_insn> program{move(kPacket, BPF_REG_1)};
  const auto drop = count_and_drop(map);
  program.insert(program.end(), drop.begin(), drop.end());
  return program;
}

std::vector<bpf_insn> drop_other_sizes(int map, int32_t bytes) {
  std::vector<bpf_insn> program{
      move(kPacket, BPF_REG_1),
      load32(kValue, kPacket, offsetof(__sk_buff, gso_size)),
      jump_if_equal(kValue, bytes, 3),  // a train of ours: pass
      jump_unless_equal(kValue, 0, 4),  // a train of another size: drop
      load32(kValue, kPacket, offsetof(__sk_buff, len)),
      jump_unless_equal(kValue, bytes + kUdpHeaderBytes, 2),
      set(BPF_REG_0, kPassAll),
      leave(),
  };
  const auto drop = count_and_drop(map);
  program.insert(program.end(), drop.begin(), drop.end());
  return program;
}

Result<void> attach(int socket, std::span<const bpf_insn> program) {
  const auto loaded = load_program(BPF_PROG_TYPE_SOCKET_FILTER, program);
  if (!loaded) return tl::unexpected(loaded.error());
  const int fd = loaded->get();  // the socket keeps the program alive
  if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)) != 0) {
    return os_failure("cannot attach the socket filter", errno);
  }
  return {};
}

Result<void> attach_classic(int socket, std::vector<sock_filter> program) {
  const sock_fprog whole{static_cast<uint16_t>(program.size()), program.data()};
  if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof(whole)) != 0) {
    return os_failure("cannot attach the socket filter", errno);
  }
  return {};
}

// Classic BPF cannot see a train's segment size, so it passes whatever is at least one cell long.
std::vector<sock_filter> classic_at_least(uint32_t bytes) {
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, bytes + kUdpHeaderBytes, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
}

}  // namespace

Result<SizeFilter> SizeFilter::pass_only(int socket, size_t datagram_bytes) {
  auto map = create_counter();
  if (map && attach(socket, drop_other_sizes(map->get(), static_cast<int32_t>(datagram_bytes)))) {
    return adopt(std::move(*map));
  }
  if (auto done = attach_classic(socket, classic_at_least(static_cast<uint32_t>(datagram_bytes))); !done) {
    return tl::unexpected(done.error());
  }
  return adopt({});
}

Result<SizeFilter> SizeFilter::pass_nothing(int socket) {
  auto map = create_counter();
  if (map && attach(socket, drop_everything(map->get()))) return adopt(std::move(*map));
  if (auto done = attach_classic(socket, {BPF_STMT(BPF_RET | BPF_K, 0)}); !done) {
    return tl::unexpected(done.error());
  }
  return adopt({});
}

Result<SizeFilter> SizeFilter::adopt(FileDescriptor counter) {
  if (!counter) return SizeFilter({}, {});
  auto view = CounterView::of(counter.get());
  if (!view) return tl::unexpected(view.error());
  return SizeFilter(std::move(counter), std::move(*view));
}

uint64_t SizeFilter::dropped() const {
  return view_.read().datagrams;
}

uint64_t SizeFilter::packets_dropped() const {
  return view_.read().packets;
}

}  // namespace cuttle
