#include "ladder/settings.hh"

#include "base/fnv1a.hh"

namespace cuttle::ladder {

LadderShape Settings::shape() const {
  const DayShape day{epochs_per_day(), static_cast<uint32_t>(rates_bps.size())};
  return {day.epochs, day.rates, max_changes(day, budget_bits)};
}

uint16_t Settings::fingerprint() const {
  Fnv1a hash;
  const auto mix = [&](uint64_t value) {
    for (int i = 0; i < 8; ++i) hash.add(static_cast<uint8_t>(value >> (8 * i)));
  };
  // Unlike any minute of a calendar, which is of the same field (wire/handshake.hh).
  mix(UINT64_MAX);
  mix(static_cast<uint64_t>(epoch.ns));
  mix(static_cast<uint64_t>(lower_after.ns));
  mix(budget_bits);
  for (const uint64_t rate_bps : rates_bps) mix(rate_bps);
  return static_cast<uint16_t>(hash.value() % 65535 + 1);  // folded
}

}  // namespace cuttle::ladder
