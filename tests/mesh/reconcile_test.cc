// The rules of trust: what a host believes of the store, and what it does not.
#include "mesh/reconcile.hh"

#include <gmock/gmock.h>

#include "looks.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(MeshReconcile, HostsThatAreNewHaveLinks) {
  const Reconciled result = look({}, view_of({test_host(1), test_host(2), test_host(9)}));
  EXPECT_THAT(codes(result), IsEmpty());
  ASSERT_THAT(result.known.pins, SizeIs(2));
  const ParsedConfig parsed = parsed_of(result.known);
  ASSERT_THAT(parsed.config.peers, SizeIs(2));
  EXPECT_EQ(parsed.config.peers[0].name, "osd1");
  EXPECT_EQ(parsed.config.peers[0].public_key, test_key(1));
  EXPECT_TRUE(parsed.config.peers[0].joining);
}

TEST(MeshReconcile, AgainIsTheSame) {
  const StoreView view = view_of({test_host(1), test_host(2)});
  const Reconciled once = look({}, view);
  EXPECT_EQ(look(once.known, view), once);
}

TEST(MeshReconcile, AnotherIdentityOfAKnownHostIsRefusedUntilAccepted) {
  const Known before = look({}, view_of({test_host(1)})).known;
  TestHost other = test_host(3, "osd1");
  other.entry.endpoint = test_host(1).entry.endpoint;
  other.entry.addresses = test_host(1).entry.addresses;
  other.entry.counter = 50;
  other.say_anew();
  const StoreView view = view_of({other});
  Reconciled result = look(before, view);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_KEY_CHANGED osd1"));
  EXPECT_EQ(result.problems[0].fix, "cuttle mesh accept osd1");
  EXPECT_EQ(result.known, before);
  result.known.accepted["osd1"] = {other.entry.identity, {}};
  result = look(result.known, view);
  EXPECT_THAT(codes(result), IsEmpty());
  EXPECT_EQ(result.known.pins.at("osd1").entry.key, test_key(3));
  EXPECT_THAT(codes(look(result.known, view)), IsEmpty());
}

// Relays and ladders know a node by the first bytes of its keys (PublicKey::number): whoever writes down a
// key that begins like another's, which takes no private key, would speak for that one.
TEST(MeshReconcile, AKeyThatBeginsLikeAnothersIsRefused) {
  const TestHost victim = test_host(1);
  TestHost host = test_host(2);
  const Known known = look({}, view_of({victim, host})).known;
  ASSERT_EQ(config_of(known).peers.size(), 2u);
  PublicKey alike = test_key(7);
  std::copy_n(victim.entry.key.bytes.begin(), 8, alike.bytes.begin());
  host.entry.next_key = alike;
  host.say_anew();
  const auto looked = look(known, view_of({victim, host}));
  EXPECT_FALSE(looked.problems.empty());
  for (const PeerConfig& peer : config_of(looked.known).peers) EXPECT_NE(peer.next_public_key, alike);
}

// The identity is pinned, so the store alone cannot lead a key over: not by announcing it first either.
TEST(MeshReconcile, AKeyChangesByTheHostsOwnWordAlone) {
  TestHost host = test_host(1);
  Known known = look({}, view_of({host})).known;
  Entry forged = host.entry;
  forged.next_key = test_key(66);
  ++forged.counter;
  StoreView view;
  view.entries["osd1"] = to_json(forged);  // the proof is of the text before
  EXPECT_THAT(codes(look(known, view)), ElementsAre("CUTTLE_ENTRY_BAD osd1"));
  EXPECT_EQ(look(known, view).known, known);
  prove(forged, SigningKey::from_random(bytes(66, 2)));  // by somebody else
  view.entries["osd1"] = to_json(forged);
  EXPECT_EQ(look(known, view).known, known);

  host.entry.next_key = test_key(4);
  host.say_anew();
  known = look(known, view_of({host})).known;
  EXPECT_EQ(config_of(known).peers[0].next_public_key, test_key(4));
  host.entry.key = test_key(4);
  host.entry.next_key.reset();
  host.say_anew();
  known = look(known, view_of({host})).known;
  EXPECT_EQ(config_of(known).peers[0].public_key, test_key(4));
  EXPECT_FALSE(config_of(known).peers[0].next_public_key);
}

TEST(MeshReconcile, AnOldEntryIsNotPlayedBack) {
  TestHost host = test_host(1);
  const StoreView old = view_of({host});
  Known known = look({}, old).known;
  host.entry.key = test_key(4);
  host.say_anew();
  known = look(known, view_of({host})).known;
  const Reconciled result = look(known, old);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_OLD osd1"));
  EXPECT_EQ(result.known, known);
}

TEST(MeshReconcile, AnEntryThatIsGoneIsKeptAndSaid) {
  const Known known = look({}, view_of({test_host(1), test_host(2)})).known;
  const Reconciled result = look(known, view_of({test_host(2)}));
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_MISSING osd1"));
  EXPECT_EQ(result.known, known);
  EXPECT_THAT(look(known, {}).problems, SizeIs(2));
  EXPECT_EQ(look(known, {}).known, known);
}

TEST(MeshReconcile, ATombstoneEndsTheLinkAndOpensNothing) {
  TestHost host = test_host(1);
  Known known = look({}, view_of({host, test_host(2)})).known;
  Entry left;
  left.host = "osd1";
  left.identity = host.entry.identity;
  left.left = true;
  left.counter = 2;
  StoreView view = view_of({test_host(2)});
  view.entries["osd1"] = to_json(left);  // without a proof: anybody with the keyring
  EXPECT_THAT(codes(look(known, view)), ElementsAre("CUTTLE_ENTRY_BAD osd1"));
  EXPECT_EQ(look(known, view).known, known);
  prove(left, host.identity);
  view.entries["osd1"] = to_json(left);
  const Reconciled result = look(known, view);
  EXPECT_THAT(codes(result), IsEmpty());
  const NodeConfig config = config_of(result.known);
  ASSERT_THAT(config.peers, SizeIs(1));
  EXPECT_EQ(config.peers[0].name, "osd2");
  EXPECT_THAT(config.closed, ElementsAre(*IpPrefix::parse("10.0.0.1")));
  // Gone from the store, it stays closed, too.
  EXPECT_THAT(config_of(look(result.known, view_of({test_host(2)})).known).closed, SizeIs(1));
  // And it may come back by its own word, closed from the beginning.
  host.entry.counter = 2;
  host.say_anew();
  const NodeConfig back = config_of(look(result.known, view_of({host, test_host(2)})).known);
  ASSERT_THAT(back.peers, SizeIs(2));
  EXPECT_FALSE(back.peers[0].joining);
  EXPECT_THAT(back.closed, IsEmpty());
}

TEST(MeshReconcile, ARevocationEndsTheLinkAndSticks) {
  const std::vector<TestHost> hosts{test_host(1), test_host(2)};
  Known known = look({}, view_of(hosts)).known;
  StoreView view = view_of(hosts);
  view.revoked = {"osd1"};
  known = look(known, view).known;
  NodeConfig config = config_of(known);
  ASSERT_THAT(config.peers, SizeIs(1));
  EXPECT_THAT(config.closed, ElementsAre(*IpPrefix::parse("10.0.0.1")));
  // A monitor that takes it back brings nobody back.
  view.revoked.clear();
  const Reconciled result = look(known, view);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_REVOKED osd1"));
  EXPECT_EQ(result.known, known);
  accept(known, hosts[0].entry);
  EXPECT_THAT(config_of(look(known, view).known).peers, SizeIs(2));
  // Revoked again: the operator's earlier word is over.
  known = look(known, view).known;
  view.revoked = {"osd1"};
  known = look(known, view).known;
  view.revoked.clear();
  EXPECT_THAT(config_of(look(known, view).known).peers, SizeIs(1));
}

TEST(MeshReconcile, AHostThatIsRevokedBeforeItIsSeenHasNoLink) {
  StoreView view = view_of({test_host(1)});
  view.revoked = {"osd1"};
  EXPECT_THAT(look({}, view).known.pins, IsEmpty());
  view.revoked = {"osd9"};
  EXPECT_THAT(codes(look({}, view)), ElementsAre("CUTTLE_REVOKED osd9"));
}

TEST(MeshReconcile, AnotherHostsAddressIsRefused) {
  const Known known = look({}, view_of({test_host(1)})).known;
  TestHost thief = test_host(2);
  thief.entry.addresses.push_back(address("10.0.0.1"));
  std::sort(thief.entry.addresses.begin(), thief.entry.addresses.end());
  thief.say_anew();
  const StoreView view = view_of({test_host(1), thief});
  Reconciled result = look(known, view);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd2"));
  EXPECT_THAT(result.problems[0].text, HasSubstr("10.0.0.1, an address of osd1"));
  EXPECT_EQ(result.known, known);
  // By the operator's word it moves, and osd1 has it no more.
  result.known.accepted["osd2"] = {thief.entry.identity, {address("10.0.0.1")}};
  result = look(result.known, view);
  EXPECT_THAT(texts(linked_addresses(result.known.pins.at("osd2"))), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(linked_addresses(result.known.pins.at("osd1")), IsEmpty());
  EXPECT_EQ(look(result.known, view).known, result.known);
  config_of(result.known);
}

TEST(MeshReconcile, TwoNewHostsWithOneAddressAreBothRefused) {
  TestHost one = test_host(1);
  TestHost two = test_host(2);
  two.entry.addresses = {address("10.0.0.1")};
  two.say_anew();
  const Reconciled result = look({}, view_of({one, two, test_host(3)}));
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd1", "CUTTLE_ADDRESS_TAKEN osd2"));
  EXPECT_THAT(result.known.pins, SizeIs(1));
}

// The keyring of a host that never joined is enough to say this: it keeps nobody else from having links.
TEST(MeshReconcile, WhoCannotComeInStandsInNobodysWay) {
  TestHost bad = test_host(3);
  bad.entry.addresses = {address("10.0.0.1"), address("10.0.0.2"), address("10.0.0.3")};
  bad.say_anew();
  StoreView view = view_of({test_host(1), test_host(2), bad});
  view.owners[address("10.0.0.1")] = {"osd1"};
  Reconciled result = look({}, view);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd3"));
  EXPECT_THAT(result.problems[0].text, HasSubstr("daemons of osd1"));
  EXPECT_THAT(result.known.pins, SizeIs(2));
  // Nor who is not signed, where that is asked for.
  const SigningKey desk = SigningKey::from_random(bytes(5, 9));
  Bounds bounds = test_bounds();
  bounds.signing_key = desk.verifying_key();
  TestHost good = test_host(1);
  sign(good.entry, desk);
  result = reconcile({}, view_of({good, bad}), bounds);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_NOT_SIGNED osd3"));
  EXPECT_THAT(result.known.pins, SizeIs(1));
}

TEST(MeshReconcile, AnAddressOfAnotherHostsDaemonsIsRefused) {
  StoreView view = view_of({test_host(1), test_host(2)});
  view.owners[address("10.0.0.1")] = {"mon"};
  view.owners[address("10.0.0.2")] = {"osd2.example"};  // its full name
  const Reconciled result = look({}, view);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd1"));
  EXPECT_THAT(result.problems[0].text, HasSubstr("daemons of mon"));
  EXPECT_THAT(result.known.pins, SizeIs(1));
}

TEST(MeshReconcile, ThisHostsOwnAddressAndWhatIsOutsideTheNetworksAreRefused) {
  TestHost own = test_host(1);
  own.entry.addresses = {address("10.0.0.9")};
  own.say_anew();
  TestHost outside = test_host(2);
  outside.entry.addresses = {address("10.0.1.2")};
  outside.say_anew();
  TestHost key = test_host(3);
  key.entry.key = test_key(9);
  key.say_anew();
  const Reconciled result = look({}, view_of({own, outside, key}));
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd1", "CUTTLE_ADDRESS_TAKEN osd2",
                                         "CUTTLE_ADDRESS_TAKEN osd3"));
  EXPECT_THAT(result.known.pins, IsEmpty());
}

// Real in stretched clusters: both call themselves osd1.
TEST(MeshReconcile, TwoHostsOfOneShortNameAreTwoNodes) {
  StoreView view = view_of({test_host(1, "osd1.site-a"), test_host(2, "osd1.site-b")});
  view.owners[address("10.0.0.1")] = {"osd1"};
  view.owners[address("10.0.0.2")] = {"osd1.site-b"};
  const Reconciled result = look({}, view);
  EXPECT_THAT(codes(result), IsEmpty());
  const NodeConfig config = config_of(result.known);
  ASSERT_THAT(config.peers, SizeIs(2));
  EXPECT_EQ(config.peers[0].name, "osd1");
  EXPECT_EQ(config.peers[1].name, "osd1-2");
  EXPECT_THAT(config.peers[0].redirect, SizeIs(1));
  EXPECT_THAT(config.peers[1].redirect, SizeIs(1));
  // One of them with the other's address is neither.
  view.owners[address("10.0.0.1")] = {"osd1.site-b"};
  EXPECT_THAT(codes(look({}, view)), ElementsAre("CUTTLE_ADDRESS_TAKEN osd1.site-a"));
}

TEST(MeshReconcile, AnAddressThatAHostGaveUpStaysClosed) {
  TestHost host = test_host(1);
  host.entry.addresses.push_back(address("10.0.0.101"));
  host.say_anew();
  Known known = look({}, view_of({host})).known;
  host.entry.addresses = {address("10.0.0.1")};
  host.say_anew();
  known = look(known, view_of({host})).known;
  EXPECT_THAT(config_of(known).closed, ElementsAre(*IpPrefix::parse("10.0.0.101")));
  // Nor does somebody else get it by saying so.
  TestHost heir = test_host(2);
  heir.entry.addresses = {address("10.0.0.101")};
  heir.say_anew();
  EXPECT_THAT(codes(look(known, view_of({host, heir}))), ElementsAre("CUTTLE_ADDRESS_TAKEN osd2"));
}

// Whose link was never up, and who takes back an address that stays closed: that does not open with the next
// start of the machine.
TEST(MeshReconcile, WithAnAddressThatStaysClosedALinkBeginsClosed) {
  TestHost host = test_host(1);
  Known known = look({}, view_of({host})).known;
  ASSERT_TRUE(config_of(known).peers[0].joining);
  host.entry.addresses = {address("10.0.0.31")};
  host.entry.endpoint.address = address("10.0.0.31");
  host.say_anew();
  known = look(known, view_of({host})).known;
  EXPECT_TRUE(config_of(known).peers[0].joining) << "nothing that is closed is in it";
  ASSERT_THAT(config_of(known).closed, SizeIs(1));
  host.entry.addresses.insert(host.entry.addresses.begin(), address("10.0.0.1"));
  host.say_anew();
  known = look(known, view_of({host})).known;
  EXPECT_FALSE(config_of(known).peers[0].joining);
  // One that another host has, or had, goes to a new one by the operator's word.
  for (const bool has_left : {true, false}) {
    known = look({}, view_of({test_host(1)})).known;
    if (has_left) close_pin(known.pins.at("osd1"), Standing::left);
    TestHost heir = test_host(2);
    heir.entry.addresses.insert(heir.entry.addresses.begin(), address("10.0.0.1"));
    heir.say_anew();
    accept(known, heir.entry);
    known = look(known, view_of({heir})).known;
    ASSERT_TRUE(known.pins.contains("osd2"));
    EXPECT_TRUE(known.pins.at("osd2").was_up);
  }
}

TEST(MeshReconcile, RootsOwnPeersWin) {
  Bounds bounds = test_bounds();
  bounds.root_peers = {roots_peer("osd1", 77, "10.0.0.1:4410", {"10.0.0.1"})};
  const StoreView view = view_of({test_host(1), test_host(2)});
  Reconciled result = reconcile({}, view, bounds);
  EXPECT_THAT(result.known.pins, SizeIs(1));
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ADDRESS_TAKEN osd1")) << "it has another key";
  bounds.root_peers[0].public_key = test_key(1);
  result = reconcile({}, view, bounds);
  EXPECT_THAT(result.known.pins, SizeIs(1));
  EXPECT_THAT(codes(result), IsEmpty());
}

TEST(MeshReconcile, WithSignaturesOnlySignedEntriesComeIn) {
  const SigningKey desk = SigningKey::from_random(bytes(5, 9));
  Bounds bounds = test_bounds();
  bounds.signing_key = desk.verifying_key();
  TestHost host = test_host(1);
  Reconciled result = reconcile({}, view_of({host}), bounds);
  EXPECT_THAT(codes(result), ElementsAre("CUTTLE_NOT_SIGNED osd1"));
  EXPECT_THAT(result.known.pins, IsEmpty());
  sign(host.entry, SigningKey::from_random(bytes(6, 9)));  // another's
  EXPECT_THAT(reconcile({}, view_of({host}), bounds).known.pins, IsEmpty());
  sign(host.entry, desk);
  const StoreView old = view_of({host});
  result = reconcile({}, old, bounds);
  ASSERT_THAT(result.known.pins, SizeIs(1));
  // A change, too; and an old signed entry is not played back.
  host.entry.key = test_key(4);
  host.say_anew();
  EXPECT_THAT(codes(reconcile(result.known, view_of({host}), bounds)), ElementsAre("CUTTLE_NOT_SIGNED osd1"));
  sign(host.entry, desk);
  result = reconcile(result.known, view_of({host}), bounds);
  EXPECT_EQ(result.known.pins.at("osd1").entry.key, test_key(4));
  EXPECT_THAT(codes(reconcile(result.known, old, bounds)), ElementsAre("CUTTLE_ENTRY_OLD osd1"));
  // The operator's `accept` on one host does not replace the signature.
  TestHost anew = test_host(8, "osd1");
  anew.entry.counter = 9;
  anew.say_anew();
  result.known.accepted["osd1"] = {anew.entry.identity, {}};
  EXPECT_THAT(codes(reconcile(result.known, view_of({anew}), bounds)), ElementsAre("CUTTLE_NOT_SIGNED osd1"));
}

TEST(MeshReconcile, WhatIsNoEntryTouchesNobodyElse) {
  const Known known = look({}, view_of({test_host(1), test_host(2)})).known;
  for (const std::string& bad : {std::string("no JSON"), std::string("\0\xff", 2), std::string(65536, ' '),
                                 std::string("{\"version\":7}"), test_host(3).to_string()}) {
    StoreView view = view_of({test_host(2), test_host(3)});
    view.entries["osd1"] = bad;
    const Reconciled result = look(known, view);
    EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_BAD osd1"));
    EXPECT_THAT(result.known.pins, SizeIs(3));
    EXPECT_EQ(result.known.pins.at("osd1"), known.pins.at("osd1"));
  }
  StoreView view;
  view.entries["../etc/passwd"] = test_host(4).to_string();
  view.entries["OSD4"] = test_host(4).to_string();
  view.entries[""] = test_host(4).to_string();
  EXPECT_THAT(look({}, view).known.pins, IsEmpty());
}

}  // namespace
}  // namespace cuttle::mesh
