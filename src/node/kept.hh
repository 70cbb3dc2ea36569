// A value that costs something to find out, kept for a while: whoever asks more often gets what was found
// last. One thread.
#pragma once

#include <optional>

#include "base/time.hh"

namespace cuttle {

template <typename Value>
class Kept {
 public:
  explicit Kept(Duration life) : life_(life) {}

  template <typename Find>
  const Value& get(Instant now, Find find) {
    if (!value_ || now - found_ >= life_) {
      value_ = find();
      found_ = now;
    }
    return *value_;
  }

 private:
  Duration life_;
  Instant found_{};
  std::optional<Value> value_;
};

}  // namespace cuttle
