// Numbers and texts one after the other, for another process of ours: numbers as 64 bits in network order, a
// text behind its length.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hh"

namespace cuttle {

class ByteWriter {
 public:
  void number(uint64_t value) {
    uint8_t bytes[8];
    store_be64(bytes, value);
    out_.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
  }
  void string(std::string_view bytes) {
    number(bytes.size());
    out_ += bytes;
  }
  // Without a length: the reader knows it.
  void key(Bytes key) { out_.append(reinterpret_cast<const char*>(key.data()), key.size()); }
  std::string take() { return std::move(out_); }
  void reserve(size_t size) { out_.reserve(size); }  // so that no copy with a key in it is left behind

 private:
  std::string out_;
};

// After bytes that are too few, everything is 0 or empty, and good() says so.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t number() {
    const std::string_view bytes = take(8);
    return bytes.size() == 8 ? load_be64(reinterpret_cast<const uint8_t*>(bytes.data())) : 0;
  }
  std::string_view string() { return take(number()); }
  template <size_t size>
  std::span<const uint8_t, size> key() {
    static constexpr uint8_t kNone[size] = {};
    const std::string_view bytes = take(size);
    if (bytes.size() != size) return std::span<const uint8_t, size>(kNone);
    return std::span<const uint8_t, size>(reinterpret_cast<const uint8_t*>(bytes.data()), size);
  }
  size_t left() const { return rest_.size(); }
  bool good() const { return good_; }
  bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view take(uint64_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace cuttle
