#include "seastar/readiness.hh"

#include <fcntl.h>

#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

Result<Readiness> Readiness::create() {
  auto events = EventQueue::create();
  if (!events) return tl::unexpected(events.error());
  auto end = WakeUp::create();
  if (!end) return tl::unexpected(end.error());
  if (auto added = events->add(end->fd(), 0, EventQueue::Trigger::level); !added) {
    return tl::unexpected(added.error());
  }
  // The reactor closes what it polls.
  const int polled = ::fcntl(events->fd(), F_DUPFD_CLOEXEC, 0);
  if (polled < 0) return os_failure("cannot wait for a descriptor", errno);
  return Readiness(std::move(*events), std::move(*end),
                   seastar::pollable_fd(seastar::file_desc::from_fd(polled)));
}

Result<Readiness> Readiness::watch(int fd) {
  auto readiness = create();
  if (!readiness) return readiness;
  if (auto added = readiness->add(fd, 1); !added) return tl::unexpected(added.error());
  return readiness;
}

}  // namespace cuttle
