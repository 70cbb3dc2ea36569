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
      listens_until_(keeper_.epoch() + 1 + ladder::Coordinator::kGoneAfter) {
  if (settings.yields) yielding_.emplace(shape_, keeper_.ceiling());
}

void LadderControl::handle_number(NodeNumber number) {
  if (number == number_) return;
  coordinator_.handle_number(number_, number);
  if (coordinating_ == number_) coordinating_ = number;
  number_ = number;
}

void LadderControl::handle_restored() {
  keeper_.handle_restored();
  restored_ = true;
}

void LadderControl::listen() {
  listens_until_ = coming() + ladder::Coordinator::kGoneAfter;
  saying_.reset();
  if (need_) coordinator_.handle_need(own_need());
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
  begin_stretch(now, links);
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
    yield();
    const uint32_t before = keeper_.step();
    keeper_.handle_epoch(coming());
    if (keeper_.step() != before) changed_at_ = begins;
    tell(begins, links);
    begin_epoch();
  }
  say_again(now, links);
}

void LadderControl::hear(std::span<LadderLink* const> links) {
  if (!std::ranges::equal(links, links_)) {
    links_.assign(links.begin(), links.end());
    forget_links_that_went(links);
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

void LadderControl::forget_links_that_went(std::span<LadderLink* const> links) {
  const auto is_gone = [&](const LadderLink* link) { return std::ranges::find(links, link) == links.end(); };
  // Nobody's number any more.
  std::erase_if(numbers_, [&](const auto& one) {
    if (is_gone(one.first)) coordinator_.forget(one.second);
    return is_gone(one.first);
  });
  std::erase_if(lost_65536ths_, [&](const auto& one) { return is_gone(one.first); });
  for (auto* lost : {&worst_, &last_worst_, &cut_}) {
    if (*lost && is_gone((*lost)->link)) (*lost)->link = nullptr;
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
  if (!note_author(link, message.author)) {
    ++counters_.wrong_number;
    return;
  }
  // Who met nobody so far may be the one that others know nothing of.
  if (!std::exchange(met_, true) && !message.listens) listen();
  if (message.kind == wire::LadderKind::need) {
    coordinator_.handle_need({message.author, message.epoch, message.step, message.listens,
                              yielding_ ? message.ceiling : UINT32_MAX});
    if (message.lost_65536ths != wire::kLostNotKnown) note_lost(link, message.lost_65536ths, true);
  } else if (said_instead_ == nullptr) {
    keeper_.handle_said(message.epoch, message.step);
  }
}

// A peer with another key is the node that it was. Who speaks for others, or for one that speaks on another
// link, is not heard: it could take their needs back, or coordinate in their name.
bool LadderControl::note_author(const LadderLink& link, NodeNumber author) {
  const LadderLink* others = link_of(author);
  if (!link.is_of_peer(author) || (others != nullptr && others != &link)) return false;
  const auto [known, is_new] = numbers_.emplace(&link, author);
  if (is_new || known->second == author) return true;
  coordinator_.handle_number(known->second, author);
  if (coordinating_ == known->second) coordinating_ = author;
  known->second = author;
  return true;
}

void LadderControl::measure(Instant now, std::span<LadderLink* const> links) {
  const Duration since = measured_ ? now - *measured_ : settings_.epoch;
  double needed_bps = 0;
  for (LadderLink* link : links) needed_bps = std::max(needed_bps, link->poll_needed_bps(since));
  measured_ = now;
  need_ = ladder::step_for(settings_.rates_bps, needed_bps * kHeadroom);
  measure_lost(now, links);
  coordinator_.handle_need(own_need());
}

ladder::Need LadderControl::own_need() const {
  ladder::Need need{number_, coming(), *need_, listens()};
  if (yielding_) need.ceiling = keeper_.is_cut() ? 0 : yielding_->ceiling();
  return need;
}

// What was lost before counts for nothing.
void LadderControl::begin_stretch(Instant now, std::span<LadderLink* const> links) {
  if (!changed_at_ || now < *changed_at_ + times_.settled) return;
  changed_at_.reset();
  stretch_since_ = now;
  for (LadderLink* link : links) (void)link->poll_lost();
}

// A stretch of less than half an epoch goes on to the next measurement.
void LadderControl::measure_lost(Instant now, std::span<LadderLink* const> links) {
  lost_65536ths_.clear();
  if (!yielding_ || changed_at_ || now - stretch_since_ < settings_.epoch / 2) return;
  stretch_since_ = now;
  for (LadderLink* link : links) {
    const CellsLost cells = link->poll_lost();
    const auto lost = ladder::share_lost(cells.came, cells.lost);
    if (!lost) continue;
    lost_65536ths_.emplace(link, *lost);
    note_lost(*link, *lost, false);
  }
}

void LadderControl::note_lost(const LadderLink& link, uint16_t lost_65536ths, bool is_ours) {
  if (!yielding_) return;
  yielding_->handle_lost(lost_65536ths, keeper_.step());
  if (!worst_ || lost_65536ths > worst_->lost_65536ths) worst_ = Lost{&link, lost_65536ths, is_ours};
}

// For the coming epoch, of which everything was heard.
void LadderControl::yield() {
  if (!yielding_) return;
  const bool is_time = yielding_->handle_epoch(keeper_.step(), keeper_.can_fall());
  if (worst_) last_worst_ = std::exchange(worst_, std::nullopt);
  if (said_instead_ != nullptr) return;
  if (is_time && !keeper_.is_cut()) {
    keeper_.handle_cut();
    cut_ = last_worst_;
  }
  keeper_.handle_ceiling(yielding_->ceiling());
}

void LadderControl::decide() {
  decided_ = true;
  // The ceiling may have fallen since.
  if (yielding_) coordinator_.handle_need(own_need());
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
  wire::LadderMessage message{.kind = kind,
                              .step = static_cast<uint8_t>(step),
                              .fingerprint = fingerprint_,
                              .listens = listens(),
                              .epoch = coming(),
                              .author = number_};
  const bool has_losses = yielding_ && kind == wire::LadderKind::need;
  if (has_losses) message.ceiling = static_cast<uint8_t>(own_need().ceiling);
  for (LadderLink* link : links) {
    if (has_losses) {
      const auto lost = lost_65536ths_.find(link);
      message.lost_65536ths = lost == lost_65536ths_.end() ? wire::kLostNotKnown : lost->second;
    }
    link->send_ladder(message);
  }
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
  worst_.reset();
  if (yielding_) yielding_->handle_missed();
}

const LadderLink* LadderControl::link_of(NodeNumber node) const {
  const auto found = std::ranges::find_if(numbers_, [&](const auto& one) { return one.second == node; });
  return found == numbers_.end() ? nullptr : found->first;
}

}  // namespace cuttle
