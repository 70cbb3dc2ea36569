// What the operator said: to forget a host, or to accept one.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "looks.hh"
#include "mesh/reconcile.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Who is forgotten is not known again by what it said before, signed or not.
TEST(MeshReconcile, WhatAForgottenHostSaidIsNotPlayedBack) {
  const SigningKey desk = SigningKey::from_random(bytes(5, 9));
  Bounds bounds = test_bounds();
  bounds.signing_key = desk.verifying_key();
  TestHost host = test_host(1);
  sign(host.entry, desk);
  const StoreView old = view_of({host});
  Known known = reconcile({}, old, bounds).known;
  StoreView view;
  view.entries["osd1"] = to_json(tombstone(host, 2));
  known = reconcile(known, view, bounds).known;
  ASSERT_TRUE(forget(known, "osd1"));
  EXPECT_THAT(known.pins, IsEmpty());
  EXPECT_THAT(codes(reconcile(known, view, bounds)), IsEmpty()) << "that it left is no news";
  Reconciled result = reconcile(known, old, bounds);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_OLD osd1"));
  EXPECT_EQ(result.known, known);
  // Nor does it stand in the way of a host that has the address now.
  TestHost heir = test_host(2);
  heir.entry.addresses = {address("10.0.0.1")};
  heir.say_anew();
  sign(heir.entry, desk);
  EXPECT_THAT(reconcile(known, view_of({host, heir}), bounds).known.pins, SizeIs(1));
  // It comes back by a new word of its own.
  host.entry.counter = 2;
  host.say_anew();
  sign(host.entry, desk);
  result = reconcile(known, view_of({host}), bounds);
  EXPECT_THAT(result.known.pins, SizeIs(1));
  EXPECT_EQ(look(result.known, view_of({host})).known, result.known);
  // Or the operator's, who says that the old one counts.
  accept(known, parse_entry("osd1", old.entries.at("osd1")).value());
  result = reconcile(known, old, bounds);
  EXPECT_THAT(result.known.pins, SizeIs(1));
}

TEST(MeshReconcile, AForgottenHostThatWasRevokedComesBackByTheOperatorsWordAlone) {
  TestHost host = test_host(1);
  StoreView view = view_of({host});
  Known known = look({}, view).known;
  EXPECT_FALSE(forget(known, "osd1")) << "it is in";
  view.revoked = {"osd1"};
  known = look(known, view).known;
  ASSERT_TRUE(forget(known, "osd1"));
  view.revoked.clear();
  host.say_anew();  // whoever has its disk can
  view = view_of({host});
  Reconciled result = look(known, view);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_REVOKED osd1"));
  EXPECT_EQ(result.known, known);
  accept(known, host.entry);
  EXPECT_THAT(look(known, view).known.pins, SizeIs(1));
  // One that left, was forgotten, and is revoked then, too.
  known = look({}, view).known;
  view.entries["osd1"] = to_json(tombstone(host, 9));
  known = look(known, view).known;
  ASSERT_TRUE(forget(known, "osd1"));
  view.revoked = {"osd1"};
  known = look(known, view).known;
  view.revoked.clear();
  host.entry.counter = 10;
  host.say_anew();
  EXPECT_THAT(look(known, view_of({host})).known.pins, IsEmpty());
}

// One host as it spoke three times, with a key of its own the second time.
struct ThreeWords {
  TestHost oldest = test_host(1);
  TestHost middle = oldest;
  TestHost newest = oldest;

  ThreeWords() {
    middle.entry.counter = 29;
    middle.entry.key = test_key(31);
    middle.say_anew();
    newest.entry.counter = 49;
    newest.say_anew();
  }
  // A word after all of them.
  TestHost later() const {
    TestHost host = newest;
    host.entry.key = test_key(32);
    host.say_anew();
    return host;
  }
};

// Known as `newest`; forgotten, or not; then `oldest` is accepted.
Known with_old_accepted(const TestHost& newest, const TestHost& oldest, bool is_forgotten_first) {
  Known known = look({}, view_of({newest})).known;
  if (is_forgotten_first) {
    close_pin(known.pins.at("osd1"), Standing::left);
    EXPECT_TRUE(forget(known, "osd1"));
  }
  accept(known, oldest.entry);
  return look(known, view_of({oldest})).known;
}

// Of a host that is forgotten, only what it says after the highest that was taken counts, even where an old
// entry was accepted meanwhile.
TEST(MeshReconcile, AnAcceptanceOfAnOldEntryBringsNoOtherOldOneBack) {
  const auto [oldest, middle, newest] = ThreeWords();
  for (const bool is_forgotten_first : {true, false}) {
    Known known = with_old_accepted(newest, oldest, is_forgotten_first);
    ASSERT_THAT(known.pins, SizeIs(1));
    EXPECT_EQ(known.pins.at("osd1").counter, 1u);
    EXPECT_THAT(codes(look(known, view_of({oldest}))), IsEmpty()) << "it is in force";
    close_pin(known.pins.at("osd1"), Standing::left);
    ASSERT_TRUE(forget(known, "osd1"));
    EXPECT_EQ(known.forgotten.at("osd1").counter, 50u);
    EXPECT_THAT(look(known, view_of({middle})).known.pins, IsEmpty());
  }
}

// While it is in force as well: what it said between the two does not come back by itself.
TEST(MeshReconcile, BesideAnAcceptedOldEntryNoOtherOldOneCounts) {
  const ThreeWords host;
  const auto& [oldest, middle, newest] = host;
  for (const bool is_forgotten_first : {true, false}) {
    Known known = with_old_accepted(newest, oldest, is_forgotten_first);
    Reconciled result = look(known, view_of({middle}));
    EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_OLD osd1"));
    EXPECT_EQ(result.known, known);
    EXPECT_EQ(*parse_known(to_json(known)), known) << "nor after a restart";
    // Its own later word does, and the operator's.
    result = look(known, view_of({host.later()}));
    EXPECT_THAT(codes(result), IsEmpty());
    EXPECT_EQ(result.known.pins.at("osd1").entry.key, test_key(32));
    accept(known, middle.entry);
    EXPECT_EQ(look(known, view_of({middle})).known.pins.at("osd1").entry.key, test_key(31));
  }
}

// Also before it is taken: the operator saw that one, and who serves another meanwhile gets nowhere.
TEST(MeshReconcile, BesideAnAcceptanceThatWaitsNoOtherOldOneCounts) {
  const ThreeWords host;
  const auto& [oldest, middle, newest] = host;
  StoreView left = view_of({});
  left.entries["osd1"] = to_json(tombstone(newest, 30));
  for (const bool is_forgotten_first : {false, true}) {
    Known known = look({}, view_of({newest})).known;
    if (is_forgotten_first) {
      close_pin(known.pins.at("osd1"), Standing::left);
      ASSERT_TRUE(forget(known, "osd1"));
    }
    accept(known, oldest.entry);
    known = *parse_known(to_json(known));
    Reconciled result = look(known, view_of({middle}));
    EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_OLD osd1"));
    EXPECT_EQ(result.known, known);
    result = look(known, left);
    EXPECT_THAT(codes(result), SizeIs(is_forgotten_first ? 0 : 1));
    EXPECT_EQ(result.known, known);
    // The one that was seen counts, and so does a later word than all.
    EXPECT_EQ(look(known, view_of({oldest})).known.pins.at("osd1").counter, 1u);
    EXPECT_EQ(look(known, view_of({host.later()})).known.pins.at("osd1").entry.key, test_key(32));
  }
}

// The same where it is another installation's: what that said before the one that was seen does not count,
// and nobody else comes in in its place.
TEST(MeshReconcile, AnAcceptanceIsOfTheEntryThatWasSeen) {
  TestHost anew = test_host(70, "osd1");
  anew.entry.endpoint = test_host(1).entry.endpoint;
  anew.entry.addresses = test_host(1).entry.addresses;
  anew.say_anew();
  const TestHost older = anew;
  anew.entry.counter = 4;
  anew.say_anew();
  Known known = look({}, view_of({test_host(1)})).known;
  accept(known, anew.entry);
  EXPECT_THAT(codes(look(known, view_of({older}))), ElementsAre("CUTTLE_KEY_CHANGED osd1"));
  EXPECT_THAT(codes(look(known, view_of({anew}))), IsEmpty());
  // Of a host that is not known yet.
  known = {};
  accept(known, anew.entry);
  EXPECT_THAT(codes(look(known, view_of({older}))), ElementsAre("CUTTLE_ENTRY_OLD osd1"));
  const Reconciled result = look(known, view_of({test_host(1)}));
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_KEY_CHANGED osd1"));
  EXPECT_EQ(result.known, known);
  EXPECT_EQ(look(known, view_of({anew})).known.pins.at("osd1").entry.key, test_key(70));
}

// Files of before do not say which it was: then only what comes after all counts.
TEST(MeshReconcile, AnAcceptanceOfBeforeCoversWhatIsLaterThanAll) {
  TestHost host = test_host(1);
  const TestHost oldest = host;
  host.entry.counter = 49;
  host.say_anew();
  Known known = look({}, view_of({host})).known;
  known.pins.at("osd1").was_up = true;
  close_pin(known.pins.at("osd1"), Standing::revoked);
  accept(known, oldest.entry);
  auto json = nlohmann::json::parse(to_json(known));
  json["accepted"]["osd1"].erase("counter");
  known = parse_known(json.dump()).value();
  EXPECT_THAT(codes(look(known, view_of({oldest}))), ElementsAre("CUTTLE_REVOKED osd1"));
  host.say_anew();
  EXPECT_EQ(look(known, view_of({host})).known.pins.at("osd1").standing, Standing::in);
}

// Another installation, which was accepted, left before it was taken: the numbers of the one that was seen
// first still count.
TEST(MeshReconcile, ATombstoneOfAnotherIdentitySetsNoNumberBack) {
  TestHost host = test_host(1);
  host.entry.counter = 29;
  host.say_anew();
  TestHost middle = host;
  host.entry.counter = 49;
  host.say_anew();
  TestHost anew = test_host(70, "osd1");
  anew.entry.addresses = host.entry.addresses;
  anew.entry.endpoint = host.entry.endpoint;
  anew.say_anew();
  Known known = look({}, view_of({host})).known;
  accept(known, anew.entry);
  StoreView left = view_of({});
  left.entries["osd1"] = to_json(tombstone(anew, 3));
  known = look(known, left).known;
  EXPECT_EQ(known.pins.at("osd1").standing, Standing::left);
  EXPECT_THAT(codes(look(known, left)), IsEmpty()) << "that it left is no news";
  EXPECT_EQ(look(known, view_of({middle})).known.pins.at("osd1").standing, Standing::left);
  EXPECT_THAT(codes(look(known, view_of({anew}))), ElementsAre("CUTTLE_KEY_CHANGED osd1")) << "accepted once";
}

// A host that was installed anew begins at 1: its number says nothing about what the identity of before said,
// signed as that was.
TEST(MeshReconcile, AnInstallationOfBeforeIsNotPlayedBack) {
  const SigningKey desk = SigningKey::from_random(bytes(5, 9));
  Bounds bounds = test_bounds();
  bounds.signing_key = desk.verifying_key();
  TestHost before = test_host(1);
  before.entry.counter = 29;
  before.say_anew();
  sign(before.entry, desk);
  const TestHost older = before;
  before.entry.counter = 49;
  before.say_anew();
  sign(before.entry, desk);
  Known known = reconcile({}, view_of({before}), bounds).known;
  TestHost anew = test_host(70, "osd1");
  anew.entry.endpoint = before.entry.endpoint;
  anew.entry.addresses = before.entry.addresses;
  anew.entry.counter = 0;
  anew.say_anew();
  sign(anew.entry, desk);
  accept(known, anew.entry);
  known = reconcile(known, view_of({anew}), bounds).known;
  ASSERT_EQ(known.pins.at("osd1").entry.identity, anew.entry.identity);
  for (const TestHost& old : {older, before}) {
    const Reconciled result = reconcile(known, view_of({old}), bounds);
    EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_OLD osd1"));
    EXPECT_EQ(result.known, known);
  }
  // It goes on counting from where it began.
  anew.entry.next_key = test_key(71);
  anew.say_anew();
  sign(anew.entry, desk);
  const Reconciled result = reconcile(known, view_of({anew}), bounds);
  EXPECT_THAT(codes(result), IsEmpty());
  EXPECT_EQ(result.known.pins.at("osd1").entry.next_key, test_key(71));
}

// The operator's word is for what was said then.
TEST(MeshReconcile, AnAcceptanceCountsOnce) {
  TestHost thief = test_host(2);
  thief.entry.addresses.push_back(address("10.0.0.101"));
  std::sort(thief.entry.addresses.begin(), thief.entry.addresses.end());
  thief.say_anew();
  TestHost host = test_host(1);
  host.entry.addresses.push_back(address("10.0.0.101"));
  host.say_anew();
  Known known = look({}, view_of({host})).known;
  known.accepted["osd2"] = {thief.entry.identity, {address("10.0.0.101")}};
  StoreView view = view_of({host, thief});
  view.owners[address("10.0.0.101")] = {"osd1"};  // the cluster's maps, which the operator overruled
  known = look(known, view).known;
  EXPECT_THAT(known.accepted, IsEmpty());
  EXPECT_THAT(linked_addresses(known.pins.at("osd2")), SizeIs(2));
  // It goes on as its own, whatever else changes,
  thief.entry.next_key = test_key(22);
  thief.say_anew();
  view.entries["osd2"] = thief.to_string();
  Reconciled result = look(known, view);
  EXPECT_THAT(codes(result), IsEmpty());
  EXPECT_EQ(result.known.pins.at("osd2").entry.next_key, test_key(22));
  // until it is another's again: then it does not come back by saying so.
  known = result.known;
  host.say_anew();
  known.accepted["osd1"] = {host.entry.identity, {address("10.0.0.101")}};
  known.pins.at("osd1").counter = host.entry.counter - 1;
  host.entry.next_key = test_key(11);
  host.say_anew();
  known = look(known, view_of({host, thief})).known;
  ASSERT_THAT(linked_addresses(known.pins.at("osd1")), SizeIs(2));
  EXPECT_THAT(known.accepted, IsEmpty());
  thief.entry.next_key.reset();
  thief.say_anew();
  result = look(known, view_of({host, thief}));
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd2"));
  EXPECT_THAT(linked_addresses(result.known.pins.at("osd1")), SizeIs(2));
}

TEST(MeshReconcile, AnAcceptanceOfWhatIsInForceIsOver) {
  const StoreView view = view_of({test_host(1)});
  Known known = look({}, view).known;
  for (const uint64_t number : {0, 1}) {
    known.accepted["osd1"] = {test_host(1).entry.identity, {address("10.0.0.101")}, number};
    EXPECT_THAT(look(known, view).known.accepted, IsEmpty());
  }
}

}  // namespace
}  // namespace cuttle::mesh
