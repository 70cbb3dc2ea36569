// Which lanes of a pacer take turns in one sequence of releases: those whose slots are equal and drawn.
//
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "link/sender.hh"
#include "link/turn_sequence.hh"

namespace cuttle {

class TurnSequences {
 public:
  // A lane comes, before its first release. The sender stays where it is in memory until handle_leave().
  void handle_join(LaneSender& sender);
  void handle_leave(const LaneSender& sender);

 private:
  struct Member {
    const LaneSender* sender;
    TurnSequence* sequence;
    uint32_t number;
  };

  TurnSequence& turn_sequence_for(LaneSender& sender);

  std::vector<std::unique_ptr<TurnSequence>> sequences_;
  std::vector<Member> members_;
};

}  // namespace cuttle
