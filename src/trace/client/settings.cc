#include "settings.hh"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace cuttle::trace {

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

// What nobody answers comes back as Ceph's own error, shortly before the tracer would end this process.
Options timeouts(double whole_s) {
  const auto seconds = [](double value) { return std::to_string(std::max(1, static_cast<int>(value))); };
  return {{"client_mount_timeout", seconds(whole_s * 0.8)},
          {"rados_mon_op_timeout", seconds(whole_s * 0.8)},
          {"rados_osd_op_timeout", seconds(whole_s * 0.8)}};
}

Options quiet() {
  return {{"log_to_stderr", "false"},
          {"err_to_stderr", "false"},
          {"log_to_syslog", "false"},
          {"admin_socket", ""},
          {"log_max_recent", "1"}};
}

// "N/N": a line is gathered exactly when it is printed, which is what lets lines and clock readings be
// paired. The levels are the lowest ones with every line that step_table.cc looks for.
Options log_levels(int log_fd) {
  Options options = {{"log_file", "/proc/self/fd/" + std::to_string(log_fd)},
                     {"log_coarse_timestamps", "false"}};
  for (const char* part : {"ms", "monc", "auth", "timer", "throttle"}) {
    options.emplace_back(std::string("debug_") + part, "10/10");
  }
  for (const char* part : {"rados", "objecter", "mgrc"})
    options.emplace_back(std::string("debug_") + part, "20/20");
  return options;
}

int set_all(rados_t handle, const Options& options) {
  for (const auto& [name, value] : options) {
    const int status = rados_conf_set(handle, name.c_str(), value.c_str());
    if (status < 0) return status;
  }
  return 0;
}

}  // namespace

int create_handle(const ClientSettings& settings, rados_t* handle) {
  return rados_create2(handle, "ceph", settings.name.c_str(), 0);
}

int configure_handle(const ClientSettings& settings, rados_t handle) {
  const char* path = settings.configuration.empty() ? nullptr : settings.configuration.c_str();
  int status = rados_conf_read_file(handle, path);
  if (status == 0) status = set_all(handle, quiet());
  if (status == 0) status = set_all(handle, timeouts(settings.timeout_s));
  if (status == 0) {
    status = settings.log_fd >= 0 ? set_all(handle, log_levels(settings.log_fd))
                                  : set_all(handle, {{"log_file", ""}});
  }
  return status;
}

}  // namespace cuttle::trace
