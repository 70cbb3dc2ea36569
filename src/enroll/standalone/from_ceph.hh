// The maps of a running cluster.
#pragma once

#include <string>

#include "base/result.hh"
#include "enroll/hosts.hh"

namespace cuttle::enroll {

struct CephAccess {
  std::string configuration;  // empty: where Ceph looks by itself
  std::string name = "client.admin";
  double timeout_s = 20;
};

// Fails with one line that says what to do when the cluster cannot be reached or the key may not look.
Result<CephMaps> maps_of_cluster(const CephAccess& access);

}  // namespace cuttle::enroll
