// More hosts than there can be: a hostile monitor can name any number.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "config/file.hh"
#include "looks.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr size_t kLongestKnown = 4 << 20;  // far below what files.cc reads

class ManyHosts : public testing::Test {
 protected:
  ManyHosts() {
    bounds.networks.clear();
    bounds.own->addresses.push_back(address("fd00::9"));
    bounds.sources = bounds.own_addresses = bounds.own->addresses;
  }
  // Its addresses the `part`th of its own, the longest there are.
  static TestHost far_host(int number, int addresses, int part = 0) {
    TestHost host = test_host(1, fmt::format("host{}", number));
    host.identity = SigningKey::from_random(bytes(number, 2));
    host.entry.identity = host.identity.verifying_key();
    host.entry.key = test_key(number);
    host.entry.next_key = test_key(number + 20'000);
    host.entry.endpoint = {address(fmt::format("10.{}.{}.1", number / 200, number % 200 + 1)), 4410};
    host.entry.addresses.clear();
    for (int i = 0; i < addresses; ++i) {
      host.entry.addresses.push_back(address(fmt::format("fd00:1111:2222:3333:4444:{:x}:{:x}:{:x}",
                                                         0x1000 + part, 0x1000 + number, 0x1000 + i)));
    }
    host.entry.counter = static_cast<uint64_t>(part);
    host.say_anew();
    return host;
  }
  void expect_fits(const Known& known) const {
    EXPECT_LT(to_json(known).size(), kLongestKnown);
    std::set<std::string> all;
    for (const auto& [host, pin] : known.pins) all.insert(host);
    EXPECT_LT(peers_text(known, bounds, true).size(), kLongestConfigFile);
    EXPECT_LT(peers_text(known, bounds, true, all).size(), kLongestConfigFile / 2);
  }

  Bounds bounds = test_bounds();
};

TEST_F(ManyHosts, AreTakenInUpToABound) {
  for (const auto& [count, addresses] : {std::pair(1100, 1), std::pair(300, 32)}) {
    Known known = reconcile({}, view_of({test_host(7, "zz")}), bounds).known;
    StoreView view = view_of({test_host(7, "zz")});
    std::vector<TestHost> hosts;
    for (int i = 0; i < count; ++i) {
      hosts.push_back(far_host(i + 20, addresses));
      view.entries[hosts.back().entry.host] = hosts.back().to_string();
    }
    Reconciled result = reconcile(known, view, bounds);
    known = result.known;
    EXPECT_THAT(codes(result), ElementsAre("CUTTLE_ENTRY_BAD osd9"));
    EXPECT_TRUE(known.pins.contains("zz")) << "known before";
    const size_t taken = addresses == 1 ? kMaxHosts : 1 + (kMaxHeld - 2) / 33;
    ASSERT_THAT(known.pins, SizeIs(taken));
    EXPECT_THAT(result.problems[0].text, testing::HasSubstr(fmt::format("{} new hosts", count + 1 - taken)));
    expect_fits(known);
    ASSERT_EQ(parse_known(to_json(known)), known);
    const ParsedConfig parsed = parsed_of(known, bounds);
    EXPECT_THAT(parsed.config.peers, SizeIs(taken));
    EXPECT_EQ(reconcile(known, view, bounds), result);

    // They change their addresses, and leave as many behind as they may.
    for (int part = 1; part < 3; ++part) {
      for (const TestHost& host : hosts) {
        if (!known.pins.contains(host.entry.host)) continue;
        const int number = std::stoi(host.entry.host.substr(4));
        view.entries[host.entry.host] = far_host(number, addresses, part).to_string();
      }
      known = reconcile(known, view, bounds).known;
    }
    size_t held = 0;
    for (const auto& [host, pin] : known.pins) held += held_by(pin);
    EXPECT_LE(held, kMaxHeld);
    expect_fits(known);

    // Whatever there is, one can leave, and all can be revoked.
    view.entries["zz"] = to_json(tombstone(test_host(7, "zz"), 9));
    for (const auto& [host, pin] : known.pins) {
      if (host != "zz") view.revoked.insert(host);
    }
    known = reconcile(known, view, bounds).known;
    EXPECT_EQ(known.pins.at("zz").standing, Standing::left);
    expect_fits(known);
    EXPECT_THAT(parsed_of(known, bounds).config.peers, IsEmpty());
    size_t after = 0;
    for (const auto& [host, pin] : known.pins) after += held_by(pin);
    EXPECT_EQ(after, held);
    // One that is forgotten makes room for another.
    ASSERT_TRUE(forget(known, "zz"));
    TestHost heir = test_host(8);
    accept(known, heir.entry);
    view.entries["osd8"] = heir.to_string();
    EXPECT_TRUE(reconcile(known, view, bounds).known.pins.contains("osd8"));
  }
}

}  // namespace
}  // namespace cuttle::mesh
