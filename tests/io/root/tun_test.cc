#include "io/tun.hh"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

#include "base/bytes.hh"
#include "io/links.hh"
#include "namespace.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

class TunTest : public RootTest {
 protected:
  void SetUp() override {
    RootTest::SetUp();
    if (IsSkipped()) return;
    node_ = std::make_unique<Namespace>();
    inside_ = std::make_unique<Inside>(*node_);
  }
  std::unique_ptr<Namespace> node_;
  std::unique_ptr<Inside> inside_;
};

struct Packet {
  ssize_t got = 0;
  VirtioHeader header;
  std::vector<uint8_t> bytes;
};

// The next packet within a second.
Packet read_packet(Tun& tun) {
  Packet packet;
  packet.bytes.resize(kLargestTunPacketBytes);
  pollfd entry{tun.fd(), POLLIN, 0};
  poll(&entry, 1, 1000);
  const iovec pieces[] = {{&packet.header, kVirtioHeaderBytes}, {packet.bytes.data(), packet.bytes.size()}};
  packet.got = tun.readv(pieces);
  packet.bytes.resize(packet.got < 10 ? 0 : static_cast<size_t>(packet.got) - kVirtioHeaderBytes);
  return packet;
}

void bring_up(const std::string& name) {
  ASSERT_TRUE(set_link(name, {.up = true, .quiet_ipv6 = true}));
  run("ip addr add 10.1.0.1 peer 10.1.0.2 dev " + name);
}

TEST_F(TunTest, outlives_its_descriptor_and_is_taken_over_again) {
  uint32_t index = 0;
  {
    auto tun = Tun::open("ct-a", {.mtu = 1400});
    ASSERT_TRUE(tun) << tun.error().message;
    index = find_link("ct-a")->value().index;
  }
  ASSERT_TRUE(find_link("ct-a")->has_value());
  auto again = Tun::open("ct-a", {.mtu = 1300});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(find_link("ct-a")->value().index, index);
  EXPECT_EQ(find_link("ct-a")->value().mtu, 1300u);
  EXPECT_EQ(find_link("ct-a")->value().kind, "tun");
}

TEST_F(TunTest, says_which_process_holds_the_interface) {
  auto tun = Tun::open("ct-a", {});
  ASSERT_TRUE(tun) << tun.error().message;
  const auto second = Tun::open("ct-a", {});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr(fmt::format("held by process {}", getpid())));
}

TEST_F(TunTest, is_not_shared_even_with_several_queues) {
  auto tun = Tun::open("ct-a", {.multi_queue = true});
  ASSERT_TRUE(tun) << tun.error().message;
  auto queue = tun->open_queue();
  EXPECT_TRUE(queue) << queue.error().message;
  const auto second = Tun::open("ct-a", {.multi_queue = true});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("held by process"));
}

// What a neighbour without any capability gets who asks the kernel for the interface: an error number, or 0.
int attach_as_neighbour(const std::string& name, uid_t user, bool multi_queue) {
  // Opened before the rights go: where /dev/net/tun is everybody's, he opens it himself.
  const FileDescriptor fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  EXPECT_TRUE(fd);
  const pid_t child = fork();
  if (child == 0) {
    if (setresgid(65534, 65534, 65534) != 0 || setresuid(user, user, user) != 0) _exit(255);
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), name.size());
    request.ifr_flags =
        static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (multi_queue ? IFF_MULTI_QUEUE : 0));
    _exit(ioctl(fd.get(), TUNSETIFF, &request) == 0 ? 0 : errno);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WEXITSTATUS(status);
}

TEST_F(TunTest, is_nobody_elses) {
  for (const bool multi_queue : {false, true}) {
    SCOPED_TRACE(multi_queue ? "several queues" : "one queue");
    {
      auto tun = Tun::open("ct-a", {.multi_queue = multi_queue});
      ASSERT_TRUE(tun) << tun.error().message;
      EXPECT_EQ(find_link("ct-a")->value().owner_user, geteuid());
      EXPECT_NE(attach_as_neighbour("ct-a", 65534, multi_queue), 0) << "while it is held";
    }
    EXPECT_EQ(attach_as_neighbour("ct-a", 65534, multi_queue), EPERM) << "while nobody holds it";
    ASSERT_TRUE(Tun::remove("ct-a"));
  }
}

// By it whoever finds the interface later knows whose it is; one that could not be set up whole is gone.
TEST_F(TunTest, bears_its_alias_before_it_outlives_its_maker) {
  for (const bool multi_queue : {false, true}) {
    SCOPED_TRACE(multi_queue ? "several queues" : "one queue");
    { ASSERT_TRUE(Tun::open("ct-a", {.multi_queue = multi_queue, .alias = "cuttle osd0"})); }
    ASSERT_TRUE(find_link("ct-a")->has_value());
    EXPECT_EQ(find_link("ct-a")->value().alias, "cuttle osd0");
    ASSERT_TRUE(Tun::remove("ct-a"));
    EXPECT_FALSE(Tun::open("ct-a", {.multi_queue = multi_queue, .alias = std::string(300, 'a')}));
    EXPECT_FALSE(find_link("ct-a")->has_value());
  }
}

// What an earlier version, or somebody's script, left behind.
TEST_F(TunTest, is_taken_over_from_no_owner_and_from_another) {
  for (const std::string owner : {"", " user 65534"}) {
    SCOPED_TRACE(owner);
    run("ip tuntap add dev ct-a mode tun vnet_hdr" + owner);
    EXPECT_EQ(attach_as_neighbour("ct-a", 65534, false), 0) << "the test tests nothing";
    { ASSERT_TRUE(Tun::open("ct-a", {.owner_user = 12345})); }
    EXPECT_EQ(find_link("ct-a")->value().owner_user, 12345u);
    EXPECT_EQ(attach_as_neighbour("ct-a", 65534, false), EPERM);
    EXPECT_EQ(attach_as_neighbour("ct-a", 12345, false), 0);
    ASSERT_TRUE(Tun::remove("ct-a"));
  }
}

// He attached while the interface had no owner, from another network namespace, where nobody looks for him.
TEST_F(TunTest, is_not_shared_with_one_who_was_there_before) {
  run("ip tuntap add dev ct-a mode tun vnet_hdr multi_queue");
  FileDescriptor fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  std::strcpy(request.ifr_name, "ct-a");
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE);
  ASSERT_EQ(ioctl(fd.get(), TUNSETIFF, &request), 0);
  EXPECT_EQ(find_link("ct-a")->value().queues, 1u);
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNET) != 0 || write(pipes[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(pipes[0], &byte, 1), 1);
  fd = FileDescriptor();
  const auto tun = Tun::open("ct-a", {.multi_queue = true});
  EXPECT_FALSE(tun) << "its packets would be shared";
  if (!tun) EXPECT_THAT(tun.error().message, HasSubstr("a queue of another process"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(pipes[0]);
  close(pipes[1]);
}

// He knows the name, and tries all the time: a new interface is nobody's until it has its owner.
TEST_F(TunTest, is_not_shared_with_one_who_waits_for_it) {
  const FileDescriptor fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(fd);
  const pid_t child = fork();
  if (child == 0) {
    if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) _exit(2);
    ifreq request{};
    do {
      std::strcpy(request.ifr_name, "ct-a");
      request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE);
    } while (ioctl(fd.get(), TUNSETIFF, &request) != 0);
    _exit(0);
  }
  int status = 0;
  for (int i = 0; i < 100 && waitpid(child, &status, WNOHANG) == 0; ++i) {
    const auto tun = Tun::open("ct-a", {.multi_queue = true});
    EXPECT_TRUE(tun) << tun.error().message;
    EXPECT_TRUE(Tun::remove("ct-a"));
  }
  EXPECT_EQ(waitpid(child, &status, WNOHANG), 0) << "he has a queue";
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  // Nothing is left of it under another name.
  const auto links = list_links();
  ASSERT_TRUE(links);
  for (const Link& link : *links) EXPECT_NE(link.kind, "tun") << link.name;
}

// One of that name somewhere else is not this one.
TEST_F(TunTest, is_not_taken_for_one_of_another_network_namespace) {
  std::optional<Tun> elsewhere;
  const Namespace other;
  {
    const Inside inside(other);
    auto tun = Tun::open("ct-a", {.multi_queue = true});
    ASSERT_TRUE(tun) << tun.error().message;
    elsewhere.emplace(std::move(*tun));
  }
  const auto tun = Tun::open("ct-a", {.multi_queue = true});
  EXPECT_TRUE(tun) << tun.error().message;
}

TEST_F(TunTest, says_that_the_name_belongs_to_something_else) {
  run("ip link add ct-a type bridge");
  const auto tun = Tun::open("ct-a", {});
  ASSERT_FALSE(tun);
  EXPECT_THAT(tun.error().message, HasSubstr("kind 'bridge'"));
  EXPECT_FALSE(Tun::remove("ct-a"));
  EXPECT_TRUE(find_link("ct-a")->has_value());
}

TEST_F(TunTest, says_that_the_queues_differ) {
  { ASSERT_TRUE(Tun::open("ct-a", {.multi_queue = true})); }
  EXPECT_TRUE(find_link("ct-a").value()->several_queues);
  const auto tun = Tun::open("ct-a", {});
  ASSERT_FALSE(tun);
  EXPECT_THAT(tun.error().message, HasSubstr("ip link delete ct-a"));
}

TEST_F(TunTest, refuses_names_that_are_none) {
  EXPECT_FALSE(Tun::open("", {}));
  EXPECT_FALSE(Tun::open("ct-sixteen-chars", {}));
  EXPECT_FALSE(Tun::open("a;b", {}));
}

TEST_F(TunTest, is_removed_by_name_and_a_second_time_without_complaint) {
  { ASSERT_TRUE(Tun::open("ct-a", {})); }
  EXPECT_TRUE(Tun::remove("ct-a"));
  EXPECT_FALSE(find_link("ct-a")->has_value());
  EXPECT_TRUE(Tun::remove("ct-a"));
}

TEST_F(TunTest, never_waits_and_is_silent_by_itself) {
  auto tun = Tun::open("ct-a", {});
  ASSERT_TRUE(tun);
  bring_up("ct-a");
  usleep(100'000);  // time for router solicitations and multicast reports, were there any
  VirtioHeader header;
  std::vector<uint8_t> bytes(2000);
  const iovec pieces[] = {{&header, sizeof(header)}, {bytes.data(), bytes.size()}};
  EXPECT_EQ(tun->readv(pieces), -EAGAIN);
}

TEST_F(TunTest, carries_a_packet_out_and_its_answer_in) {
  auto tun = Tun::open("ct-a", {});
  ASSERT_TRUE(tun);
  bring_up("ct-a");
  const FileDescriptor udp(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(7);
  peer.sin_addr.s_addr = inet_addr("10.1.0.2");
  ASSERT_EQ(connect(udp.get(), reinterpret_cast<sockaddr*>(&peer), sizeof(peer)), 0);
  ASSERT_EQ(send(udp.get(), "abcd", 4, 0), 4);
  Packet packet = read_packet(*tun);
  ASSERT_EQ(packet.bytes.size(), 32u);
  // Turned round: addresses and ports swapped, so both sums stay what they are.
  for (size_t i = 0; i < 4; ++i) std::swap(packet.bytes[12 + i], packet.bytes[16 + i]);
  for (size_t i = 0; i < 2; ++i) std::swap(packet.bytes[20 + i], packet.bytes[22 + i]);
  const iovec pieces[] = {{&packet.header, kVirtioHeaderBytes}, {packet.bytes.data(), packet.bytes.size()}};
  EXPECT_EQ(tun->writev(pieces), 42);
  char back[8] = {};
  EXPECT_EQ(recv(udp.get(), back, sizeof(back), 0), 4);
  EXPECT_STREQ(back, "abcd");
}

TEST_F(TunTest, refuses_a_packet_that_is_none) {
  auto tun = Tun::open("ct-a", {});
  ASSERT_TRUE(tun);
  bring_up("ct-a");
  VirtioHeader header;
  header.gso_type = 0x55;
  std::vector<uint8_t> junk(100, 0x45);
  const iovec pieces[] = {{&header, sizeof(header)}, {junk.data(), junk.size()}};
  EXPECT_EQ(tun->writev(pieces), -EINVAL);
}

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
