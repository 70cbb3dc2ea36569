// `cuttle mesh join --again`: what root's file says stays, or it is refused.
#include "mesh/join_policy.hh"

#include <gmock/gmock.h>

#include <functional>

#include "config/parse.hh"
#include "nodes.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kKey = test_host(7).entry.identity.to_string();
const IpPrefix kNetwork = *IpPrefix::parse("10.0.0.0/24");
const IpPrefix kOther = *IpPrefix::parse("10.0.1.0/24");

NodeConfig config_of(const std::string& text) {
  ParsedConfig parsed = parse_config(text, "");
  for (const Problem& problem : parsed.problems.list()) ADD_FAILURE() << to_string(problem, text);
  return parsed.config;
}

// As `join` writes it, with more lines of root's.
NodeConfig roots(const std::string& of_node = "", const std::string& of_mesh = "",
                 const std::string& after = "") {
  return config_of("[node]\nname = \"osd9\"\nprivate_key_file = \"k\"\nlisten = \"10.0.0.9:4410\"\n" +
                   of_node + "[mesh]\npeers = \"/p.toml\"\n" + of_mesh + after);
}

std::string why_not(const Result<void>& checked) {
  return checked ? "" : checked.error().message;
}

TEST(MeshJoinPolicy, IsTheRecordsUnlessAsked) {
  Record record;
  record.networks = {kNetwork};
  record.joining = false;
  record.signing_key = test_host(7).entry.identity;
  JoinPolicy policy = join_policy(record, {}, nullptr).value();
  EXPECT_THAT(policy.networks, ElementsAre(kNetwork));
  EXPECT_EQ(policy.signing_key, record.signing_key);
  EXPECT_FALSE(policy.joining);
  policy = join_policy(record, {{kOther}, {}}, nullptr).value();
  EXPECT_THAT(policy.networks, ElementsAre(kOther));
  EXPECT_FALSE(join_policy(record, {{}, test_host(8).entry.identity}, nullptr));
}

TEST(MeshJoinPolicy, WhatRootsFileNarrowsStays) {
  const NodeConfig before = roots("", "networks = [\"10.0.0.0/24\"]\nsigning_key = \"" + kKey +
                                          "\"\njoining = false\njoining_limit = \"1500 ms\"\n");
  const JoinPolicy policy = join_policy(Record(), {}, &before).value();
  EXPECT_THAT(policy.networks, ElementsAre(kNetwork));
  EXPECT_EQ(policy.signing_key, test_host(7).entry.identity);
  EXPECT_FALSE(policy.joining);
  EXPECT_EQ(policy.joining_limit, milliseconds(1500));
  // And is so in the file that is written then.
  const NodeConfig after = roots("", mesh_lines(policy));
  EXPECT_EQ(after.mesh, before.mesh);
  EXPECT_EQ(why_not(check_nothing_is_lost(before, after, {})), "");
  EXPECT_EQ(mesh_lines(JoinPolicy()), "");
}

TEST(MeshJoinPolicy, OthersThanRootsAreRefused) {
  const NodeConfig before = roots("", "networks = [\"10.0.0.0/24\"]\nsigning_key = \"" + kKey + "\"\n");
  Record record;
  record.networks = {kOther};
  EXPECT_FALSE(join_policy(record, {}, &before));
  EXPECT_FALSE(join_policy(Record(), {{kOther}, {}}, &before));
  EXPECT_FALSE(join_policy(Record(), {{}, test_host(8).entry.identity}, &before));
  record.networks = {kNetwork};
  record.signing_key = test_host(7).entry.identity;
  EXPECT_TRUE(join_policy(record, {}, &before));
  record.signing_key = test_host(8).entry.identity;
  EXPECT_FALSE(join_policy(record, {}, &before));
}

TEST(MeshJoinAgain, RootsOwnPeersAreNotLost) {
  const NodeConfig after = roots();
  const NodeConfig before = roots("", "",
                                  "[[peer]]\nname = \"own\"\npublic_key = \"" + test_key(1).to_string() +
                                      "\"\nendpoint = \"10.0.0.1:4410\"\nredirect = [\"10.0.0.1\"]\n");
  EXPECT_THAT(why_not(check_nothing_is_lost(before, after, {})), HasSubstr("has [[peer]] of root's own"));
  EXPECT_EQ(why_not(check_nothing_is_lost(after, after, {})), "");
}

TEST(MeshJoinAgain, NorAnythingElseThatRootWrote) {
  const NodeConfig after = roots();
  for (const char* line :
       {"accept = [\"10.0.0.0/24\"]\n", "multicast = [\"239.0.0.1\"]\n", "firewall_mark = 77\n",
        "route_table = 5000\n", "rule_preference = 50\n", "inner_mtu = 1400\n",
        "control_socket = \"/run/x.sock\"\n", "status_group = \"ops\"\n", "renew_preshared = \"60 s\"\n",
        "renewed_file = \"/x\"\n"}) {
    const std::string key(line, std::string_view(line).find(' '));
    EXPECT_THAT(why_not(check_nothing_is_lost(roots(line), after, {})), HasSubstr("node." + key)) << line;
  }
  for (const char* line : {"user = \"cuttle\"", "realtime = false", "poll_before = \"1 ms\"",
                           "release = \"queue\"", "cpu_latency = \"0 us\"", "lead = \"1 ms\"",
                           "segmentation = false", "spin = true", "shards = 2", "cpus = [1]"}) {
    const NodeConfig before = roots(std::string("[runtime]\n") + line + "\n");
    EXPECT_THAT(why_not(check_nothing_is_lost(before, after, {})), HasSubstr("would be gone: runtime."))
        << line;
  }
  EXPECT_THAT(why_not(check_nothing_is_lost(roots("[shape]\njitter = 0\n"), after, {})),
              HasSubstr("[shape]"));
  // What joining again is there for.
  EXPECT_EQ(why_not(check_nothing_is_lost(roots("[shape]\nrate = \"1 Gb/s\"\nslot = \"2 ms\"\n"), after, {})),
            "");
  NodeConfig elsewhere = after;
  elsewhere.mesh->peers_file = "/elsewhere.toml";
  EXPECT_THAT(why_not(check_nothing_is_lost(elsewhere, after, {})), HasSubstr("mesh.peers"));
}

TEST(MeshJoinAgain, NoAddressGoesThatTheMachineHas) {
  const NodeConfig before = roots("addresses = [\"10.0.0.9\", \"10.0.0.19\"]\n");
  const std::vector<IpAddress> machine{address("10.0.0.9"), address("10.0.0.19")};
  EXPECT_THAT(why_not(check_nothing_is_lost(before, roots(), machine)),
              HasSubstr("10.0.0.19 in node.addresses"));
  EXPECT_EQ(why_not(check_nothing_is_lost(before, roots(), {})), "") << "it is this machine's no more";
}

}  // namespace
}  // namespace cuttle::mesh
