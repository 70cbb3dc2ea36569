#include "ladder/settings.hh"

#include "base/fnv1a.hh"

namespace cuttle::ladder {

LadderShape Settings::shape() const {
  const DayShape day{epochs_per_day(), static_cast<uint32_t>(rates_bps.size())};
  return {day.epochs, day.rates, max_changes(day, budget_bits), yields};
}

uint16_t Settings::fingerprint() const {
  Fnv1a hash;
  // Unlike any minute of a calendar, which is of the same field (wire/handshake.hh).
  hash.add_number(UINT64_MAX);
  hash.add_number(static_cast<uint64_t>(epoch.ns));
  hash.add_number(static_cast<uint64_t>(lower_after.ns));
  hash.add_number(budget_bits);
  for (const uint64_t rate_bps : rates_bps) hash.add_number(rate_bps);
  // A ladder that does not yield has the fingerprint that it always had.
  if (yields) hash.add_number(1);
  return hash.fingerprint();
}

}  // namespace cuttle::ladder
