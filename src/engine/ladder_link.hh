// What a ladder needs of one link of its node: to hear, to say, to know what it was asked for, and to change
// its step. LinkControl is one; whoever guards that with a lock stands in between.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hh"
#include "link/sender.hh"
#include "wire/ladder_message.hh"

namespace cuttle {

struct CellsLost {
  uint64_t came = 0;
  uint64_t lost = 0;
};

class LadderLink {
 public:
  virtual ~LadderLink() = default;

  virtual std::optional<wire::LadderMessage> poll_ladder() = 0;
  // Whether the node at the other end may call itself so (key_numbers.hh).
  virtual bool is_of_peer(uint64_t number) const = 0;
  // Whether it found, since it was asked last, that this machine was set back to an earlier state.
  virtual bool poll_restored() = 0;
  virtual void send_ladder(const wire::LadderMessage& message) = 0;
  // What it was asked to carry in this time, in bits of IP packets a second, as its busiest lane has it.
  // `since_last`: since it was asked last.
  virtual double poll_needed_bps(Duration since_last) = 0;
  // Of the peer's cells, since it was asked last.
  virtual CellsLost poll_lost() = 0;
  // The step that its pacers were told last.
  virtual uint32_t told_step() const = 0;
  virtual void change_step(const ChangeStep& change) = 0;
};

}  // namespace cuttle
