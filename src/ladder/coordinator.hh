// Who says which step comes next, and how: one node of a group, the coordinator, which hears what each node
// needs (inside cells, where nobody else does) and says the step for the coming epoch. Every node runs this;
// the coordinator is the one with the smallest number that was heard in the last epochs, so another takes
// over where it is gone. Where two believe that they are it, both speak, and the higher step counts
// (step_keeper.hh).
//
// A need is a step: the least that carries what the node's busiest link had to carry in the epoch. The
// group's is the highest of all nodes'. Up at once; down only when it was lower for `patience` epochs.
//
// Pure; one thread. Messages are small, and may be lost, late or repeated.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ladder/step_keeper.hh"

namespace cuttle::ladder {

using NodeNumber = uint32_t;

struct Need {  // from each node to every other, in the epoch before the one it is for
  NodeNumber from = 0;
  Epoch epoch = 0;
  uint32_t step = 0;
};
struct Said {  // from the coordinator to all
  NodeNumber from = 0;
  Epoch epoch = 0;
  uint32_t step = 0;
};

// The least step of the ladder (rates ascending) that carries that; the top where none does.
uint32_t step_for(std::span<const uint64_t> rates_bps, double needed_bps);

class Coordinator {
 public:
  static constexpr Epoch kGoneAfter = 3;  // epochs without a need from a node

  Coordinator(NodeNumber own, size_t nodes, const LadderShape& shape, uint32_t going_down_epochs)
      : own_(own), shape_(shape), going_down_epochs_(going_down_epochs), heard_(nodes) {}

  void handle_need(const Need& need);
  // In the epoch before `coming`, once the needs for it may have come. What this node says; nothing where
  // another is the coordinator. `keeper`: its own.
  std::optional<Said> poll_said(const StepKeeper& keeper, Epoch coming);
  // Who it is, as far as this node knows.
  NodeNumber coordinator(Epoch coming) const;

 private:
  struct Heard {
    Epoch epoch = 0;  // of the latest need; 0: none yet
    uint32_t step = 0;
  };
  bool is_there(NodeNumber node, Epoch coming) const;

  NodeNumber own_;
  LadderShape shape_;
  uint32_t going_down_epochs_;
  std::vector<Heard> heard_;
  uint32_t lower_since_ = 0;    // epochs in which less was needed
  uint32_t highest_lower_ = 0;  // and the most that was
};

}  // namespace cuttle::ladder
