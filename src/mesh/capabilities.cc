#include "mesh/capabilities.hh"

#include <fmt/format.h>

#include <array>

#include "mesh/store.hh"

namespace cuttle::mesh {

namespace {

constexpr std::array kMapCommands{"mon dump",     "osd dump",     "mon metadata",
                                  "osd metadata", "mgr metadata", "mds metadata"};

}  // namespace

std::string client_of(const std::string& host) {
  return "client.cuttle." + host;
}

std::string capabilities_of(const std::string& host) {
  std::string text;
  const auto allow = [&](const std::string& what) {
    text += (text.empty() ? "" : ", ") + ("allow command " + what);
  };
  for (const char* prefix : {kPeerPrefix, kStatePrefix}) {
    const std::string key = prefix + host;
    allow(fmt::format("\"config-key set\" with key=\"{}\"", key));
    allow(fmt::format("\"config-key rm\" with key=\"{}\"", key));
  }
  allow(fmt::format("\"config-key get\" with key=\"{}\"", kRecordKey));
  for (const char* prefix : {kPeerPrefix, kRevokedPrefix, kStatePrefix}) {
    allow(fmt::format("\"config-key get\" with key prefix \"{}\"", prefix));
    allow(fmt::format("\"config-key dump\" with key=\"{}\"", prefix));
  }
  for (const char* command : kMapCommands) allow(fmt::format("\"{}\"", command));
  return text;
}

std::string keyring_command(const std::string& host) {
  return fmt::format("(umask 077; ceph auth get-or-create {0} mon '{1}' -o /etc/ceph/ceph.{0}.keyring)",
                     client_of(host), capabilities_of(host));
}

std::string cephadm_command(const std::string& host) {
  return fmt::format("ceph orch client-keyring set {} {}", client_of(host), host);
}

}  // namespace cuttle::mesh
