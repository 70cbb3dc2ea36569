// The ladder of a node: what its links were asked for becomes a need, needs become the step that the
// coordinator says (ladder/coordinator.hh), and that becomes a change of all links at the beginning of the
// next epoch (ladder/step_keeper.hh), told the pacers ahead as a calendar's changes are. Whatever happens
// here shows on the wire in the step of an epoch, and in nothing else: what comes too late is not done.
//
// Before the beginning of an epoch: `need` ahead of it a node measures and says what it needs, `say` ahead
// the coordinator says the step, `told` ahead everybody takes what was said until then. Each says it again
// until then, because cells get lost.
//
// Where the ladder yields (ladder/yielding.hh), a node counts which of its peers' cells were lost, over a
// stretch of one rate from one measurement to the next, and says that with its need: to each peer its share,
// and to all its ceiling. What it lost itself and what its peers say that they lost counts alike.
//
// One thread, that of the handshakes. No clock of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engine/ladder_link.hh"
#include "ladder/coordinator.hh"
#include "ladder/settings.hh"
#include "ladder/yielding.hh"
#include "link/wall_time.hh"

namespace cuttle {

struct LadderTimes {
  Duration need = seconds(8);
  Duration say = seconds(6);
  ToldAhead ahead{seconds(4), seconds(2)};
  Duration again = milliseconds(500);
  Duration settled = seconds(2);  // after a change: clocks may differ, and queues empty
};

class LadderControl {
 public:
  // More room than the measured need has, so that a link that is full shows as one that needs more.
  static constexpr double kHeadroom = 1.25;
  // Messages of one link in a round: more than a peer that keeps to it says meanwhile.
  static constexpr int kHeardAtATime = 16;

  // `number`: of this node; each has another. `before`: what an earlier life spent. The step until the first
  // epoch is told_step().
  LadderControl(const ladder::Settings& settings, ladder::NodeNumber number, uint64_t wall_clock_ns,
                const std::optional<ladder::Spent>& before = std::nullopt, const LadderTimes& times = {});

  // To be called at least every 100 ms, with all links that follow the ladder; one comes back as itself.
  void handle_time(Instant now, uint64_t wall_clock_ns, std::span<LadderLink* const> links);
  // The machine was set back to an earlier state, or stood still (link/clock_watch.hh). Links that notice it
  // by themselves say so (ladder_link.hh).
  void handle_restored();
  // This node calls itself so from now on, because it has another key.
  void handle_number(ladder::NodeNumber number);
  // For a test of what a wire shows given the steps: that is said for each epoch, whoever says what.
  void use_said(uint32_t (*said)(ladder::Epoch epoch)) { said_instead_ = said; }

  // What a link begins with that starts now.
  uint32_t told_step() const { return keeper_.step(); }
  const ladder::Settings& settings() const { return settings_; }
  const ladder::StepKeeper& keeper() const { return keeper_; }
  const ladder::LadderShape& shape() const { return shape_; }
  ladder::NodeNumber number() const { return number_; }
  // As of the last epoch; nullopt: nobody.
  std::optional<ladder::NodeNumber> coordinator() const { return coordinating_; }
  // The link that node is at the other end of, as it says; null: none.
  const LadderLink* link_of(ladder::NodeNumber node) const;

  // The most that was lost on a link, in the last epoch of which that is known.
  struct Lost {
    const LadderLink* link = nullptr;  // only compared; null: it is gone
    uint32_t lost_65536ths = 0;
    bool is_ours = false;  // cells of this node, as the peer says; else the peer's
  };
  // Null: this ladder does not yield.
  const ladder::Yielding* yielding() const { return yielding_ ? &*yielding_ : nullptr; }
  const std::optional<Lost>& worst() const { return last_worst_; }
  // Why the breaker cut; nullopt where it did in an earlier life.
  const std::optional<Lost>& cut() const { return cut_; }

  struct Counters {
    uint64_t other_ladder = 0;         // messages of peers with another one
    uint64_t out_of_place = 0;         // messages for no coming epoch: late, or of another clock
    uint64_t wrong_number = 0;         // messages of an author who is not the peer
    uint64_t coordinator_changes = 0;  // that another was it
  };
  const Counters& counters() const { return counters_; }

 private:
  void look_at_epoch(int64_t wall_ns);
  // Before it speaks: it does not know what others agreed on.
  void listen();
  void hear(std::span<LadderLink* const> links);
  void hear(LadderLink& link, const wire::LadderMessage& message);
  bool note_author(const LadderLink& link, ladder::NodeNumber author);
  void measure(Instant now, std::span<LadderLink* const> links);
  void begin_stretch(Instant now, std::span<LadderLink* const> links);
  void measure_lost(Instant now, std::span<LadderLink* const> links);
  void note_lost(const LadderLink& link, uint16_t lost_65536ths, bool is_ours);
  void yield();
  void forget_links_that_went(std::span<LadderLink* const> links);
  ladder::Need own_need() const;
  void decide();
  void tell(Instant begins, std::span<LadderLink* const> links) const;
  void say(wire::LadderKind kind, uint32_t step, std::span<LadderLink* const> links) const;
  void say_again(Instant now, std::span<LadderLink* const> links);
  void begin_epoch();
  ladder::Epoch coming() const { return keeper_.epoch() + 1; }
  bool listens() const { return coming() < listens_until_; }

  ladder::Settings settings_;
  ladder::LadderShape shape_;
  ladder::NodeNumber number_;
  LadderTimes times_;
  uint16_t fingerprint_;
  WallTime wall_time_;
  ladder::StepKeeper keeper_;
  ladder::Coordinator coordinator_;
  ladder::Epoch listens_until_;
  bool met_ = false;                                         // another node, ever
  bool restored_ = false;                                    // and has not looked at the clock since
  std::vector<const LadderLink*> links_;                     // of the last look; only compared
  std::map<const LadderLink*, ladder::NodeNumber> numbers_;  // of the nodes at the other ends
  std::optional<Instant> measured_;
  std::optional<uint32_t> need_;        // for the coming epoch
  std::optional<ladder::Said> saying_;  // the same, where this node is the coordinator
  bool decided_ = false;                // whether it is
  Instant say_next_{};
  std::optional<ladder::NodeNumber> coordinating_;
  uint32_t (*said_instead_)(ladder::Epoch epoch) = nullptr;
  std::optional<ladder::Yielding> yielding_;
  Instant stretch_since_{INT64_MIN / 2};
  std::optional<Instant> changed_at_{stretch_since_};    // not settled yet
  std::map<const LadderLink*, uint16_t> lost_65536ths_;  // of the peers' cells, in the last stretch
  std::optional<Lost> worst_;                            // for the coming epoch
  std::optional<Lost> last_worst_;
  std::optional<Lost> cut_;
  Counters counters_;
};

}  // namespace cuttle
