#include "mesh/next_number.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle::mesh {

bool counts(const Entry& entry, const VerifyingKey& identity,
            const std::optional<VerifyingKey>& signing_key) {
  if (!is_proved(entry)) return false;
  return entry.identity == identity || (signing_key && is_signed(entry, *signing_key));
}

Result<uint64_t> number_after(uint64_t highest) {
  if (highest < kHighestCounter) return highest + 1;
  return failure(fmt::format(
      "the number of this host's last entry is {}, and there is none after it: move its .identity "
      "away, cuttle mesh join --again, and cuttle mesh accept it on the others",
      highest));
}

Result<uint64_t> next_number(const std::string& host, const VerifyingKey& identity,
                             const std::optional<VerifyingKey>& signing_key, const Published& published) {
  uint64_t highest = published.proved;
  const auto add = [&](const Entry& entry) {
    if (counts(entry, identity, signing_key)) highest = std::max(highest, entry.counter);
  };
  if (published.own) add(*published.own);
  if (published.there) {
    if (const auto entry = parse_entry(host, *published.there)) add(*entry);
  }
  return number_after(highest);
}

bool is_set_back(const Entry& own, const std::string& there) {
  const auto entry = parse_proved_entry(own.host, there);
  return entry && entry->identity == own.identity && entry->counter > own.counter;
}

Result<void> check_is_newest(const Entry& own, const std::optional<std::string>& there, uint64_t proved) {
  const bool is_behind_root = own.counter < proved;
  if (!is_behind_root && (!there || !is_set_back(own, *there))) return {};
  return failure(fmt::format(
      "this host's own entry has the number {}, and it has proved a later one{}: the file was set "
      "back, or the disk was full; cuttle mesh join --again",
      own.counter, is_behind_root ? fmt::format(", {}", proved) : ", which the monitors have"));
}

}  // namespace cuttle::mesh
