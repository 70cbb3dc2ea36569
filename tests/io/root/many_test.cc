// What is looked up costs as much as it is, not as much as the machine has of its kind.
#include <linux/pkt_sched.h>

#include <algorithm>
#include <ctime>

#include "io/links.hh"
#include "io/qdisc.hh"
#include "io/routes.hh"
#include "namespace.hh"

namespace cuttle {
namespace {

// Of this thread, in the kernel too; the least of several, which other processes do not lengthen much.
template <typename Function>
int64_t cpu_ns(Function function) {
  int64_t min = INT64_MAX;
  for (int i = 0; i < 9; ++i) {
    timespec before{};
    timespec after{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    function();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    min = std::min<int64_t>(
        min, (after.tv_sec - before.tv_sec) * 1'000'000'000 + (after.tv_nsec - before.tv_nsec));
  }
  return min;
}

// Lines for `ip -batch` from a shell loop over $i.
void batch(int count, const std::string& line) {
  run(fmt::format("i=0; while [ $i -lt {} ]; do i=$((i + 1)); echo \"{}\"; done | ip -batch -", count, line));
}

class Many : public RootTest {};

TEST_F(Many, OneInterfaceIsLookedUpWithoutAllOthers) {
  const Namespace space;
  const Inside inside(space);
  batch(150, "link add a$i type veth peer name b$i");
  const int64_t all = cpu_ns([] { ASSERT_EQ(list_links()->size(), 301U); });
  const int64_t one = cpu_ns([] { ASSERT_EQ((*find_link("a77"))->name, "a77"); });
  EXPECT_LT(one * 4, all);
  const int64_t none = cpu_ns([] { ASSERT_FALSE(*find_link("c77")); });
  EXPECT_LT(none * 4, all);
  const auto device = find_link("a77");
  run("tc qdisc add dev a77 clsact");
  auto socket = NetlinkSocket::open();
  ASSERT_TRUE(socket);
  const int64_t qdisc = cpu_ns([&] {
    std::optional<Qdisc> found;
    ASSERT_EQ(find_qdisc(*socket, **device, TC_H_CLSACT, found), 0);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->kind, "clsact");
  });
  EXPECT_LT(qdisc * 4, all);
}

TEST_F(Many, AnotherNameOrNoneIsNotFound) {
  const Namespace space;
  const Inside inside(space);
  run("ip link add wire type veth peer name other");
  run("ip link property add dev wire altname also-wire");
  EXPECT_TRUE(*find_link("wire"));
  EXPECT_FALSE(*find_link("also-wire"));
  EXPECT_FALSE(*find_link(""));
  EXPECT_FALSE(*find_link("a-name-too-long-for-any-interface"));
}

TEST_F(Many, QdiscsThatNobodySetAreNone) {
  const Namespace space;
  const Inside inside(space);
  run("ip link add wire type veth peer name other");
  const auto device = find_link("wire");
  auto socket = NetlinkSocket::open();
  ASSERT_TRUE(socket);
  std::optional<Qdisc> found;
  for (const uint32_t parent : {TC_H_ROOT, TC_H_CLSACT}) {
    EXPECT_EQ(find_qdisc(*socket, **device, parent, found), 0);
    EXPECT_FALSE(found);
  }
  run("tc qdisc add dev wire clsact && tc qdisc del dev wire clsact");
  EXPECT_EQ(find_qdisc(*socket, **device, TC_H_CLSACT, found), 0);
  EXPECT_FALSE(found);
  run("tc qdisc add dev wire root handle 7: tbf rate 1mbit burst 10k limit 10k");
  EXPECT_EQ(find_qdisc(*socket, **device, TC_H_ROOT, found), 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, "tbf");
  EXPECT_EQ(found->handle, 7U << 16);
  run("ip link del wire");
  EXPECT_EQ(find_qdisc(*socket, **device, TC_H_ROOT, found), 0);
  EXPECT_FALSE(found);
}

TEST_F(Many, OurRoutesAreListedWithoutAllOthers) {
  constexpr uint32_t kTable = 4410;
  const Namespace space;
  const Inside inside(space);
  const IpPrefix ours = *IpPrefix::parse("10.1.2.3/32");
  ASSERT_TRUE(set_blackhole(kTable, ours));
  const auto list = [] { ASSERT_EQ(list_routes(kTable)->size(), 1U); };
  const int64_t alone = cpu_ns(list);
  // 20,000 of somebody's, half of them with our protocol number in another table.
  batch(10'000, "route add blackhole 10.$((100 + i / 250)).$((i % 250)).0/24 table 99 proto 199");
  batch(10'000, "route add blackhole 10.$((100 + i / 250)).$((i % 250)).0/24");
  EXPECT_LT(cpu_ns(list), alone * 8);
  const int64_t removal = cpu_ns([&] { ASSERT_TRUE(remove_routes(kTable, ours)); });
  EXPECT_LT(removal, alone * 8);
  EXPECT_TRUE(list_routes(kTable)->empty());
}

}  // namespace
}  // namespace cuttle
