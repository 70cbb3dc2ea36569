#include "io/generation_events.hh"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>

#include "namespace.hh"

namespace cuttle {
namespace {

using namespace std::string_literals;

const std::string kUevent =
    "change@/devices/platform/QEMUVGID:00\0ACTION=change\0SUBSYSTEM=platform\0NEW_VMGENID=1\0SEQNUM=7\0"s;

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(GenerationEvent, is_known_by_its_variable_alone) {
  EXPECT_TRUE(is_new_generation(bytes_of(kUevent)));
  EXPECT_TRUE(is_new_generation(bytes_of("x\0NEW_VMGENID=1"s)));
  for (const std::string& other :
       {""s, "\0"s, "\0\0\0"s, "NEW_VMGENID=11\0"s, "change@/x\0OLD_NEW_VMGENID=1\0"s,
        "change@/x\0SYNTH_ARG_NEW_VMGENID=1\0"s, "change@/x\0NEW_VMGENID=1 \0"s}) {
    EXPECT_FALSE(is_new_generation(bytes_of(other))) << other;
  }
}

class GenerationEventsTest : public RootTest {};

// Root may have the kernel send an event in this network namespace alone.
void send_as_kernel(const std::string& uevent, uint32_t to = 0) {
  const FileDescriptor fd(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  std::string message(sizeof(nlmsghdr), '\0');
  auto* header = reinterpret_cast<nlmsghdr*>(message.data());
  header->nlmsg_len = static_cast<uint32_t>(sizeof(nlmsghdr) + uevent.size());
  header->nlmsg_type = NLMSG_MIN_TYPE;
  header->nlmsg_flags = NLM_F_REQUEST;
  message += uevent;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_pid = to;
  ASSERT_EQ(sendto(fd.get(), message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address),
            static_cast<ssize_t>(message.size()))
      << strerror(errno);
}

bool comes(GenerationEvents& events) {
  pollfd waiting{events.fd(), POLLIN, 0};
  poll(&waiting, 1, 1000);
  return events.take();
}

TEST_F(GenerationEventsTest, come_from_the_kernel_and_from_nobody_else) {
  const Namespace node;
  const Inside inside(node);
  auto events = GenerationEvents::open();
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_FALSE(events->take());
  send_as_kernel("change@/devices/x\0ACTION=change\0SUBSYSTEM=x\0"s);
  EXPECT_FALSE(comes(*events));
  send_as_kernel(kUevent);
  EXPECT_TRUE(comes(*events));
  EXPECT_FALSE(events->take()) << "once";
  sockaddr_nl own{};
  socklen_t size = sizeof own;
  ASSERT_EQ(getsockname(events->fd(), reinterpret_cast<sockaddr*>(&own), &size), 0);
  send_as_kernel(kUevent, own.nl_pid);
  EXPECT_FALSE(comes(*events)) << "another process's own words";
}

// Any local user has as many of these made as he likes (mounts in a namespace of his own).
TEST_F(GenerationEventsTest, are_not_crowded_out_by_devices_that_come_and_go) {
  const Namespace node;
  const Inside inside(node);
  auto events = GenerationEvents::open();
  ASSERT_TRUE(events) << events.error().message;
  for (int i = 0; i < 1000; ++i)
    send_as_kernel("add@/devices/virtual/bdi/0:50\0ACTION=add\0SUBSYSTEM=bdi\0"s);
  send_as_kernel("change@/devices/virtual/misc/kvm\0ACTION=change\0NEW_VMGENID=1\0"s);
  pollfd waiting{events->fd(), POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 0), 0) << "they wake nobody";
  EXPECT_FALSE(events->take());
  send_as_kernel(kUevent);
  EXPECT_TRUE(comes(*events));
}

}  // namespace
}  // namespace cuttle
