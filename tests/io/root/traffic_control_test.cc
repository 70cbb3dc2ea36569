#include "io/traffic_control.hh"

#include <gmock/gmock.h>
#include <linux/pkt_cls.h>

#include <array>
#include <atomic>
#include <thread>

#include "io/bpf_program.hh"
#include "udp_fixture.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

constexpr FilterPlace kPlace{TrafficHook::egress, 20, 1, "cuttle-lock"};

// A program that does nothing but say its verdict.
FileDescriptor verdict(int32_t action) {
  const std::array program{bpf::set(BPF_REG_0, action), bpf::leave()};
  auto loaded = bpf::load_program(BPF_PROG_TYPE_SCHED_CLS, program);
  if (!loaded) ADD_FAILURE() << loaded.error().message;
  return loaded ? std::move(*loaded) : FileDescriptor();
}

bool succeeds(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// In node a's namespace throughout; a's interface is "wire".
class TrafficControlTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    inside_ = std::make_unique<Inside>(*a_);
    wire_ = find_link("wire").value().value();
  }
  static void put(const Link& device, const FilterPlace& place, int32_t action,
                  std::string_view version = {}) {
    const auto set = set_filter(device, place, verdict(action).get(), version);
    ASSERT_TRUE(set) << set.error().message;
  }
  // Patient where an answer is expected: the address may have to be asked for again.
  static bool b_answers() { return succeeds("ping -q -c 1 -i 0.2 -w 5 10.9.0.2"); }
  static bool b_is_silent() { return !succeeds("ping -q -c 2 -i 0.2 -W 0.5 10.9.0.2"); }
  bool qdisc_is_there() const { return succeeds("tc qdisc show dev wire | grep clsact"); }

  std::unique_ptr<Inside> inside_;
  Link wire_;
};

TEST_F(TrafficControlTest, drops_at_egress_and_goes_without_trace) {
  ASSERT_TRUE(b_answers());
  put(wire_, kPlace, TC_ACT_SHOT, "1a2b");
  EXPECT_TRUE(b_is_silent());
  const auto found = find_filter(wire_, kPlace).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->version, "1a2b");
  EXPECT_EQ(found->preference, 20);
  EXPECT_EQ(found->handle, 1u);
  EXPECT_NE(found->program_id, 0u);
  run("tc filter show dev wire egress | grep -q 'pref 20 .*handle 0x1 cuttle-lock 1a2b direct-action'");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(remove_filter(wire_, kPlace));
    ASSERT_TRUE(remove_unused_clsact(wire_));
  }
  EXPECT_FALSE(find_filter(wire_, kPlace).value());
  EXPECT_FALSE(qdisc_is_there());
  EXPECT_TRUE(b_answers());
}

TEST_F(TrafficControlTest, drops_at_ingress_alone) {
  FilterPlace place = kPlace;
  place.hook = TrafficHook::ingress;
  put(wire_, place, TC_ACT_SHOT);
  EXPECT_TRUE(b_is_silent());
  EXPECT_TRUE(find_filter(wire_, place).value());
  EXPECT_FALSE(find_filter(wire_, kPlace).value());
  EXPECT_TRUE(list_filters(wire_, TrafficHook::egress).value().empty());
  ASSERT_TRUE(remove_filter(wire_, place));
  EXPECT_TRUE(b_answers());
}

TEST_F(TrafficControlTest, replaces_its_own_in_place) {
  put(wire_, kPlace, TC_ACT_SHOT, "one");
  put(wire_, kPlace, TC_ACT_UNSPEC, "two");
  EXPECT_TRUE(b_answers());
  const auto filters = list_filters(wire_, TrafficHook::egress).value();
  ASSERT_EQ(filters.size(), 1u);
  EXPECT_EQ(filters[0].version, "two");
}

// No packet may slip through between the old program and the new one.
TEST_F(TrafficControlTest, is_never_open_while_it_is_replaced) {
  put(wire_, kPlace, TC_ACT_SHOT);
  const auto from = plain_socket("10.9.0.1:5000", "10.9.0.2:5000");
  FileDescriptor to;
  {
    const Inside inside(*b_);
    to = plain_socket("10.9.0.2:5000", "10.9.0.1:5000");
  }
  const std::array programs{verdict(TC_ACT_SHOT), verdict(TC_ACT_SHOT)};
  std::atomic<bool> done = false;
  std::thread sender([&] {
    for (const uint8_t byte = 0; !done;) send(from.get(), &byte, 1, 0);
  });
  for (size_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(set_filter(wire_, kPlace, programs[i % 2].get()));
  }
  done = true;
  sender.join();
  pollfd entry{to.get(), POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, 100), 0) << "something arrived";
}

TEST_F(TrafficControlTest, a_program_that_says_go_on_leaves_it_to_the_next) {
  const FilterPlace first{TrafficHook::egress, 10, 1, "cuttle-clock"};
  put(wire_, first, TC_ACT_UNSPEC);
  put(wire_, kPlace, TC_ACT_SHOT);
  EXPECT_TRUE(b_is_silent());
  put(wire_, first, TC_ACT_OK);
  EXPECT_TRUE(b_answers()) << "the first one's verdict is the last word";
  ASSERT_TRUE(remove_filter(wire_, first));
  ASSERT_TRUE(remove_unused_clsact(wire_));
  EXPECT_TRUE(b_is_silent()) << "the other one stays";
}

TEST_F(TrafficControlTest, leaves_alone_what_others_put_there) {
  // Somebody's, of classic BPF, which match nothing.
  run("tc qdisc add dev wire clsact && tc filter add dev wire ingress pref 7 bpf bytecode '1,6 0 0 0'");
  run("tc filter add dev wire egress pref 20 handle 1 bpf bytecode '1,6 0 0 0'");
  const auto taken = set_filter(wire_, kPlace, verdict(TC_ACT_SHOT).get());
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("of somebody's"));
  ASSERT_TRUE(remove_filter(wire_, kPlace));
  FilterPlace free = kPlace;
  free.preference = 21;
  put(wire_, free, TC_ACT_SHOT);
  const FilterPlace other{TrafficHook::egress, 21, 1, "cuttle-clock"};
  EXPECT_FALSE(set_filter(wire_, other, verdict(TC_ACT_SHOT).get()))
      << "another of our own is another's, too";
  ASSERT_TRUE(remove_filter(wire_, other));
  EXPECT_TRUE(find_filter(wire_, free).value());
  ASSERT_TRUE(remove_filter(wire_, free));
  ASSERT_TRUE(remove_unused_clsact(wire_));
  run("tc filter show dev wire egress | grep -q 'pref 20 bpf .*handle 0x1 '");
  run("tc filter show dev wire ingress | grep -q 'pref 7 bpf'");
}

TEST_F(TrafficControlTest, does_not_touch_an_ingress_qdisc) {
  run("tc qdisc add dev wire ingress");
  const auto refused = set_filter(wire_, kPlace, verdict(TC_ACT_SHOT).get());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("a qdisc 'ingress' of somebody's"));
  EXPECT_FALSE(ensure_clsact(wire_));
  ASSERT_TRUE(remove_unused_clsact(wire_));
  run("tc qdisc show dev wire | grep -q ingress");
  EXPECT_TRUE(b_answers());
}

TEST_F(TrafficControlTest, says_that_a_device_is_gone_only_where_something_was_to_be_set) {
  run("ip link del dev wire");
  EXPECT_FALSE(find_filter(wire_, kPlace).value());
  EXPECT_TRUE(remove_filter(wire_, kPlace));
  EXPECT_TRUE(remove_unused_clsact(wire_));
  const auto set = set_filter(wire_, kPlace, verdict(TC_ACT_SHOT).get());
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("interface wire"));
}

}  // namespace
}  // namespace cuttle
