// What runs on a reactor by itself, with nobody who waits for its future. It is attended all the same: its
// owner waits for it at stop, and an exception in it is a broken invariant, for what the environment can
// refuse comes back as a result. Seastar would log such an exception and go on, without the lane that it
// ended.
//
// No other place of the driver lets go of a future.
#pragma once

#include <exception>
#include <seastar/core/future.hh>
#include <seastar/core/gate.hh>
#include <utility>

namespace cuttle {

// Ends the process. `what`: the task, for the message.
[[noreturn]] void task_failed(const char* what, const std::exception_ptr& why) noexcept;

// For a callback that returns no future, as a timer's.
template <typename Func>
void must_not_throw(const char* what, Func&& func) noexcept {
  try {
    std::forward<Func>(func)();
  } catch (...) {
    task_failed(what, std::current_exception());
  }
}

// For a future that a thread which is no reactor waits for: there the exception would end a reload halfway.
template <typename T>
seastar::future<T> must_not_fail(const char* what, seastar::future<T> future) {
  return std::move(future).handle_exception(
      [what](const std::exception_ptr& why) -> seastar::future<T> { task_failed(what, why); });
}

class Tasks {
 public:
  // Begins it, unless close() was called. `what` outlives it.
  template <typename Func>
  void start(const char* what, Func func) {
    if (!gate_.try_enter()) return;
    (void)seastar::futurize_invoke(std::move(func)).then_wrapped([this, what](seastar::future<> ended) {
      if (ended.failed()) task_failed(what, ended.get_exception());
      gate_.leave();
    });
  }

  // Resolves once all have ended; none begins any more.
  seastar::future<> close() { return gate_.close(); }

 private:
  seastar::gate gate_;
};

}  // namespace cuttle
