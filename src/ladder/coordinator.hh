// Who says which step comes next, and how: one node of a group, the coordinator, which hears what each node
// needs (inside cells, where nobody else does) and says the step for the coming epoch. Every node runs this;
// the coordinator is the one with the smallest number that was heard in the last epochs, so another takes
// over where it is gone. Where two believe that they are it, both speak, and the higher step counts
// (step_keeper.hh). One that has just started only listens, or it would say what it knows: the top.
//
// A need is a step: the least that carries what the node's busiest link had to carry in the epoch. The
// group's is the highest of all nodes'. Up at once; down only when it was lower for `patience` epochs. Never
// above the lowest ceiling of a node, where nodes have any (yielding.hh): down to that at once.
//
// Pure; one thread. Messages are small, and may be lost, late or repeated.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "ladder/step_keeper.hh"

namespace cuttle::ladder {

using NodeNumber = uint64_t;  // any; each node has another

struct Need {  // from each node to every other, in the epoch before the one it is for
  NodeNumber from = 0;
  Epoch epoch = 0;
  uint32_t step = 0;
  bool listens = false;  // and does not coordinate
  uint32_t ceiling = UINT32_MAX;
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

  // `nodes`: of the group, this one among them. More are not heard.
  Coordinator(NodeNumber own, size_t nodes, const LadderShape& shape, uint32_t going_down_epochs)
      : own_(own), nodes_(nodes), shape_(shape), going_down_epochs_(going_down_epochs) {}

  void handle_need(const Need& need);
  // That node is gone.
  void forget(NodeNumber node) { heard_.erase(node); }
  // It is called otherwise now: this one, or another.
  void handle_number(NodeNumber before, NodeNumber now);
  // In the epoch before `coming`, once the needs for it may have come. What this node says; nothing where
  // another is the coordinator. `keeper`: its own.
  std::optional<Said> poll_said(const StepKeeper& keeper, Epoch coming);
  // Who it is, as far as this node knows; nullopt: nobody, because all have just started.
  std::optional<NodeNumber> coordinator(Epoch coming) const;

 private:
  struct Heard {
    Epoch epoch = 0;  // of the latest need
    uint32_t step = 0;
    bool listens = false;
    uint32_t ceiling = UINT32_MAX;
  };
  bool is_there(NodeNumber node, const Heard& heard, Epoch coming) const {
    return node == own_ || heard.epoch + kGoneAfter > coming;
  }

  NodeNumber own_;
  size_t nodes_;
  LadderShape shape_;
  uint32_t going_down_epochs_;
  std::map<NodeNumber, Heard> heard_;
  uint32_t counted_at_ = 0;     // the step that was held while these were counted
  uint32_t lower_since_ = 0;    // epochs in which less was needed
  uint32_t highest_lower_ = 0;  // and the most that was
};

}  // namespace cuttle::ladder
