#include "control/watch_view.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/format.hh"
#include "base/text_table.hh"
#include "base/units.hh"
#include "control/humanise.hh"

namespace cuttle {

namespace {

enum class Tone { good, bad, plain };

std::string coloured(const std::string& text, Tone tone, const WatchLook& look) {
  if (!look.colours || tone == Tone::plain) return text;
  return fmt::format("\033[{}m{}\033[0m", tone == Tone::good ? 32 : 31, text);
}

uint64_t gained(uint64_t before, uint64_t now) {
  return now >= before ? now - before : 0;
}

uint64_t all_drops(const LinkStatus& link) {
  uint64_t sum = 0;
  for (const auto& [cause, count] : link.drops) sum += count;
  return sum;
}

// What one link did in the time between.
struct Activity {
  double seconds;
  uint64_t cells_sent, dummies_sent, bytes_sent, bytes_received, missed, dropped;

  Activity(const LinkStatus& before, const LinkStatus& now, Duration elapsed)
      : seconds(static_cast<double>(std::max<int64_t>(elapsed.ns, 1)) * 1e-9),
        cells_sent(gained(before.cells_sent, now.cells_sent)),
        dummies_sent(gained(before.cells_sent_dummy, now.cells_sent_dummy)),
        bytes_sent(gained(before.bytes_sent, now.bytes_sent)),
        bytes_received(gained(before.bytes_received, now.bytes_received)),
        missed(gained(before.deadlines_missed, now.deadlines_missed)),
        dropped(gained(all_drops(before), all_drops(now))) {}

  std::string rate(uint64_t bytes) const {
    return format_rate(static_cast<uint64_t>(static_cast<double>(bytes) * 8 / seconds));
  }
  std::string per_second(uint64_t count) const {
    return grouped(static_cast<uint64_t>(static_cast<double>(count) / seconds + 0.5));
  }
  double fill() const {
    if (cells_sent == 0) return 0;
    return 1 - static_cast<double>(std::min(dummies_sent, cells_sent)) / static_cast<double>(cells_sent);
  }
};

std::string bar(double share, size_t width) {
  const auto full = static_cast<size_t>(share * static_cast<double>(width) + 0.5);
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

std::string state_of(const LinkStatus& link) {
  return link.open ? link.state + ", OPEN" : link.state;
}

std::string links(const StatusSnapshot& before, const StatusSnapshot& now, Duration elapsed,
                  const WatchLook& look) {
  TextTable table({{"link"},
                   {"state"},
                   {"session"},
                   {"full"},
                   {"", true},
                   {"carried out", true},
                   {"in", true},
                   {"cells/s", true},
                   {"late p99", true},
                   {"missed/s", true},
                   {"drops/s", true}});
  for (const LinkStatus& link : now.links) {
    const LinkStatus* earlier = link_named(before, link.name);
    const Activity did(earlier == nullptr ? link : *earlier, link, elapsed);
    table.add({link.name, state_of(link), link.session_age_s ? human_age(*link.session_age_s) : "-",
               bar(did.fill(), look.bar), fmt::format("{:.0f} %", did.fill() * 100), did.rate(did.bytes_sent),
               did.rate(did.bytes_received), did.per_second(did.cells_sent),
               format_duration(nanoseconds(static_cast<int64_t>(link.lateness.p99_ns))),
               did.per_second(did.missed), did.per_second(did.dropped)});
  }
  return table.to_string();
}

// Colours go on whole lines, after the columns were aligned: they take no room.
std::string finish(const std::string& text, const StatusSnapshot& now, const WatchLook& look) {
  std::string result;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, std::min(end - begin, look.width));
    Tone tone = Tone::plain;
    for (const LinkStatus& link : now.links) {
      if (!line.starts_with("  " + link.name + " ")) continue;
      tone = link.state == "up" && !link.open ? Tone::good : Tone::bad;
    }
    if (line.find("real time: NO") != std::string::npos) tone = Tone::bad;
    result += coloured(line, tone, look) + "\n";
    begin = end + 1;
  }
  return result;
}

}  // namespace

std::string render_watch(const StatusSnapshot& before, const StatusSnapshot& now, Duration elapsed,
                         const WatchLook& look) {
  std::string text =
      fmt::format("node {}: cuttle {}, up {}, real time: {}\n", now.node, now.version,
                  human_age(now.uptime_s), now.realtime ? "yes" : "NO, " + now.realtime_why_not);
  text += fmt::format("  stopped by the guard: {} in, {} out; unknown sources: {}\n\n",
                      grouped(now.guard.unshaped_dropped_in), grouped(now.guard.unshaped_dropped_out),
                      grouped(now.guard.unknown_sources_dropped));
  text += now.links.empty() ? "  no links\n" : links(before, now, elapsed, look);
  return finish(text, now, look);
}

}  // namespace cuttle
