// A store that says anything at all.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "config/parse.hh"
#include "mesh/peers_text.hh"
#include "nodes.hh"

namespace cuttle::mesh {
namespace {

// Whatever stands in the store, in whatever order: what was closed once is closed, by a link or without one,
// and the file is always one that the agent takes.
RC_GTEST_PROP(MeshStore, NothingThatTheStoreSaysOpensWhatIsClosed, ()) {
  std::vector<TestHost> hosts;
  for (int number = 1; number <= 5; ++number) hosts.push_back(test_host(number));
  Known known;
  std::set<IpAddress> ever;
  StoreView view;
  for (int step = 0; step < 25; ++step) {
    TestHost& host = hosts[*rc::gen::inRange<size_t>(0, hosts.size())];
    const std::string name = host.entry.host;
    switch (*rc::gen::inRange(0, 9)) {
      case 0:
        view.entries.erase(name);
        break;
      case 1:
        view.entries[name] = "{}";
        break;
      case 2:
        view.revoked.insert(name);
        break;
      case 3:
        view.revoked.erase(name);
        break;
      case 4:
        host.entry.addresses = {address("10.0.0." + std::to_string(*rc::gen::inRange(1, 8)))};
        host.entry.left = false;
        host.say_anew();
        view.entries[name] = host.text();
        break;
      case 5: {
        Entry left;
        left.host = name;
        left.identity = host.entry.identity;
        left.left = true;
        left.counter = ++host.entry.counter;
        prove(left, host.identity);
        view.entries[name] = to_json(left);
        break;
      }
      case 6:
        host.identity = SigningKey::from_random(bytes(step + 100, 2));
        host.entry.identity = host.identity.verifying_key();
        host.say_anew();
        view.entries[name] = host.text();
        break;
      case 7:
        known.accepted[name] = {host.entry.identity, host.entry.addresses};
        break;
      default:
        host.say_anew();
        view.entries[name] = host.text();
    }
    known = reconcile(known, view, test_bounds()).known;
    const std::string text = peers_text(known, test_bounds(), true);
    const ParsedConfig parsed = parse_config(kRootsFile, "", PeersText{text});
    for (const Problem& problem : parsed.problems.list()) RC_FAIL(to_string(problem, "file") + "\n" + text);
    std::set<IpAddress> closed;
    for (const PeerConfig& peer : parsed.config.peers) {
      for (const IpPrefix& prefix : peer.redirect) closed.insert(prefix.address);
    }
    for (const IpPrefix& prefix : parsed.config.closed) closed.insert(prefix.address);
    for (const IpAddress& one : ever) {
      if (!closed.contains(one)) RC_FAIL(one.text() + " is open again\n" + text);
    }
    ever.insert(closed.begin(), closed.end());
  }
}

}  // namespace
}  // namespace cuttle::mesh
