// Interfaces whose queue reads no instants, and what is said of them; sockets whose datagrams carry instants.
// (That fq reads them is tests/kernel/txtime_test.sh's: not every kernel has it.)
#include "io/instant_queue.hh"

#include <gmock/gmock.h>

#include "io/clock.hh"
#include "udp_fixture.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;

std::string why_not(const char* interface) {
  return look_at_instant_queue(interface).why_not;
}

class InstantQueueTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    inside_ = std::make_unique<Inside>(*a_);
  }
  std::unique_ptr<Inside> inside_;
};

TEST_F(InstantQueueTest, ThereIsNone) {
  EXPECT_THAT(why_not("not-there"), HasSubstr("there is no interface not-there"));
  EXPECT_THAT(why_not("wire"), HasSubstr("wire has no queue"));
  EXPECT_THAT(why_not("wire"), HasSubstr("`tc qdisc replace dev wire root fq`"));
}

TEST_F(InstantQueueTest, ItIsOfAnotherKind) {
  ASSERT_EQ(std::system("tc qdisc replace dev wire root pfifo && tc qdisc replace dev lo root tbf rate 1gbit "
                        "burst 9000 limit 90000"),
            0);
  EXPECT_THAT(why_not("wire"), HasSubstr("the queue of wire is pfifo, which reads no instants"));
  // Each interface's own.
  EXPECT_THAT(why_not("lo"), HasSubstr("the queue of lo is tbf"));
}

// The kernel refuses an instant on a socket that was not opened for it, and one that it cannot read.
void expect_it_sends_with_an_instant(SocketInstants instants, bool segmentation, const Namespace& from,
                                     const Namespace& to, const std::string& own, const std::string& other) {
  SCOPED_TRACE(own);
  auto sender = [&] {
    const Inside inside(from);
    UdpOptions options;
    options.local = endpoint(own);
    options.remote = endpoint(other);
    options.cell_bytes = kCell;
    options.segmentation = segmentation;
    options.instants = instants;
    return UdpSocket::open(options);
  }();
  ASSERT_TRUE(sender) << sender.error().message;
  auto receiver = lane(to, other, own);
  const auto cells = numbered_cells(20);
  const bool by_tai = instants == SocketInstants::tai;
  const InstantRules rules{by_tai ? InstantQueueKind::etf : InstantQueueKind::fq, milliseconds(5), 3};
  EXPECT_EQ(sender->carries_instants(rules), instants != SocketInstants::none);
  sender->set_release_instant(MonotonicClock().now() + milliseconds(2), rules);
  EXPECT_EQ(sender->send_train(cells.data(), 20, kCell), 20u) << sender->last_send_error();
  EXPECT_EQ(sender->segmentation(), segmentation);
  std::vector<uint8_t> got;
  EXPECT_EQ(datagrams(receive(receiver, 20, &got)), 20u);
  EXPECT_EQ(got, cells);
  EXPECT_EQ(sender->send_dropped_again(kCell), 0u) << "nothing drops here";
}

TEST_F(UdpTest, TrainsCarryInstants) {
  for (const auto carries : {SocketInstants::none, SocketInstants::monotonic, SocketInstants::tai}) {
    for (const bool segmentation : {true, false}) {
      expect_it_sends_with_an_instant(carries, segmentation, *a_, *b_, "10.9.0.1:4410", "10.9.0.2:4410");
      expect_it_sends_with_an_instant(carries, segmentation, *a_, *b_, "[fd09::1]:4410", "[fd09::2]:4410");
    }
  }
}

}  // namespace
}  // namespace cuttle
