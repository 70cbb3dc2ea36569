// A few numbers in a file, which outlive the process: mapped, so that writing them takes no system call, in a
// process that may not open files any more.
//
// One thread. Source: mmap(2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hh"

namespace cuttle {

class LastingWords {
 public:
  using Words = std::array<uint64_t, 3>;

  // Makes the file where it is not there, for the owner of its folder; all of it, so that no full disk keeps
  // store() from it. An error for what is no file of this user's, or of that owner's, alone.
  static Result<LastingWords> open(const std::string& path);
  LastingWords(LastingWords&& other) noexcept : map_(std::exchange(other.map_, nullptr)) {}
  LastingWords& operator=(LastingWords&&) = delete;
  ~LastingWords();

  // Nothing was ever written.
  bool is_blank() const;
  // What was written last; nullopt: nothing was, or not to its end.
  std::optional<Words> load() const;
  void store(const Words& words);

 private:
  explicit LastingWords(uint64_t* map) : map_(map) {}
  uint64_t* map_;  // the words, and what they add up to
};

}  // namespace cuttle
