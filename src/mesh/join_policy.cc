#include "mesh/join_policy.hh"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "enroll/node_files.hh"

namespace cuttle::mesh {

namespace {

bool same_networks(std::vector<IpPrefix> a, std::vector<IpPrefix> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

}  // namespace

std::string exact_text(Duration duration) {
  constexpr int64_t kSecond = 1'000'000'000;
  return duration.ns % kSecond == 0 ? fmt::format("{} s", duration.ns / kSecond)
                                    : fmt::format("{} ns", duration.ns);
}

Result<JoinPolicy> join_policy(const Record& record, const Asked& asked, const NodeConfig* before) {
  if (asked.signing_key && record.signing_key && *asked.signing_key != *record.signing_key) {
    return failure("--signing-key: the mesh's record names another; ask whoever made it which is right");
  }
  JoinPolicy policy;
  policy.networks = asked.networks.empty() ? record.networks : asked.networks;
  policy.signing_key = asked.signing_key ? asked.signing_key : record.signing_key;
  policy.joining = record.joining;
  if (before == nullptr || !before->mesh) return policy;
  const MeshConfig& mesh = *before->mesh;
  if (!mesh.networks.empty()) {
    if (!policy.networks.empty() && !same_networks(policy.networks, mesh.networks)) {
      return failure(
          fmt::format("[mesh] names the networks {}, and record or command line {}: change them there first, "
                      "where they are to "
                      "be others",
                      enroll::toml_list(mesh.networks), enroll::toml_list(policy.networks)));
    }
    policy.networks = mesh.networks;
  }
  if (mesh.signing_key) {
    if (policy.signing_key && *policy.signing_key != *mesh.signing_key) {
      return failure(
          "[mesh] names another signing_key than record or command line: change it there first, where "
          "it is to be another");
    }
    policy.signing_key = mesh.signing_key;
  }
  policy.joining = policy.joining && mesh.joining;
  policy.joining_limit = mesh.joining_limit;
  return policy;
}

std::string mesh_lines(const JoinPolicy& policy) {
  std::string text;
  if (!policy.networks.empty()) text += fmt::format("networks = {}\n", enroll::toml_list(policy.networks));
  if (policy.signing_key) text += fmt::format("signing_key = \"{}\"\n", policy.signing_key->to_string());
  if (!policy.joining) text += "joining = false\n";
  if (policy.joining_limit != JoinPolicy().joining_limit) {
    text += fmt::format("joining_limit = \"{}\"\n", exact_text(policy.joining_limit));
  }
  return text;
}

Result<void> check_nothing_is_lost(const NodeConfig& before, const NodeConfig& after,
                                   std::span<const IpAddress> machine) {
  if (!before.peers.empty()) {
    return failure(
        "has [[peer]] of root's own, which would open; take them out first, where they are to have no link");
  }
  std::vector<std::string> lost;
  const auto check = [&](const char* key, bool same) {
    if (!same) lost.push_back(key);
  };
  check("node.name", before.name == after.name);
  check("node.private_key_file", before.private_key_file == after.private_key_file);
  check("node.accept", before.accept == after.accept);
  check("node.multicast", before.multicast == after.multicast);
  check("node.renew_preshared", before.renew_preshared == after.renew_preshared);
  check("node.renewed_file", before.renewed_file == after.renewed_file);
  check("node.firewall_mark", before.firewall_mark == after.firewall_mark);
  check("node.route_table", before.route_table == after.route_table);
  check("node.rule_preference", before.rule_preference == after.rule_preference);
  check("node.inner_mtu", before.inner_mtu == after.inner_mtu);
  check("node.control_socket", before.control_socket == after.control_socket);
  check("node.status_group", before.status_group == after.status_group);
  Shape shape = before.shape;
  shape.rate_bps = after.shape.rate_bps;
  shape.slot = after.shape.slot;
  check("[shape] but for rate and slot", shape == after.shape);
  check("runtime.user", before.user == after.user);
  check("runtime.driver", before.driver == after.driver);
  check("runtime.realtime", before.realtime == after.realtime);
  check("runtime.poll_before", before.poll_before == after.poll_before);
  check("runtime.cpu_latency", before.cpu_latency == after.cpu_latency);
  check("runtime.release", before.release == after.release);
  check("runtime.lead", before.lead == after.lead);
  check("runtime.segmentation", before.segmentation == after.segmentation);
  check("runtime.spin", before.spin == after.spin);
  check("runtime.shards", before.shards == after.shards);
  check("runtime.cpus", before.cpus == after.cpus);
  if (before.mesh && after.mesh) {
    check("mesh.host", before.mesh->host == after.mesh->host);
    check("mesh.peers", before.mesh->peers_file == after.mesh->peers_file);
  }
  for (const IpAddress& address : before.addresses) {
    if (contains(machine, address) && !contains(after.addresses, address))
      lost.push_back(fmt::format("{} in node.addresses (--address keeps it)", address.to_string()));
  }
  if (lost.empty()) return {};
  return failure(fmt::format(
      "has what is root's own, and would be gone: {}. Move the file away, join, and put that back",
      fmt::join(lost, ", ")));
}

}  // namespace cuttle::mesh
