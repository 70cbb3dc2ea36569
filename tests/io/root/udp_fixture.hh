// Lanes between the two nodes of TwoNodes, and a packet socket that sees what is on the wire.
#pragma once

#include <linux/if_ether.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <numeric>
#include <vector>

#include "io/socket_address.hh"
#include "io/udp.hh"
#include "namespace.hh"

namespace cuttle {

inline constexpr size_t kCell = 1452;

inline Endpoint endpoint(const std::string& text) {
  return Endpoint::parse(text).value();
}

// `count` cells, each filled with its own number.
inline std::vector<uint8_t> numbered_cells(size_t count, size_t cell_bytes = kCell) {
  std::vector<uint8_t> cells(count * cell_bytes);
  for (size_t i = 0; i < cells.size(); ++i) cells[i] = static_cast<uint8_t>(i / cell_bytes);
  return cells;
}

inline size_t datagrams(const std::vector<ReceivedTrain>& trains) {
  return std::accumulate(trains.begin(), trains.end(), size_t{0}, [](size_t sum, const ReceivedTrain& train) {
    return sum + (train.bytes + train.segment_bytes - 1) / train.segment_bytes;
  });
}

// Patience on a busy machine, for what must come; and how long to look out for what must not.
inline constexpr int kTimeout_ms = 5000;
inline constexpr int kLookout_ms = 100;

// What arrives: waits for `expected` datagrams, then a moment for any that are too many.
inline std::vector<ReceivedTrain> receive(CellSocket& socket, size_t expected,
                                          std::vector<uint8_t>* bytes = nullptr) {
  std::vector<ReceivedTrain> trains;
  std::vector<uint8_t> buffer(kLargestTrainBytes);
  const auto wait_ms = [&] { return datagrams(trains) < expected ? kTimeout_ms : kLookout_ms; };
  for (pollfd entry{socket.fd(), POLLIN, 0}; poll(&entry, 1, wait_ms()) > 0;) {
    const auto train = socket.receive(buffer);
    if (!train) continue;
    trains.push_back(*train);
    if (bytes != nullptr) {
      bytes->insert(bytes->end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(train->bytes));
    }
  }
  return trains;
}

// The next packet that a packet socket sees, or -1 when none comes.
inline ssize_t next_packet(const FileDescriptor& wire, std::vector<uint8_t>& packet, bool had_all) {
  pollfd entry{wire.get(), POLLIN, 0};
  poll(&entry, 1, had_all ? kLookout_ms : kTimeout_ms);
  return recv(wire.get(), packet.data(), packet.size(), 0);
}

// A plain UDP socket, as a stranger has one.
inline FileDescriptor plain_socket(const std::string& local, const std::string& remote) {
  const SocketAddress from = socket_address(endpoint(local));
  const SocketAddress to = socket_address(endpoint(remote));
  FileDescriptor fd(socket(from.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  EXPECT_EQ(bind(fd.get(), from.raw(), from.size), 0);
  EXPECT_EQ(connect(fd.get(), to.raw(), to.size), 0);
  return fd;
}

// Sees every packet of that type on "wire"; with SOCK_RAW whole frames, and may send such.
inline FileDescriptor packet_socket(uint16_t ether_type, int kind = SOCK_DGRAM) {
  FileDescriptor fd(socket(AF_PACKET, kind | SOCK_NONBLOCK, htons(ether_type)));
  sockaddr_ll wire{};
  wire.sll_family = AF_PACKET;
  wire.sll_protocol = htons(ether_type);
  wire.sll_ifindex = static_cast<int>(if_nametoindex("wire"));
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&wire), sizeof(wire)), 0);
  return fd;
}

// A lane's socket between the two nodes, as an agent opens it.
inline UdpSocket lane(const Namespace& where, const std::string& local, const std::string& remote,
                      bool segmentation = true) {
  const Inside inside(where);
  UdpOptions options;
  options.local = endpoint(local);
  options.remote = endpoint(remote);
  options.cell_bytes = kCell;
  options.firewall_mark = 0x10c0;
  options.segmentation = segmentation;
  auto socket = UdpSocket::open(options);
  if (!socket) ADD_FAILURE() << socket.error().message;
  return std::move(socket.value());
}

class UdpTest : public TwoNodes {};

}  // namespace cuttle
