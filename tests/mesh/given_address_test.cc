// An address that went from one host to another by root's word, and back.
#include <gmock/gmock.h>

#include "looks.hh"
#include "mesh/reconcile.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// osd1 and osd2, both also at 10.0.0.101, which osd2 got by root's word.
struct Mistaken {
  TestHost host = with(1);
  TestHost thief = with(2);
  Known known;

  Mistaken() {
    TestHost before = test_host(2);
    known = look({}, view_of({host, before})).known;
    thief.entry.counter = 4;
    thief.say_anew();
    accept(known, thief.entry);
    known = look(known, view()).known;
  }
  StoreView view() const { return view_of({host, thief}); }
  std::vector<std::string> addresses_of(const char* name) const {
    return texts(linked_addresses(known.pins.at(name)));
  }
  static TestHost with(int number) {
    TestHost host = test_host(number);
    host.entry.addresses.push_back(address("10.0.0.101"));
    host.say_anew();
    return host;
  }
};

// Root accepted the wrong one, and then the right one, which says what it always said.
TEST(MeshReconcile, AnAddressComesBackToWhomRootAcceptsLater) {
  Mistaken mistaken;
  Known& known = mistaken.known;
  ASSERT_THAT(mistaken.addresses_of("osd1"), ElementsAre("10.0.0.1"));
  ASSERT_THAT(mistaken.addresses_of("osd2"), ElementsAre("10.0.0.2", "10.0.0.101"));
  accept(known, mistaken.host.entry);
  known = look(known, mistaken.view()).known;
  EXPECT_THAT(mistaken.addresses_of("osd1"), ElementsAre("10.0.0.1", "10.0.0.101"));
  EXPECT_THAT(mistaken.addresses_of("osd2"), ElementsAre("10.0.0.2"));
  EXPECT_THAT(known.accepted, IsEmpty());
  EXPECT_TRUE(known.pins.at("osd1").was_up) << "it was another's: it does not begin open";
  EXPECT_EQ(look(known, mistaken.view()).known, known);
  config_of(known);
}

// Whoever had it by root's word is gone and forgotten: it is in its own host's link again, not open.
TEST(MeshReconcile, AnAddressThatNobodyElseHasAnyMoreIsItsOwnHostsAgain) {
  Mistaken mistaken;
  Known& known = mistaken.known;
  known = look(known, view_of({mistaken.host})).known;
  EXPECT_THAT(mistaken.addresses_of("osd1"), ElementsAre("10.0.0.1")) << "osd2 still has it";
  close_pin(known.pins.at("osd2"), Standing::left);
  known = look(known, view_of({mistaken.host})).known;
  EXPECT_THAT(mistaken.addresses_of("osd1"), ElementsAre("10.0.0.1")) << "it stays closed";
  known.pins.at("osd1").was_up = false;
  const auto opens = forget(known, "osd2");
  ASSERT_TRUE(opens);
  EXPECT_THAT(texts(*opens), ElementsAre("10.0.0.2"));
  EXPECT_THAT(mistaken.addresses_of("osd1"), ElementsAre("10.0.0.1", "10.0.0.101"));
  EXPECT_FALSE(config_of(known).peers[0].joining);
  // Files of before say that it is lost to nobody.
  known.pins.at("osd1").lost = {address("10.0.0.101")};
  known = look(known, view_of({mistaken.host})).known;
  EXPECT_THAT(mistaken.addresses_of("osd1"), ElementsAre("10.0.0.1", "10.0.0.101"));
}

// By root's word it was osd1's no more, then osd2's no more, and the third is gone: which of these words came
// last, nobody knows. Neither gets it back by itself.
TEST(MeshReconcile, AnAddressThatTwoHostsLostIsNeithersUntilRootSaysSo) {
  Mistaken mistaken;
  Known& known = mistaken.known;
  const TestHost third = Mistaken::with(3);
  StoreView view = view_of({mistaken.host, mistaken.thief, third});
  accept(known, third.entry);
  known = look(known, view).known;
  ASSERT_THAT(mistaken.addresses_of("osd3"), ElementsAre("10.0.0.3", "10.0.0.101"));
  view.entries["osd3"] = to_json(tombstone(third, third.entry.counter + 1));
  known = look(known, view).known;
  const auto opens = forget(known, "osd3");
  ASSERT_TRUE(opens);
  EXPECT_THAT(texts(*opens), ElementsAre("10.0.0.3"));
  Reconciled result;
  for (int i = 0; i < 2; ++i) {
    result = look(known, view);
    EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd1", "CUTTLE_ADDRESS_TAKEN osd2"));
    known = result.known;
    EXPECT_THAT(mistaken.addresses_of("osd1"), ElementsAre("10.0.0.1"));
    EXPECT_THAT(mistaken.addresses_of("osd2"), ElementsAre("10.0.0.2"));
    EXPECT_THAT(config_of(known).closed, ElementsAre(*IpPrefix::parse("10.0.0.101")));
  }
  // Root says so: then it is nobody else's.
  Known by_word = known;
  accept(by_word, mistaken.thief.entry);
  result = look(by_word, view);
  EXPECT_THAT(codes(result), IsEmpty());
  by_word = result.known;
  EXPECT_THAT(texts(linked_addresses(by_word.pins.at("osd2"))), ElementsAre("10.0.0.2", "10.0.0.101"));
  EXPECT_THAT(texts(linked_addresses(by_word.pins.at("osd1"))), ElementsAre("10.0.0.1"));
  EXPECT_EQ(look(by_word, view).known, by_word);
  config_of(by_word);
  // Or one of the two is gone, too: there is no doubt any more.
  close_pin(known.pins.at("osd1"), Standing::left);
  ASSERT_TRUE(forget(known, "osd1"));
  EXPECT_THAT(mistaken.addresses_of("osd2"), ElementsAre("10.0.0.2", "10.0.0.101"));
  EXPECT_FALSE(config_of(known).peers[0].joining);
}

// osd1 is reached at 10.0.0.1, which osd2 got as an address by root's word. `with_address`: it is one of
// osd1's addresses, too.
struct Overrun {
  TestHost host = test_host(1);
  TestHost other = test_host(2);
  Known known;

  explicit Overrun(bool with_address) {
    host.entry.addresses.push_back(address("10.0.0.31"));
    if (!with_address) host.entry.addresses = {address("10.0.0.31")};
    host.say_anew();
    known = look({}, view_of({host, other})).known;
    other.entry.addresses = {address("10.0.0.1"), address("10.0.0.2")};
    other.say_anew();
    accept(known, other.entry);
    known = look(known, view_of({host, other})).known;
  }
  NodeConfig after_osd2_left() {
    StoreView view = view_of({host});
    view.entries["osd2"] = to_json(tombstone(other, other.entry.counter + 1));
    known = look(known, view).known;
    return config_of(known);
  }
};

// It has no link meanwhile, and was never up: what was closed does not open when it has one again.
TEST(MeshReconcile, ALinkWhoseEndpointWasAnothersBeginsClosed) {
  for (const bool with_address : {true, false}) {
    Overrun overrun(with_address);
    ASSERT_THAT(config_of(overrun.known).peers, SizeIs(1)) << "osd2";
    EXPECT_THAT(config_of(overrun.known).closed, ElementsAre(*IpPrefix::parse("10.0.0.31")));
    NodeConfig config = overrun.after_osd2_left();
    ASSERT_THAT(config.peers, SizeIs(1));
    EXPECT_THAT(config.peers[0].redirect,
                testing::UnorderedElementsAre(*IpPrefix::parse("10.0.0.1"), *IpPrefix::parse("10.0.0.31")));
    EXPECT_FALSE(config.peers[0].joining);
    ASSERT_TRUE(forget(overrun.known, "osd2"));
    EXPECT_FALSE(config_of(overrun.known).peers[0].joining) << "10.0.0.31 was closed";
    // Nor by a file of before, which does not say so.
    Overrun before(with_address);
    before.known.pins.at("osd1").was_up = false;
    close_pin(before.known.pins.at("osd2"), Standing::left);
    EXPECT_FALSE(config_of(before.known).peers[0].joining);
  }
}

// Root accepts the one that is reached there.
TEST(MeshReconcile, AnEndpointComesBackToWhomRootAcceptsLater) {
  for (const bool with_address : {true, false}) {
    Overrun overrun(with_address);
    accept(overrun.known, overrun.host.entry);
    overrun.known = look(overrun.known, view_of({overrun.host, overrun.other})).known;
    EXPECT_THAT(overrun.known.accepted, IsEmpty());
    EXPECT_THAT(texts(linked_addresses(overrun.known.pins.at("osd2"))), ElementsAre("10.0.0.2"));
    EXPECT_EQ(look(overrun.known, view_of({overrun.host, overrun.other})).known, overrun.known);
    const NodeConfig config = config_of(overrun.known);
    ASSERT_THAT(config.peers, SizeIs(2));
    EXPECT_FALSE(config.peers[0].joining);
    // Nothing beside its cells goes there in the clear.
    EXPECT_THAT(config.peers[0].redirect,
                testing::UnorderedElementsAre(*IpPrefix::parse("10.0.0.1"), *IpPrefix::parse("10.0.0.31")));
  }
}

}  // namespace
}  // namespace cuttle::mesh
