// Whom packets that wait are from: a number for each, and how many places of the pool it has, in all queues.
// The number is given to the link that they came over, so whatever a peer calls itself, it is one. Nobody
// gets a place where he has as many as are left: so of n that take all they can, each has one in n + 1, and
// whoever comes then still finds some.
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cuttle::relay {

class Sources {
 public:
  using Number = uint32_t;
  static constexpr Number kOwn = 0;  // of what this node sends itself

  // A number that no other has, and of which nothing waits any more.
  Number handle_join() {
    for (Number number = kOwn + 1; number < all_.size(); ++number) {
      if (all_[number].is_there || all_[number].places > 0) continue;
      all_[number].is_there = true;
      return number;
    }
    all_.push_back({.is_there = true});
    return static_cast<Number>(all_.size() - 1);
  }
  // What waits of it stays where it is.
  void handle_leave(Number number) { all_[number].is_there = false; }

  size_t places(Number number) const { return all_[number].places; }
  void handle_taken(Number number) { ++all_[number].places; }
  void handle_given_back(Number number) { --all_[number].places; }

 private:
  struct Source {
    bool is_there = false;
    size_t places = 0;
  };
  std::vector<Source> all_{{.is_there = true}};
};

}  // namespace cuttle::relay
