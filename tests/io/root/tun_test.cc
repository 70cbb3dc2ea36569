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
#include "tun_fixture.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

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
}  // namespace
}  // namespace cuttle
