// Other users of the machine, and a lane's port.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/wait.h>

#include <cerrno>
#include <functional>

#include "udp_fixture.hh"

namespace cuttle {
namespace {

constexpr uid_t kAgent = 64001;
constexpr uid_t kNeighbour = 65534;

// In a process of that user without any capability, in the namespace `where`. Returns what `act` returns.
int as_user(const Namespace& where, uid_t user, const std::function<int()>& act) {
  const Inside inside(where);
  const pid_t child = fork();
  if (child == 0) {
    if (setresgid(65534, 65534, 65534) != 0 || setresuid(user, user, user) != 0) _exit(255);
    _exit(act());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WEXITSTATUS(status);
}

// Binds `local` with these options and connects to the lane's peer: an error number, or 0.
int bind_beside(const std::string& local, const std::vector<int>& options) {
  const SocketAddress from = socket_address(endpoint(local));
  const FileDescriptor fd(socket(from.storage.ss_family, SOCK_DGRAM, 0));
  for (const int option : options) set_option(fd.get(), SOL_SOCKET, option, 1);
  return bind(fd.get(), from.raw(), from.size) == 0 ? 0 : errno;
}

void expect_nobody_binds_beside(const Namespace& where, uid_t user,
                                const std::vector<std::string>& addresses) {
  const std::vector<std::vector<int>> kOptions{
      {}, {SO_REUSEADDR}, {SO_REUSEPORT}, {SO_REUSEADDR, SO_REUSEPORT}};
  for (const std::string& local : addresses) {
    for (const auto& options : kOptions) {
      EXPECT_EQ(as_user(where, user, [&] { return bind_beside(local, options); }), EADDRINUSE)
          << local << " with " << options.size() << " options, the last "
          << (options.empty() ? 0 : options.back());
    }
  }
}

TEST_F(UdpTest, nobody_else_binds_a_lanes_port) {
  const auto v4 = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
  const auto v6 = lane(*a_, "[fd09::1]:4411", "[fd09::2]:4411");
  expect_nobody_binds_beside(*a_, kNeighbour,
                             {"10.9.0.1:4410", "0.0.0.0:4410", "[::]:4410", "[fd09::1]:4411", "[::]:4411"});
}

TEST_F(UdpTest, nobody_else_binds_the_port_where_strangers_are_heard) {
  const Inside inside(*a_);
  auto stranger = UnknownSourceSocket::open(endpoint("10.9.0.1:4410"));
  ASSERT_TRUE(stranger) << stranger.error().message;
  expect_nobody_binds_beside(*a_, kNeighbour, {"10.9.0.1:4410", "0.0.0.0:4410", "[::]:4410"});
}

// Opened by root, who then becomes the agent's user: a reload opens more on the same port. Root itself is
// somebody else.
TEST_F(UdpTest, the_agents_user_opens_more_on_a_port_that_root_opened) {
  UdpOptions options;
  options.local = endpoint("10.9.0.1:4410");
  options.remote = endpoint("10.9.0.2:4410");
  options.cell_bytes = kCell;
  options.owner_user = kAgent;
  const Inside inside(*a_);
  auto first = UdpSocket::open(options);
  ASSERT_TRUE(first) << first.error().message;
  auto stranger = UnknownSourceSocket::open(options.local, kAgent);
  ASSERT_TRUE(stranger) << stranger.error().message;
  const auto open_more = [&] {
    UdpOptions more = options;
    more.owner_user.reset();
    more.remote = endpoint("10.9.0.3:4410");
    const auto second = UdpSocket::open(more);
    return second && UnknownSourceSocket::open(options.local) ? 0 : 1;
  };
  EXPECT_EQ(as_user(*a_, kAgent, open_more), 0);
  EXPECT_EQ(as_user(*a_, kNeighbour, open_more), 1);
  expect_nobody_binds_beside(*a_, kNeighbour, {"10.9.0.1:4410"});
}

// Many sockets of ours on one port: each gets its own peer's datagrams and nobody else's, in whatever order
// they were opened, and strangers' go where they are counted.
TEST_F(UdpTest, sockets_that_share_a_port_get_what_is_theirs) {
  const Inside inside(*a_);
  auto stranger = UnknownSourceSocket::open(endpoint("10.9.0.1:4410"));
  ASSERT_TRUE(stranger) << stranger.error().message;
  std::vector<UdpSocket> lanes;
  constexpr int kPeers = 40;
  for (int i = 0; i < kPeers; ++i) {
    lanes.push_back(lane(*a_, "10.9.0.1:4410", fmt::format("10.9.0.2:{}", 5000 + i)));
  }
  auto later = UnknownSourceSocket::open(endpoint("10.9.0.1:4410"));
  ASSERT_TRUE(later) << later.error().message;
  const auto cells = numbered_cells(3);
  for (int i = 0; i < kPeers; ++i) {
    auto peer = lane(*b_, fmt::format("10.9.0.2:{}", 5000 + i), "10.9.0.1:4410");
    ASSERT_EQ(peer.send_train(cells.data(), 3, kCell), 3u);
    EXPECT_EQ(datagrams(receive(lanes[static_cast<size_t>(i)], 3)), 3u) << i;
  }
  for (int i = 0; i < kPeers; ++i) {
    auto other = lane(*b_, fmt::format("10.9.0.2:{}", 6000 + i), "10.9.0.1:4410");
    ASSERT_EQ(other.send_train(cells.data(), 1, kCell), 1u);
  }
  for (int tries = 0; tries < 100 && stranger->dropped() + later->dropped() < kPeers; ++tries) usleep(10'000);
  EXPECT_EQ(stranger->dropped() + later->dropped(), uint64_t{kPeers});
}

}  // namespace
}  // namespace cuttle
