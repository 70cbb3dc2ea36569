#include "io/event_queue.hh"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

Result<EventQueue> EventQueue::create() {
  FileDescriptor fd(epoll_create1(EPOLL_CLOEXEC));
  if (!fd) return os_failure("cannot create an epoll instance", errno);
  // Linux before 5.11 has no such call, and an old container's filter may forbid it; later it could not say
  // so.
  epoll_event none{};
  const timespec no_time{};
  if (epoll_pwait2(fd.get(), &none, 1, &no_time, nullptr) < 0) {
    return os_failure("cannot wait with epoll_pwait2", errno, "Linux 5.11 or later is needed");
  }
  return EventQueue(std::move(fd));
}

Result<void> EventQueue::add(int fd, uint64_t tag, Trigger trigger) {
  epoll_event event{};
  event.events = EPOLLIN | (trigger == Trigger::edge ? static_cast<uint32_t>(EPOLLET) : 0U);
  event.data.u64 = tag;
  if (epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return os_failure("cannot wait for a descriptor", errno);
  }
  return {};
}

void EventQueue::remove(int fd) {
  epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

size_t EventQueue::wait(std::span<uint64_t> out, std::optional<Duration> timeout) {
  std::array<epoll_event, 64> events;
  const int max = static_cast<int>(std::min(out.size(), events.size()));
  timespec limit{};
  if (timeout) limit = {timeout->ns / 1'000'000'000, timeout->ns % 1'000'000'000};
  const int count = epoll_pwait2(fd_.get(), events.data(), max, timeout ? &limit : nullptr, nullptr);
  for (int i = 0; i < count; ++i) out[static_cast<size_t>(i)] = events[static_cast<size_t>(i)].data.u64;
  return count < 0 ? 0 : static_cast<size_t>(count);
}

Result<WakeUp> WakeUp::create() {
  FileDescriptor fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return os_failure("cannot create an event descriptor", errno);
  return WakeUp(std::move(fd));
}

void WakeUp::set() const {
  const uint64_t one = 1;
  // Fails only when it is set many times over, and then it is set.
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void WakeUp::clear() const {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace cuttle
