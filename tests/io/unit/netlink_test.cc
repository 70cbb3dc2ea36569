// Dumps that the kernel could not give in one piece. In its place another socket answers, which is said what.
#include "io/netlink.hh"

#include <gmock/gmock.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "base/file_descriptor.hh"

namespace cuttle {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What comes for one request: messages with these types.
struct Dump {
  std::vector<uint16_t> types;
  bool interrupted = false;
};

class KernelDouble {
 public:
  explicit KernelDouble(std::vector<Dump> dumps)
      : dumps_(std::move(dumps)), socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK)) {
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    socklen_t size = sizeof own;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&own), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size), 0);
    port_ = own.nl_pid;
    const timeval timeout{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    thread_ = std::thread([this] {
      for (const Dump& dump : dumps_) answer(dump);
    });
  }
  ~KernelDouble() { thread_.join(); }

  uint32_t port() const { return port_; }

 private:
  void answer(const Dump& dump) const {
    std::array<char, 4096> request{};
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    if (::recvfrom(socket_.get(), request.data(), request.size(), 0, reinterpret_cast<sockaddr*>(&from),
                   &size) < static_cast<ssize_t>(sizeof(nlmsghdr))) {
      ADD_FAILURE() << "no request came";
      return;
    }
    nlmsghdr asked{};
    std::memcpy(&asked, request.data(), sizeof asked);
    std::vector<char> bytes;
    const auto put = [&](uint16_t type) {
      struct {
        nlmsghdr header;
        int32_t error;
      } message{};
      message.header.nlmsg_len = sizeof message;
      message.header.nlmsg_type = type;
      message.header.nlmsg_flags =
          static_cast<uint16_t>(NLM_F_MULTI | (dump.interrupted ? NLM_F_DUMP_INTR : 0));
      message.header.nlmsg_seq = asked.nlmsg_seq;
      message.header.nlmsg_pid = asked.nlmsg_pid;
      const auto* first = reinterpret_cast<const char*>(&message);
      bytes.insert(bytes.end(), first, first + sizeof message);
    };
    for (const uint16_t type : dump.types) put(type);
    put(NLMSG_DONE);
    EXPECT_EQ(::sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from),
                       sizeof from),
              static_cast<ssize_t>(bytes.size()));
  }

  std::vector<Dump> dumps_;
  FileDescriptor socket_;
  uint32_t port_ = 0;
  std::thread thread_;
};

// What a dump gives, as those who ask see it.
int dump_from(const KernelDouble& kernel, std::vector<uint16_t>& types) {
  auto socket = NetlinkSocket::open_to(NETLINK_USERSOCK, kernel.port());
  EXPECT_TRUE(socket) << socket.error().message;
  if (!socket) return -EIO;
  NetlinkMessage message(RTM_GETLINK, NLM_F_DUMP);
  message.put_header(ifinfomsg{});
  return socket->query(message, [&](nlmsghdr* answer) { types.push_back(answer->nlmsg_type); });
}

TEST(Netlink, AWholeDumpIsAskedForOnce) {
  const KernelDouble kernel({{{RTM_NEWLINK, RTM_NEWROUTE}}});
  std::vector<uint16_t> types;
  EXPECT_EQ(dump_from(kernel, types), 0);
  EXPECT_THAT(types, ElementsAre(RTM_NEWLINK, RTM_NEWROUTE));
}

TEST(Netlink, AnInterruptedDumpIsNotTakenForWhole) {
  const KernelDouble kernel({{{RTM_NEWLINK}, true}, {{}, true}, {{RTM_NEWLINK, RTM_NEWROUTE}}});
  std::vector<uint16_t> types;
  EXPECT_EQ(dump_from(kernel, types), 0);
  EXPECT_THAT(types, ElementsAre(RTM_NEWLINK, RTM_NEWROUTE));
}

TEST(Netlink, ADumpThatIsInterruptedForEverIsAnError) {
  const KernelDouble kernel(std::vector<Dump>(NetlinkSocket::kDumpAttempts, Dump{{RTM_NEWLINK}, true}));
  std::vector<uint16_t> types;
  EXPECT_EQ(dump_from(kernel, types), -EAGAIN);
  EXPECT_THAT(types, IsEmpty());
}

}  // namespace
}  // namespace cuttle
