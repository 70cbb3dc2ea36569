// Writes the log to stderr, but never waits for whoever reads it: threads that write it keep the links
// alive. A line that would block is left out, and the next one that does not says how many were.
#pragma once

#include <poll.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <atomic>

namespace cuttle {

class StderrSink : public spdlog::sinks::stderr_color_sink_mt {
 public:
  void log(const spdlog::details::log_msg& message) override {
    if (!is_taken()) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (const uint64_t count = left_out_.exchange(0, std::memory_order_relaxed)) {
      const std::string text = fmt::format("{} lines left out: nobody took what this writes", count);
      Base::log({message.time, {}, message.logger_name, spdlog::level::warn, text});
    }
    Base::log(message);
  }

 private:
  using Base = spdlog::sinks::stderr_color_sink_mt;

  // Room for a line of ordinary length (a pipe says yes while it has a page free).
  static bool is_taken() {
    pollfd stream{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&stream, 1, 0) != 0;  // an error shows by itself
  }

  std::atomic<uint64_t> left_out_{0};
};

}  // namespace cuttle
