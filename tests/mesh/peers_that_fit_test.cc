// One bad host keeps nobody else out, and none that has a link loses it to a newcomer.
#include "mesh/peers_that_fit.hh"

#include <gmock/gmock.h>

#include "mesh/peers_text.hh"
#include "nodes.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PeersThatFit : public testing::Test {
 protected:
  PeersThatFit() {
    for (int i = 1; i <= 200; ++i) {
      const TestHost host = test_host(i);
      known.pins[host.entry.host].entry = host.entry;
    }
  }
  // A text names all that are not left out; bad is one that names all of one of `bad`.
  FittingPeers fit(const std::string& in_force, const std::vector<std::set<std::string>>& bad) {
    looks = 0;
    return peers_that_fit(
        known, in_force,
        [&](const std::set<std::string>& left_out) {
          std::string text;
          for (const auto& [host, pin] : known.pins) {
            if (!left_out.contains(host)) text += peer_heading(host);
          }
          return text;
        },
        [&](const std::string& text) -> std::string {
          ++looks;
          const auto names = [&](const std::string& host) {
            return text.find(peer_heading(host)) != std::string::npos;
          };
          for (const auto& together : bad) {
            if (std::all_of(together.begin(), together.end(), names))
              return "bad: " + (together.empty() ? "" : *together.begin());
          }
          return {};
        });
  }
  static std::vector<std::string> out(const FittingPeers& fitting) {
    std::vector<std::string> hosts;
    for (const auto& [host, why] : fitting.left_out) hosts.push_back(host);
    return hosts;
  }

  Known known;
  int looks = 0;
};

TEST_F(PeersThatFit, AllWhereAllAreGood) {
  const FittingPeers fitting = fit("", {});
  EXPECT_THAT(out(fitting), IsEmpty());
  EXPECT_EQ(fitting.problem, "");
  EXPECT_EQ(looks, 1);
}

TEST_F(PeersThatFit, WithoutTheBadOnesAlone) {
  const FittingPeers fitting = fit("", {{"osd17"}, {"osd180"}});
  EXPECT_THAT(out(fitting), ElementsAre("osd17", "osd180"));
  EXPECT_EQ(fitting.left_out.at("osd17"), "bad: osd17");
  EXPECT_EQ(std::count(fitting.text.begin(), fitting.text.end(), '\n'), 198);
  EXPECT_LT(looks, 40) << "not one for each host";
}

TEST_F(PeersThatFit, WhoeverHasALinkKeepsIt) {
  EXPECT_THAT(out(fit(peer_heading("osd9"), {{"osd12", "osd9"}})), ElementsAre("osd12"));
  EXPECT_THAT(out(fit(peer_heading("osd12"), {{"osd12", "osd9"}})), ElementsAre("osd9"));
}

TEST_F(PeersThatFit, WhatIsBadWithoutAnybodyIsSaid) {
  const FittingPeers fitting = fit("", {{}});
  EXPECT_FALSE(fitting.problem.empty());
  EXPECT_THAT(out(fitting), IsEmpty());
}

}  // namespace
}  // namespace cuttle::mesh
