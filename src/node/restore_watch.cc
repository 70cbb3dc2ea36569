#include "node/restore_watch.hh"

#include <spdlog/spdlog.h>

namespace cuttle {

RestoreWatch::RestoreWatch() : clocks_(read_clocks()) {
  auto events = GenerationEvents::open();
  if (events) {
    events_ = std::move(*events);
  } else {
    spdlog::warn("a restored snapshot of this machine shows in its clocks only: {}", events.error().message);
  }
}

std::optional<std::string_view> RestoreWatch::handle_timeout() {
  const auto clocks = clocks_.handle_readings(read_clocks());
  if (events_ && events_->take()) return "this virtual machine was restored or copied";
  return clocks;
}

}  // namespace cuttle
