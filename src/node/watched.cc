#include "node/watched.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace cuttle {

void Watched::handle_look(const Result<bool>& whole, const std::function<Result<void>()>& put_back,
                          const Words& words) {
  if (whole && *whole) {
    said_.clear();
    return;
  }
  const Result<void> done = put_back();
  if (!whole && done) {
    say(spdlog::level::warn, fmt::format("{} could not be looked at, and was set once more to be sure: {}",
                                         words.name, whole.error().message));
  } else if (!whole) {
    say(spdlog::level::err, fmt::format("{} can neither be looked at nor set: {}; {}", words.name,
                                        whole.error().message, done.error().message));
  } else if (!done) {
    say(spdlog::level::err,
        fmt::format("{} and cannot be put back: {}", words.missing, done.error().message));
  } else {
    say(words.back_level, words.is_back);
  }
}

void Watched::say(spdlog::level::level_enum level, const std::string& text) {
  if (said_ == text) return;
  said_ = text;
  spdlog::log(level, "{}", text);
}

}  // namespace cuttle
