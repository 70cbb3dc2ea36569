// Which of many prefixes another overlaps, without a look at each: a file of another user's may hold tens of
// thousands. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/ip.hh"

namespace cuttle {

class PrefixIndex {
 public:
  // Two prefixes overlap only where one contains the other, so those that contain one form a chain.
  explicit PrefixIndex(const std::vector<IpPrefix>& prefixes);

  // The lowest place, in the order that was given, of one that overlaps `other`; none: none does.
  std::optional<size_t> first_overlapping(const IpPrefix& other) const;

 private:
  static constexpr size_t kNone = SIZE_MAX;

  struct Node {
    IpPrefix prefix;
    size_t first;             // the lowest place of this very prefix
    size_t parent = kNone;    // the narrowest that contains it
    size_t first_up = kNone;  // the lowest place of it and of all that contain it
  };
  size_t lowest(size_t begin, size_t end) const;

  std::vector<Node> nodes_;                  // by address, then by length; each prefix once
  std::vector<std::vector<size_t>> lowest_;  // [k][i]: of the 2^k nodes from i on
};

}  // namespace cuttle
