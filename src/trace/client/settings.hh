// How a librados handle of this program is set up.
#pragma once

#include <rados/librados.h>

#include <string>

namespace cuttle::trace {

struct ClientSettings {
  std::string configuration;  // path; empty: where Ceph looks by itself
  std::string name;           // "client.admin"
  double timeout_s = 30;      // of the whole trace
  int log_fd = -1;            // the log's descriptor; -1: no log
};

// All return librados' own status: 0 or -errno.
int create_handle(const ClientSettings& settings, rados_t* handle);
int configure_handle(const ClientSettings& settings, rados_t handle);

}  // namespace cuttle::trace
