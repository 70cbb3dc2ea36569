// Two nodes on one machine: network namespaces, a cable between them, an agent in each. Everything is gone
// with this, and what a crash left is found again by its names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "io/child_process.hh"
#include "try/place.hh"

namespace cuttle::trial {

// Takes everything of that place away, whoever made it: processes in the namespaces, the namespaces, the
// files. Returns what was there, one word each; nothing is no error. To be called by who has the lock on its
// folder.
Result<std::vector<std::string>> take_away(const Place& place);

class Stage {
 public:
  explicit Stage(Place place) : place_(std::move(place)) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();  // takes away

  // Namespaces, cable, keys, configurations; then the agents.
  Result<void> set_up();
  // Until both agents say that their link is up. `is_over` is asked now and then: true ends the waiting with
  // an error.
  Result<void> wait_until_up(Duration timeout, const std::function<bool()>& is_over);

  const Place& place() const { return place_; }

 private:
  Result<void> make_network();
  Result<void> write_files();
  Result<void> start_agents();
  // The last lines of an agent's log, for a complaint.
  std::string last_words(const Node& node) const;

  Place place_;
  std::vector<ChildProcess> agents_;
};

}  // namespace cuttle::trial
