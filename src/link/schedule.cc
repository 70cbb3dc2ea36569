#include "link/schedule.hh"

#include <algorithm>
#include <span>
#include <utility>

#include "link/spread.hh"

namespace cuttle {

Schedule::Schedule(const SlotPlan& plan, Instant epoch, Draws draws)
    : plan_(plan), epoch_(epoch), draws_(std::move(draws)) {
  enter_slot();
}

void Schedule::handle_epoch(Instant epoch) {
  epoch_ = epoch;
  slot_ = 0;
  enter_slot();
}

void Schedule::handle_turns(TurnSequence& sequence, TurnSequence::Place place, Instant from) {
  sequence_ = &sequence;
  member_ = place.member;
  epoch_ = sequence.epoch();
  slot_ = std::max(place.first_slot, first_slot_from(from));
  enter_slot();
}

void Schedule::handle_plan(const SlotPlan& plan, Instant epoch, Instant from) {
  plan_ = plan;
  sequence_ = nullptr;
  epoch_ = epoch;
  slot_ = first_slot_from(from);
  enter_slot();
}

Instant Schedule::start_of(uint64_t slot) const {
  const auto offset =
      static_cast<unsigned __int128>(slot) * plan_.period_numerator / plan_.period_denominator;
  return epoch_ + Duration{static_cast<int64_t>(offset)};
}

uint64_t Schedule::first_slot_from(Instant at) const {
  if (at <= epoch_) return 0;
  const auto since = static_cast<unsigned __int128>((at - epoch_).ns) * plan_.period_denominator;
  return static_cast<uint64_t>((since + plan_.period_numerator - 1) / plan_.period_numerator);
}

void Schedule::handle_draw_key(const DrawKey& key) {
  draws_ = Draws(key);
  if (sequence_ != nullptr) sequence_->handle_draws(draws_.fork());
}

void Schedule::enter_slot() {
  start_ = start_of(slot_);
  release_ = 0;
  const std::span releases = std::span(offsets_ns_).first(plan_.releases_per_slot());
  if (sequence_ != nullptr) {
    sequence_->poll_offsets(member_, slot_, releases);
  } else {
    draw_spread(draws_, spread_of(plan_, 1), plan_.jitter, releases);
  }
  deadline_ = start_ + Duration{offsets_ns_[0]};
}

void Schedule::advance() {
  if (++release_ < plan_.releases_per_slot()) {
    deadline_ = start_ + Duration{offsets_ns_[release_]};
    return;
  }
  ++slot_;
  enter_slot();
}

Schedule::Aftermath Schedule::handle_released(Instant now) {
  Aftermath aftermath;
  handle_late(now - deadline());
  advance();
  earliest_ = {INT64_MIN};
  if (now - deadline_ > kLongestPause) aftermath.left_out = skip_missed(now);
  if (deadline_ < now) {
    aftermath.behind = true;
    earliest_ = now + plan_.period() / plan_.releases_per_slot() / 2;
  }
  return aftermath;
}

void Schedule::handle_late(Duration late) {
  if (late.ns <= 0) return;
  const std::span rest = std::span(offsets_ns_).first(plan_.releases_per_slot()).subspan(release_ + 1);
  if (rest.empty()) return;
  const int64_t room_ns = std::max<int64_t>(0, plan_.jitter.ns - 1 - rest.back());
  const auto shift_ns = static_cast<uint32_t>(std::min(late.ns, room_ns));
  for (uint32_t& offset : rest) offset += shift_ns;
}

uint64_t Schedule::skip_missed(Instant now) {
  uint64_t missed = 0;
  const Duration late = now - (deadline_ + plan_.period());
  if (late.ns < 0) return 0;
  // After a long stop (a suspended machine), or where the epoch is long ago, go there at once and not slot by
  // slot. A period short of it, for a release can be due at the end of its slot.
  if (late > plan_.period() * 4) {
    const auto whole = static_cast<uint64_t>(static_cast<unsigned __int128>((late - plan_.period()).ns) *
                                             plan_.period_denominator / plan_.period_numerator);
    slot_ += whole;
    missed += whole * plan_.releases_per_slot() - release_;
    enter_slot();
  }
  while (now >= deadline_ + plan_.period()) {
    advance();
    ++missed;
  }
  return missed;
}

}  // namespace cuttle
