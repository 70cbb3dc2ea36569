#include "engine/ladder_control.hh"

#include <algorithm>
#include <utility>

namespace cuttle {

namespace {

using ladder::Epoch;
using ladder::NodeNumber;

// The peers that there can be (config/sections.hh), and this node.
constexpr size_t kMaxNodes = 1025;

// The latest epoch whose beginning is too near for a change.
Epoch missed_at(int64_t wall_ns, const ladder::Settings& settings, const LadderTimes& times) {
  return static_cast<Epoch>((wall_ns + times.ahead.placed.ns) / settings.epoch.ns);
}

}  // namespace

LadderControl::LadderControl(const ladder::Settings& settings, NodeNumber number, uint64_t wall_clock_ns,
                             const std::optional<ladder::Spent>& before, const LadderTimes& times)
    : settings_(settings),
      shape_(settings.shape()),
      number_(number),
      times_(times),
      fingerprint_(settings.fingerprint()),
      keeper_(shape_, missed_at(static_cast<int64_t>(wall_clock_ns), settings, times), before),
      coordinator_(number, kMaxNodes, shape_, settings.going_down_epochs()),
      listens_until_(keeper_.epoch() + 1 + ladder::Coordinator::kGoneAfter) {}

void LadderControl::handle_restored() {
  keeper_.handle_restored();
  restored_ = true;
}

void LadderControl::listen() {
  listens_until_ = coming() + ladder::Coordinator::kGoneAfter;
  saying_.reset();
  if (need_) coordinator_.handle_need({number_, coming(), *need_, true});
}

// After it, the coming epoch is one that can still be decided.
void LadderControl::look_at_epoch(int64_t wall_ns) {
  const Epoch missed = missed_at(wall_ns, settings_, times_);
  // An epoch is decided before it begins, and no earlier than that.
  const auto latest = static_cast<Epoch>((wall_ns + times_.ahead.told.ns) / settings_.epoch.ns) + 1;
  if (keeper_.epoch() > latest) {
    keeper_.handle_set_back(missed);
    // What was heard is of epochs that are to come.
    coordinator_ = ladder::Coordinator(number_, kMaxNodes, shape_, settings_.going_down_epochs());
    begin_epoch();
    listen();
  } else if (missed > keeper_.epoch()) {
    // One may be a thread that came too late. More: a long start, a clock that was set, or a machine that
    // stood still.
    const bool many = missed > keeper_.epoch() + 1;
    keeper_.handle_missed(missed);
    begin_epoch();
    if (many) listen();
  }
}

void LadderControl::handle_time(Instant now, uint64_t wall_clock_ns, std::span<LadderLink* const> links) {
  const int64_t wall_ns = wall_time_.handle_time(now, wall_clock_ns);
  look_at_epoch(wall_ns);
  for (LadderLink* link : links) {
    if (link->poll_restored()) restored_ = true;
  }
  // By the clock of now: the day may be another.
  if (std::exchange(restored_, false)) {
    keeper_.handle_restored();
    listen();
  }
  hear(links);
  const Instant begins = now + Duration{static_cast<int64_t>(coming()) * settings_.epoch.ns - wall_ns};
  if (!need_ && now >= begins - times_.need) {
    measure(now, links);
    say_next_ = now;
  }
  const Instant taken = begins - times_.ahead.told;
  // Too late for the others to hear of it is too late.
  if (need_ && !decided_ && now >= begins - times_.say && now < taken) {
    decide();
    say_next_ = now;
  }
  if (now >= taken) {
    if (said_instead_ != nullptr) keeper_.handle_said(coming(), said_instead_(coming()));
    keeper_.handle_epoch(coming());
    tell(begins, links);
    begin_epoch();
  }
  say_again(now, links);
}

void LadderControl::hear(std::span<LadderLink* const> links) {
  if (!std::ranges::equal(links, links_)) {
    links_.assign(links.begin(), links.end());
    // A link that went is nobody's number any more.
    std::erase_if(numbers_, [&](const auto& one) {
      const bool gone = std::ranges::find(links, one.first) == links.end();
      if (gone) coordinator_.forget(one.second);
      return gone;
    });
  }
  for (LadderLink* link : links) {
    // However fast a peer says more.
    for (int i = 0; i < kHeardAtATime; ++i) {
      const auto message = link->poll_ladder();
      if (!message) break;
      hear(*link, *message);
    }
  }
}

void LadderControl::hear(LadderLink& link, const wire::LadderMessage& message) {
  if (message.fingerprint != fingerprint_) {
    ++counters_.other_ladder;
    return;
  }
  if (message.epoch != coming() || message.author == number_) {
    ++counters_.out_of_place;
    return;
  }
  // Who met nobody so far may be the one that others know nothing of.
  if (!std::exchange(met_, true) && !message.listens) listen();
  const auto [known, is_new] = numbers_.emplace(&link, message.author);
  if (!is_new && known->second != message.author) {
    coordinator_.forget(known->second);
    known->second = message.author;
  }
  if (message.kind == wire::LadderKind::need) {
    coordinator_.handle_need({message.author, message.epoch, message.step, message.listens});
  } else if (said_instead_ == nullptr) {
    keeper_.handle_said(message.epoch, message.step);
  }
}

void LadderControl::measure(Instant now, std::span<LadderLink* const> links) {
  const Duration since = measured_ ? now - *measured_ : settings_.epoch;
  double needed_bps = 0;
  for (LadderLink* link : links) needed_bps = std::max(needed_bps, link->poll_needed_bps(since));
  measured_ = now;
  need_ = ladder::step_for(settings_.rates_bps, needed_bps * kHeadroom);
  coordinator_.handle_need({number_, coming(), *need_, listens()});
}

void LadderControl::decide() {
  decided_ = true;
  saying_ = coordinator_.poll_said(keeper_, coming());
  if (saying_ && said_instead_ == nullptr) keeper_.handle_said(saying_->epoch, saying_->step);
  const auto is_it = coordinator_.coordinator(coming());
  if (coordinating_ && is_it != coordinating_) ++counters_.coordinator_changes;
  coordinating_ = is_it;
}

// Also those that began with another, because they started while this one was told.
void LadderControl::tell(Instant begins, std::span<LadderLink* const> links) const {
  for (LadderLink* link : links) {
    if (link->told_step() == keeper_.step()) continue;
    link->change_step({keeper_.step(), begins, begins - times_.ahead.placed});
  }
}

void LadderControl::say(wire::LadderKind kind, uint32_t step, std::span<LadderLink* const> links) const {
  const wire::LadderMessage message{.kind = kind,
                                    .step = static_cast<uint8_t>(step),
                                    .fingerprint = fingerprint_,
                                    .listens = listens(),
                                    .epoch = coming(),
                                    .author = number_};
  for (LadderLink* link : links) link->send_ladder(message);
}

void LadderControl::say_again(Instant now, std::span<LadderLink* const> links) {
  if (!need_ || now < say_next_) return;
  say_next_ = now + times_.again;
  if (!decided_) say(wire::LadderKind::need, *need_, links);
  if (saying_) say(wire::LadderKind::said, saying_->step, links);
}

void LadderControl::begin_epoch() {
  need_.reset();
  saying_.reset();
  decided_ = false;
}

const LadderLink* LadderControl::link_of(NodeNumber node) const {
  const auto found = std::ranges::find_if(numbers_, [&](const auto& one) { return one.second == node; });
  return found == numbers_.end() ? nullptr : found->first;
}

}  // namespace cuttle
