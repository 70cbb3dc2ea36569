#include "io/network_namespace.hh"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.hh"
#include "io/os_error.hh"

namespace cuttle {

std::string network_namespace_path(const std::string& name) {
  return "/run/netns/" + name;
}

bool network_namespace_exists(const std::string& name) {
  return ::access(network_namespace_path(name).c_str(), F_OK) == 0;
}

Result<NamespaceVisit> NamespaceVisit::enter(const std::string& name) {
  FileDescriptor before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const FileDescriptor there(::open(network_namespace_path(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!before || !there || ::setns(there.get(), CLONE_NEWNET) != 0) {
    return os_failure("network namespace " + name + " cannot be entered", errno);
  }
  return NamespaceVisit(std::move(before));
}

NamespaceVisit::~NamespaceVisit() {
  if (!before_) return;
  CUTTLE_CHECK(::setns(before_.get(), CLONE_NEWNET) == 0, "a thread can go back to where it came from");
}

}  // namespace cuttle
