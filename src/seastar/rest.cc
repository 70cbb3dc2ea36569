#include "seastar/rest.hh"

#include <chrono>
#include <seastar/core/sleep.hh>

namespace cuttle {

seastar::future<> Rest::take() {
  const Instant now = clock_.now();
  if (guard_.is_due(now)) until_ = now + guard_.handle_window(now, thread_use().cpu);
  if (until_ <= now) return seastar::make_ready_future<>();
  return seastar::sleep(std::chrono::nanoseconds((until_ - now).ns));
}

}  // namespace cuttle
