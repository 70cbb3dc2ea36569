#include "trace/compare.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/format.hh"

namespace cuttle::trace {

namespace {

// Of a cell's payload bytes: outer headers, AGGFRAG header, trailer and ICV (docs/wire-format.md).
constexpr uint64_t kCellOverhead = 38;

std::string string_of(int64_t ns) {
  return nanoseconds_text(static_cast<double>(ns));
}

std::vector<const Trace*> successful(const std::vector<Trace>& traces) {
  std::vector<const Trace*> good;
  for (const Trace& trace : traces) {
    if (trace.ok()) good.push_back(&trace);
  }
  return good;
}

// Of several steps of one name (two replicas), the longest: it is the one that is waited for.
std::optional<int64_t> length_of(const Trace& trace, const std::string& id) {
  std::optional<int64_t> longest;
  for (const Step& step : trace.steps) {
    if (step.id == id && step.duration_ns) longest = std::max(longest.value_or(0), *step.duration_ns);
  }
  return longest;
}

std::optional<Distribution> lengths(const std::vector<const Trace*>& traces, const std::string& id) {
  std::vector<int64_t> values;
  for (const Trace* trace : traces) {
    if (const auto length = length_of(*trace, id)) values.push_back(*length);
  }
  return distribution(std::move(values));
}

Distribution totals(const std::vector<const Trace*>& traces) {
  std::vector<int64_t> values;
  for (const Trace* trace : traces) values.push_back(trace->total_ns());
  return distribution(std::move(values)).value_or(Distribution{});
}

int64_t operation_length(const Trace& trace) {
  const std::string name = trace.operation == "put" ? "rados_write_full" : "rados_read";
  for (const CallTimes& call : trace.calls) {
    if (call.name == name && call.end_ns) return *call.end_ns - call.begin_ns;
  }
  return 0;
}

Distribution operations(const std::vector<const Trace*>& traces) {
  std::vector<int64_t> values;
  for (const Trace* trace : traces) values.push_back(operation_length(*trace));
  return distribution(std::move(values)).value_or(Distribution{});
}

// Every step that any trace has, in the order of the median moment they begin at.
std::vector<StepComparison> all_steps(const std::vector<const Trace*>& plain,
                                      const std::vector<const Trace*>& shaped) {
  std::map<std::string, StepComparison> found;
  std::map<std::string, std::vector<int64_t>> moments;
  for (const auto* traces : {&plain, &shaped}) {
    for (const Trace* trace : *traces) {
      for (const Step& step : trace->steps) {
        if (step.background) continue;
        StepComparison& entry = found[step.id];
        entry.id = step.id;
        entry.lane = step.lane;
        entry.title = step.title;
        entry.crossings = std::max(entry.crossings, step.crossings);
        // As a share of the whole: plain and shaped ones differ in length.
        moments[step.id].push_back((step.at_ns - trace->begin_ns) * 1'000'000 /
                                   std::max<int64_t>(trace->total_ns(), 1));
      }
    }
  }
  std::vector<std::pair<int64_t, StepComparison>> ordered;
  for (auto& [id, entry] : found) {
    entry.plain = lengths(plain, id);
    entry.shaped = lengths(shaped, id);
    ordered.emplace_back(distribution(moments[id])->median_ns, entry);
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<StepComparison> steps;
  for (auto& [at, entry] : ordered) steps.push_back(std::move(entry));
  return steps;
}

int crossings_of(const Trace& trace, bool operation_only) {
  int crossings = 0;
  for (const Step& step : trace.steps) {
    if (step.lane != kClientLane || step.link.empty()) continue;
    if (!operation_only || step.section == Section::operate) crossings += step.crossings;
  }
  return crossings;
}

const LinkUse* link_of(const Trace& trace) {
  for (const Step& step : trace.steps) {
    for (const LinkUse& link : trace.links) {
      if (!step.link.empty() && link.name == step.link && link.cells_per_slot > 0) return &link;
    }
  }
  return nullptr;
}

// Slots beyond the first that the payload takes, on each hop that carries it.
int64_t carrying_ns(const Trace& trace, const LinkUse& link) {
  const uint64_t room = link.cell_bytes > kCellOverhead ? link.cell_bytes - kCellOverhead : 1;
  const uint64_t a_slot = room * link.cells_per_slot * std::max(1U, link.lanes);
  const auto slots = static_cast<int64_t>(trace.bytes / a_slot);
  int64_t hops = 0;
  for (const Step& step : trace.steps) {
    const bool carries = step.id == (trace.operation == "put" ? "wire.request" : "wire.reply") ||
                         (trace.operation == "put" && step.id == "wire.replica");
    if (carries && !step.link.empty()) ++hops;
  }
  return slots * hops * static_cast<int64_t>(link.slot_ns);
}

// What the client's steps that cross links took longer, by their medians.
int64_t added_by_links(const std::vector<StepComparison>& steps, bool operation_only) {
  int64_t added = 0;
  for (const StepComparison& step : steps) {
    const bool counts = step.lane == kClientLane && step.crossings > 0 && step.plain && step.shaped;
    if (!counts || (operation_only && !step.id.starts_with("operate."))) continue;
    added += step.shaped->median_ns - step.plain->median_ns;
  }
  return added;
}

std::optional<SlotShare> share_of(const std::vector<const Trace*>& shaped,
                                  const std::vector<StepComparison>& steps, int64_t difference_ns,
                                  bool operation_only) {
  std::vector<int64_t> crossings;
  const LinkUse* link = nullptr;
  const Trace* with_link = nullptr;
  for (const Trace* trace : shaped) {
    crossings.push_back(crossings_of(*trace, operation_only));
    if (link == nullptr && (link = link_of(*trace)) != nullptr) with_link = trace;
  }
  if (link == nullptr) return std::nullopt;
  SlotShare share;
  share.difference_ns = difference_ns;
  share.crossings = static_cast<int>(distribution(crossings)->median_ns);
  share.slot_ns = static_cast<int64_t>(link->slot_ns);
  share.expected_ns = share.crossings * share.slot_ns / 2;
  share.carrying_ns = carrying_ns(*with_link, *link);
  share.measured_ns = added_by_links(steps, operation_only);
  if (difference_ns > 0) {
    share.measured_share = static_cast<double>(share.measured_ns) / static_cast<double>(difference_ns);
    share.waiting_share =
        static_cast<double>(share.expected_ns + share.carrying_ns) / static_cast<double>(difference_ns);
  }
  return share;
}

std::string sentence(const char* what, const Distribution& plain, const Distribution& shaped) {
  return fmt::format("{}: plain {} (p99 {}), shaped {} (p99 {}), {} more at the median", what,
                     string_of(plain.median_ns), string_of(plain.p99_ns), string_of(shaped.median_ns),
                     string_of(shaped.p99_ns), string_of(shaped.median_ns - plain.median_ns));
}

std::string sentence(const char* what, const SlotShare& share) {
  std::string out = fmt::format(
      "{}: links are crossed {} times one after the other; by the schedule each crossing waits half a slot "
      "of {} on "
      "average, {} in all",
      what, share.crossings, string_of(share.slot_ns), string_of(share.expected_ns));
  if (share.carrying_ns > 0) {
    out += fmt::format(", and the data takes {} of further slots", string_of(share.carrying_ns));
  }
  if (share.difference_ns <= 0) return out + "; the shaped ones were not slower here";
  const std::string waiting = share.waiting_share <= 1
                                  ? percent(share.waiting_share) + " of the difference is waiting for a slot"
                                  : "at least as much as the whole difference, which is less than its noise";
  return out + fmt::format(": {}. Measured, the steps that cross links took {} longer, {} of the difference",
                           waiting, string_of(share.measured_ns), percent(share.measured_share));
}

}  // namespace

std::optional<Distribution> distribution(std::vector<int64_t> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto rank = [&](size_t percent) { return values[(values.size() * percent + 99) / 100 - 1]; };
  return Distribution{values.size(), rank(50), rank(99)};
}

Result<Comparison> compare(const std::vector<Trace>& plain, const std::vector<Trace>& shaped) {
  const auto good_plain = successful(plain);
  const auto good_shaped = successful(shaped);
  if (good_plain.empty()) return failure("the plain side has no operation that succeeded");
  if (good_shaped.empty()) return failure("the shaped side has no operation that succeeded");
  const Trace& one = *good_plain.front();
  const Trace& other = *good_shaped.front();
  if (one.operation != other.operation || one.bytes != other.bytes) {
    return failure(
        fmt::format("cannot compare a {} of {} bytes with a {} of {}: the same operation is needed",
                    one.operation, one.bytes, other.operation, other.bytes));
  }
  Comparison result;
  result.lead = fmt::format("{} plain and {} shaped operations: {} of {} bytes, each by a client of its own.",
                            good_plain.size(), good_shaped.size(), one.operation == "put" ? "write" : "read",
                            one.bytes);
  result.steps = all_steps(good_plain, good_shaped);
  result.plain_total = totals(good_plain);
  result.shaped_total = totals(good_shaped);
  result.plain_operation = operations(good_plain);
  result.shaped_operation = operations(good_shaped);
  result.whole = share_of(good_shaped, result.steps,
                          result.shaped_total.median_ns - result.plain_total.median_ns, false);
  result.operation = share_of(good_shaped, result.steps,
                              result.shaped_operation.median_ns - result.plain_operation.median_ns, true);
  result.summary = {
      sentence("From the configuration file to the end", result.plain_total, result.shaped_total),
      sentence("The operation alone", result.plain_operation, result.shaped_operation)};
  if (result.whole && result.operation) {
    result.summary.push_back(sentence("The whole", *result.whole));
    result.summary.push_back(sentence("The operation", *result.operation));
  } else {
    result.summary.emplace_back(
        "What waiting for a slot has to do with it is not known: the shaped traces hold no link (give "
        "`--agent SOCKET`)");
  }
  return result;
}

}  // namespace cuttle::trace
