#include "report/demo/promises.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "base/format.hh"

namespace cuttle::report {

namespace {

std::string name_of(const LinkObservation& link) {
  return link.from + " -> " + link.to;
}

Promise one_size(const DemoResult& result) {
  Promise promise{
      fmt::format("Every datagram on every shaped link carries {} bytes.", result.shape.cell_bytes), {}};
  for (const LinkObservation& link : result.shaped.links) {
    if (link.datagram_sizes == std::set{result.shape.cell_bytes}) continue;
    if (link.datagram_sizes.empty()) {
      promise.broken.push_back(fmt::format("link {}: no cells seen", name_of(link)));
    } else {
      promise.broken.push_back(fmt::format("link {}: datagrams of {} bytes, expected {} only", name_of(link),
                                           fmt::join(link.datagram_sizes, ", "), result.shape.cell_bytes));
    }
  }
  return promise;
}

// What the arithmetic on whole trains cannot show: that they are single datagrams once they cross.
Promise cut_apart(const DemoResult& result) {
  Promise promise{"Behind a device that cuts trains, they are single datagrams of that size.", {}};
  const Observation& seen = result.shaped;
  if (seen.whole_trains == 0) return promise;
  if (!seen.has_cut_tap) {
    promise.broken.push_back(fmt::format(
        "{} trains of up to {} cells were captured whole: nothing shows the single datagrams; record "
        "behind a device that cuts, too (--cut)",
        grouped(seen.whole_trains), seen.max_cells));
    return promise;
  }
  for (const LinkObservation& link : seen.links) {
    const uint64_t cells = link.idle.packets + link.busy.packets;
    if (link.cut_datagrams * 2 >= cells) continue;  // a tap beside the way may lose some
    promise.broken.push_back(fmt::format("link {}: {} datagrams behind the device that cuts, of {} cells",
                                         name_of(link), grouped(link.cut_datagrams), grouped(cells)));
  }
  return promise;
}

Promise one_rate(const DemoResult& result) {
  Promise promise{fmt::format("Packets a second, idle and busy, differ by less than {} on every link.",
                              percent(kLargestRateDifference)),
                  {}};
  for (const LinkObservation& link : result.shaped.links) {
    if (link.datagram_sizes.empty()) continue;  // said already
    const double difference = rate_difference(link);
    if (difference < kLargestRateDifference) continue;
    promise.broken.push_back(fmt::format("link {}: {:.2f} packets a second idle, {:.2f} busy: {} apart",
                                         name_of(link), link.idle.packets_per_second(),
                                         link.busy.packets_per_second(), percent(difference)));
  }
  return promise;
}

Promise nothing_foreign(const DemoResult& result) {
  Promise promise{"Nothing but cells passes between the nodes.", {}};
  if (result.shaped.foreign_packets > 0) {
    std::string line =
        fmt::format("{} packets between the nodes are not cells", grouped(result.shaped.foreign_packets));
    if (!result.shaped.foreign_examples.empty()) line += ", first " + result.shaped.foreign_examples.front();
    promise.broken.push_back(line);
  }
  return promise;
}

// A string at a path of the facts, or what is wrong about it.
std::string fact(const nlohmann::json& facts, const char* group, const char* name) {
  if (!facts.contains(group) || !facts[group].contains(name)) return "(missing)";
  const auto& value = facts[group][name];
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Promise hello_comes_back(const DemoResult& result) {
  Promise promise{"The object written through the cells reads back the same.", {}};
  const std::string written = fact(result.facts, "hello", "written");
  const std::string read = fact(result.facts, "hello", "read");
  if (written != read || written == "(missing)") {
    promise.broken.push_back(fmt::format("hello: wrote `{}`, read `{}`", written, read));
  }
  return promise;
}

Promise healthy(const DemoResult& result) {
  Promise promise{"The cluster is HEALTH_OK.", {}};
  const std::string health = fact(result.facts, "ceph", "health");
  if (health != "HEALTH_OK") promise.broken.push_back(fmt::format("ceph: health is {}", health));
  return promise;
}

}  // namespace

double rate_difference(const LinkObservation& link) {
  const double idle = link.idle.packets_per_second();
  if (idle <= 0) return 1;
  return std::fabs(link.busy.packets_per_second() - idle) / idle;
}

std::vector<Promise> check_promises(const DemoResult& result) {
  return {one_size(result),        cut_apart(result),        one_rate(result),
          nothing_foreign(result), hello_comes_back(result), healthy(result)};
}

std::vector<std::string> broken_lines(const std::vector<Promise>& promises) {
  std::vector<std::string> lines;
  for (const Promise& promise : promises) {
    lines.insert(lines.end(), promise.broken.begin(), promise.broken.end());
  }
  return lines;
}

}  // namespace cuttle::report
