// A named network namespace, as `ip netns` knows them, and a visit to one.
#pragma once

#include <string>

#include "base/file_descriptor.hh"
#include "base/result.hh"

namespace cuttle {

// The file that is the namespace `name`.
std::string network_namespace_path(const std::string& name);
bool network_namespace_exists(const std::string& name);

// The calling thread is in the namespace as long as this lives, with all that it opens meanwhile; other
// threads are not. /sys still shows the one it came from. Needs CAP_SYS_ADMIN.
class NamespaceVisit {
 public:
  static Result<NamespaceVisit> enter(const std::string& name);
  NamespaceVisit(NamespaceVisit&&) = default;
  NamespaceVisit& operator=(NamespaceVisit&&) = delete;
  ~NamespaceVisit();

 private:
  explicit NamespaceVisit(FileDescriptor before) : before_(std::move(before)) {}
  FileDescriptor before_;
};

}  // namespace cuttle
