// Two nodes on one machine: network namespaces, a cable between them, an agent in each. Everything is gone
// with this, and what a crash left is found again by its names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "io/child_process.hh"
#include "io/file_descriptor.hh"
#include "try/place.hh"

namespace cuttle::trial {

// One trial of a name at a time. Held by whoever sets up or takes away; given back when it ends, however.
class Turn {
 public:
  static Result<Turn> take(const Place& place);
  Turn(Turn&&) = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn();  // with the place's folder, where nothing is left in it

 private:
  Turn(std::string path, FileDescriptor folder) : path_(std::move(path)), folder_(std::move(folder)) {}
  std::string path_;
  FileDescriptor folder_;
};

// Takes everything of that place away, whoever made it: processes in the namespaces, the namespaces, the
// files. Returns what was there, one word each; nothing is no error. To be called by who has the turn.
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
  Result<void> wait_until_up(Duration patience, const std::function<bool()>& is_over);

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
