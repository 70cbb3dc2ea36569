// What `cuttle mesh join` makes of a host: which addresses it has, its files, its entry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access.hh"
#include "mesh/record.hh"

namespace cuttle::mesh {

struct JoinOptions {
  CephAccess access;
  std::string host;    // empty: as the machine calls itself
  std::string node;    // empty: the host's short name
  std::string listen;  // ADDRESS; empty: found
  std::vector<std::string> addresses;
  std::vector<std::string> networks;
  std::string signing_key;
  std::string folder = "/etc/cuttle";
  std::string state = "/var/lib/cuttle-mesh";
  std::string control_socket;
  std::string runtime;  // more of [runtime], for tests
  bool again = false;
  bool no_systemd = false;
};

struct Joined {
  std::string node;
  std::string config;  // path
  std::string keyring;
  Entry entry;
};

// All of it but the units: nothing is published where a file could not be written.
Result<Joined> join_host(const JoinOptions& options);

}  // namespace cuttle::mesh
