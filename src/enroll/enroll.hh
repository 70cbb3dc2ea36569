// A folder of configurations and keys for the hosts of a cluster, one subfolder a host, ready to be copied to
// /etc/cuttle there. Doing it again changes only what the cluster gained.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "enroll/hosts.hh"
#include "enroll/node_files.hh"

namespace cuttle::enroll {

struct EnrollOptions {
  std::string folder;
  uint16_t port = 4410;
  std::optional<IpPrefix>
      network;  // cells go between the hosts' addresses in it; none: their first addresses
  FileStyle style;
};

struct HostOutcome {
  std::string host;
  std::string file;
  Endpoint endpoint;
  enum class What { made, grown, unchanged } what;
};

struct EnrollOutcome {
  std::vector<HostOutcome> hosts;
  std::vector<std::string> notes;  // hosts of the folder that the cluster no longer has, and the like
};

// Reads and writes below options.folder; `new_key` makes a private key. Nothing is changed on failure.
Result<EnrollOutcome> enroll(const Hosts& hosts, const EnrollOptions& options,
                             const std::function<PrivateKey()>& new_key);

}  // namespace cuttle::enroll
