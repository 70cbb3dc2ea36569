#include "from_ceph.hh"

#include <fmt/format.h>

#include "io/child_process.hh"
#include "trace/cluster.hh"

namespace cuttle::enroll {

namespace {

std::string where(const CephAccess& access) {
  return access.configuration.empty() ? "Ceph's own configuration" : access.configuration;
}

bool mentions(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

// What to do about an error, where the error itself does not say it.
std::string advice(const CephAccess& access, const std::string& message) {
  if (mentions(message, {"timed out", "in time"})) {
    return fmt::format("no monitor named in {} answered within {:.0f} s; is `mon host` right, and reachable?",
                       where(access), access.timeout_s);
  }
  if (mentions(message, {"Permission denied", "access denied", "(status -13)", "Operation not permitted"})) {
    return fmt::format(
        "{} may not read the maps; its key must be the cluster's and have the capability "
        "mon 'allow r' (`ceph auth get {}`)",
        access.name, access.name);
  }
  if (mentions(message, {"No such file"})) {
    return fmt::format("no configuration or no keyring for {}; name them with --conf and --name",
                       access.name);
  }
  return "";
}

}  // namespace

Result<CephMaps> maps_of_cluster(const CephAccess& access) {
  const auto fail = [&](const std::string& message) -> tl::unexpected<Error> {
    const std::string more = advice(access, message);
    return failure(
        fmt::format("the cluster did not tell its maps: {}{}{}", message, more.empty() ? "" : ": ", more));
  };
  auto program = trace::find_client_program();
  if (!program) return tl::unexpected(program.error());
  const Instant deadline = steady_now() + nanoseconds(static_cast<int64_t>(access.timeout_s * 1e9));
  const auto cluster = trace::Cluster::connect({.program = *program,
                                                .configuration = access.configuration,
                                                .name = access.name,
                                                .timeout_s = access.timeout_s},
                                               deadline);
  if (!cluster) return fail(cluster.error().message);
  CephMaps maps;
  const std::pair<const char*, std::string*> questions[] = {
      {"mon dump", &maps.mon_dump},         {"osd dump", &maps.osd_dump},
      {"mon metadata", &maps.mon_metadata}, {"osd metadata", &maps.osd_metadata},
      {"mgr metadata", &maps.mgr_metadata}, {"mds metadata", &maps.mds_metadata}};
  for (const auto& [command, answer] : questions) {
    auto said = (*cluster)->ask_monitor(command, deadline);
    if (!said) return fail(fmt::format("`ceph {}`: {}", command, said.error().message));
    *answer = std::move(*said);
  }
  return maps;
}

}  // namespace cuttle::enroll
