// What the kernel hands over of a TCP connection through an interface.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/bytes.hh"
#include "tun_fixture.hh"

namespace cuttle {
namespace {

// A TCP peer played by hand through the interface: once it has opened a wide window, the kernel hands over
// one packet of many segments' length.
class TcpPeer {
 public:
  explicit TcpPeer(Tun& tun) : tun_(tun) {}

  void answer_syn(const Packet& syn) {
    const uint8_t* tcp = syn.bytes.data() + 20;
    port_ = load_be16(tcp);
    expected_ = load_be32(tcp + 4) + 1;
    std::vector<uint8_t> options{2, 4, 0x05, 0xb4, 3, 3, 14, 1};  // MSS 1460, window scale 14, padding
    send(TH_SYN | TH_ACK, options);
    ++sequence_;
  }
  // Acknowledges everything up to the end of this packet's payload.
  void acknowledge(const Packet& packet) {
    const size_t headers = 20 + static_cast<size_t>(packet.bytes[32] >> 4) * 4;
    expected_ = load_be32(packet.bytes.data() + 24) + static_cast<uint32_t>(packet.bytes.size() - headers);
    send(TH_ACK, {});
  }

 private:
  void send(uint8_t flags, const std::vector<uint8_t>& options) {
    std::vector<uint8_t> packet(40 + options.size());
    uint8_t* ip = packet.data();
    ip[0] = 0x45;
    store_be16(ip + 2, static_cast<uint16_t>(packet.size()));
    ip[8] = 64;
    ip[9] = IPPROTO_TCP;
    store_be32(ip + 12, 0x0a010002);
    store_be32(ip + 16, 0x0a010001);
    store_be16(ip + 10, static_cast<uint16_t>(~sum(ip, 20, 0)));
    uint8_t* tcp = ip + 20;
    store_be16(tcp, 80);
    store_be16(tcp + 2, port_);
    store_be32(tcp + 4, sequence_);
    store_be32(tcp + 8, expected_);
    tcp[12] = static_cast<uint8_t>((20 + options.size()) / 4 << 4);
    tcp[13] = flags;
    store_be16(tcp + 14, 65535);
    std::copy(options.begin(), options.end(), tcp + 20);
    const size_t length = 20 + options.size();
    const uint32_t pseudo = sum(ip + 12, 8, static_cast<uint32_t>(IPPROTO_TCP + length));
    store_be16(tcp + 16, static_cast<uint16_t>(~sum(tcp, length, pseudo)));
    VirtioHeader header;
    const iovec pieces[] = {{&header, sizeof(header)}, {packet.data(), packet.size()}};
    ASSERT_EQ(tun_.writev(pieces), static_cast<ssize_t>(packet.size() + kVirtioHeaderBytes));
  }
  static uint16_t sum(const uint8_t* from, size_t size, uint32_t total) {
    for (size_t i = 0; i < size; i += 2) total += load_be16(from + i);
    while (total > 0xffff) total = (total >> 16) + (total & 0xffff);
    return static_cast<uint16_t>(total);
  }

  Tun& tun_;
  uint16_t port_ = 0;
  uint32_t sequence_ = 1000;
  uint32_t expected_ = 0;
};

// The largest packet that TCP hands over while it sends a megabyte.
Packet largest_tcp_packet(Tun& tun) {
  const FileDescriptor tcp(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const int buffer_bytes = 4 << 20;
  setsockopt(tcp.get(), SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(80);
  peer.sin_addr.s_addr = inet_addr("10.1.0.2");
  (void)connect(tcp.get(), reinterpret_cast<sockaddr*>(&peer), sizeof(peer));
  TcpPeer other(tun);
  other.answer_syn(read_packet(tun));
  const std::vector<uint8_t> data(1 << 20, 'x');
  size_t sent = 0;
  Packet largest;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < end && largest.bytes.size() < 60'000) {
    const ssize_t put = send(tcp.get(), data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (put > 0) sent += static_cast<size_t>(put);
    Packet packet = read_packet(tun);
    if (packet.bytes.size() < 40) break;
    other.acknowledge(packet);
    if (packet.bytes.size() > largest.bytes.size()) largest = std::move(packet);
  }
  return largest;
}

TEST_F(TunTest, hands_over_64_kib_of_tcp_at_once) {
  auto tun = Tun::open("ct-a", {});
  ASSERT_TRUE(tun);
  bring_up("ct-a");
  const Packet largest = largest_tcp_packet(*tun);
  EXPECT_GT(largest.bytes.size(), 60'000u);
  EXPECT_EQ(largest.header.gso_type, VirtioHeader::kGsoTcpV4);
  EXPECT_EQ(largest.header.gso_bytes, 1460);
  EXPECT_EQ(largest.header.flags & VirtioHeader::kNeedsChecksum, VirtioHeader::kNeedsChecksum);
  EXPECT_EQ(load_be16(largest.bytes.data() + 2), largest.bytes.size());
}

TEST_F(TunTest, hands_over_single_segments_without_segmentation) {
  auto tun = Tun::open("ct-a", {.segmentation = false});
  ASSERT_TRUE(tun);
  bring_up("ct-a");
  EXPECT_LE(largest_tcp_packet(*tun).bytes.size(), 1500u);
}

TEST_F(TunTest, keeps_to_the_limit_on_large_packets) {
  auto tun = Tun::open("ct-a", {});
  ASSERT_TRUE(tun);
  bring_up("ct-a");
  LinkSettings settings;
  settings.largest_gso_bytes = 9000;
  ASSERT_TRUE(set_link("ct-a", settings));
  const Packet largest = largest_tcp_packet(*tun);
  EXPECT_LE(largest.bytes.size(), 9000u);
  EXPECT_GT(largest.bytes.size(), 1500u);
}

}  // namespace
}  // namespace cuttle
