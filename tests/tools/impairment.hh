// What a bad network does to one direction: loses, duplicates, reorders, corrupts, delays and (as an
// attacker) replays frames, drawn from a seed. Only UDP is touched: the neighbours' resolution is not what is
// tested.
#pragma once

#include <deque>
#include <vector>

#include "base/random.hh"
#include "base/time.hh"
#include "frame.hh"

namespace cuttle::tools {

struct ImpairmentOptions {
  // Shares of the frames, in per cent.
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;
  double corrupt = 0;
  double replay = 0;
  uint64_t depth = 8;             // a reordered frame is overtaken by 1 to this many
  uint64_t replay_frames = 4096;  // a replay is of one of this many frames before it
  Duration delay{};
};

struct ImpairmentCounters {
  uint64_t frames = 0;  // UDP
  uint64_t lost = 0;
  uint64_t duplicated = 0;
  uint64_t reordered = 0;
  uint64_t corrupted = 0;
  uint64_t replayed = 0;
};

class Impairment {
 public:
  Impairment(const ImpairmentOptions& options, uint64_t seed) : options_(options), random_(seed) {}

  void handle_frame(Instant now, Frame frame);
  // Frames whose time has come are in `out` afterwards, in the order in which they leave.
  void poll_frames(Instant now, std::vector<Frame>& out);
  bool is_holding() const { return !held_.empty() || !ready_.empty(); }

  const ImpairmentCounters& counters() const { return counters_; }

 private:
  struct Held {
    Frame frame;
    uint64_t overtakers_left;
    Instant at_the_latest;
  };
  struct Ready {
    Frame frame;
    Instant due;
  };

  bool chance(double per_cent) { return random_.chance(per_cent / 100); }
  void corrupt(Frame& frame);
  void overtake(Instant now);
  void record(const Frame& frame);

  ImpairmentOptions options_;
  Random random_;
  std::vector<Held> held_;
  std::deque<Ready> ready_;
  std::vector<Frame> recorded_;
  uint64_t next_record_ = 0;
  ImpairmentCounters counters_;
};

}  // namespace cuttle::tools
