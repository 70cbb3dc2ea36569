// What this node lets others relay over one of its links: the room that its own packets leave, a guaranteed
// share at the least, divided so that each gets what it used lately and all get an equal part at the least.
// Each is a link that packets come over, and not what a peer calls itself.
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "relay/sources.hh"

namespace cuttle::relay {

class Grants {
 public:
  static constexpr uint32_t kRemembered = 3;  // intervals after which a silent node has no part any more
  static constexpr size_t kMaxSources = 64;
  // Not all of the room, so that what is granted does not wait.
  static constexpr uint32_t kUsedPercent = 95;

  explicit Grants(uint32_t share_percent) : share_percent_(share_percent) { sources_.reserve(kMaxSources); }

  // So much was relayed, or would have been.
  void handle_relayed(Sources::Number source, size_t bytes);
  // An interval has ended in which the link could carry so much and carried so much of the node's own.
  void handle_interval(size_t capacity_bytes, size_t own_bytes);
  // For the coming interval.
  uint32_t granted_bytes(Sources::Number source) const;

 private:
  struct Source {
    Sources::Number number;
    uint64_t used_bytes;  // in the interval before
    uint64_t now_bytes;   // in this one
    uint32_t silent_intervals;
  };

  uint32_t share_percent_;
  uint64_t room_bytes_ = 0;
  std::vector<Source> sources_;  // those that used it lately
};

}  // namespace cuttle::relay
