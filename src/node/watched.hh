// One of the things that keep traffic in the links, as whoever watches it sees it from round to round: whole,
// missing, or not to be seen at all. What is missing, or may be, is put back; and what happened is said once,
// not in every round, and never more than is known.
#pragma once

#include <spdlog/common.h>

#include <functional>
#include <string>

#include "base/result.hh"

namespace cuttle {

class Watched {
 public:
  struct Words {
    std::string name;     // "the guard"
    std::string missing;  // "the guard is gone"
    std::string is_back;  // the whole line for when it was missing and is not any more
    spdlog::level::level_enum back_level = spdlog::level::warn;
  };

  // `whole`: what the look found; an error: that it failed. `put_back` leaves alone what is there.
  void handle_look(const Result<bool>& whole, const std::function<Result<void>()>& put_back,
                   const Words& words);

 private:
  void say(spdlog::level::level_enum level, const std::string& text);

  std::string said_;  // since it was last seen whole
};

}  // namespace cuttle
