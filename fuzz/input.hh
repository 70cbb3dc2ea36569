// Cuts a fuzzer's input into the numbers and bytes that a target asks for; zeros once it has run out.
#pragma once

#include <algorithm>

#include "base/bytes.hh"

namespace cuttle {

class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const uint8_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  uint16_t word() { return static_cast<uint16_t>(byte() << 8 | byte()); }
  // Fills `out`; what the input lacks stays as it is.
  void fill(MutableBytes out) {
    const size_t taken = std::min(out.size(), rest_.size());
    std::copy_n(rest_.begin(), taken, out.begin());
    rest_ = rest_.subspan(taken);
  }

 private:
  Bytes rest_;
};

}  // namespace cuttle
