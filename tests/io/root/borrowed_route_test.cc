// A process that was ended while a route was lent to one of its sockets: the next start takes the rule away.
#include "io/borrowed_route.hh"

#include "namespace.hh"

namespace cuttle {
namespace {

class BorrowedRouteTest : public TwoNodes {};

TEST_F(BorrowedRouteTest, what_is_left_goes_and_nobody_elses) {
  const Inside inside(*a_);
  run("ip rule add pref 1 fwmark 0x1234 lookup 3229031936 protocol 199");
  run("ip -6 rule add pref 1 fwmark 0x1235 lookup 3229031936 protocol 199");
  run("ip route add 10.9.0.77 dev wire table 3229031936 protocol 199");
  run("ip rule add pref 1 fwmark 0x1234 lookup 3229031936");  // not ours
  run("ip rule add pref 1 fwmark 0x1234 lookup 77 protocol 199");
  for (int i = 0; i < 2; ++i) {
    const auto removed = remove_borrowed_routes();
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_EQ(std::system("test $(ip rule show pref 1 | wc -l) = 2"), 0);
    EXPECT_EQ(std::system("test $(ip -6 rule show pref 1 | wc -l) = 0"), 0);
    EXPECT_EQ(std::system("test $(ip route show table 3229031936 2>&1 | grep -c wire) = 0"), 0);
  }
}

}  // namespace
}  // namespace cuttle
