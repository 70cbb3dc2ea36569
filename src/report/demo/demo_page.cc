#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/format.hh"
#include "report/demo/promises.hh"
#include "report/page.hh"

namespace cuttle::report {

namespace {

constexpr size_t kMaxPoints = 200;

double seconds_since(const Observation& seen, Instant t) {
  return static_cast<double>((t - seen.first).ns) * 1e-9;
}

double length_s(const Observation& seen) {
  return seconds_since(seen, seen.last);
}

std::vector<Shade> shades(const Observation& seen) {
  std::vector<Shade> all;
  for (const capture::Span& span : seen.spans) {
    all.push_back({seconds_since(seen, span.start), seconds_since(seen, span.end), span.label,
                   span.label == kIdleClass ? Colour::grey : Colour::ochre});
  }
  return all;
}

// Rates over time, several bins joined to one point; the first and last are only partly covered and left out.
template <typename Value>
std::vector<Point> rate_points(const Observation& seen, Value value) {
  std::vector<Point> points;
  const size_t joined = std::max<size_t>(1, (seen.bins.size() + kMaxPoints - 1) / kMaxPoints);
  const double bin_s = static_cast<double>(Observation::kBin.ns) * 1e-9;
  const double width_s = bin_s * static_cast<double>(joined);
  for (size_t at = 1; at + joined < seen.bins.size(); at += joined) {
    double sum = 0;
    for (size_t i = 0; i < joined; ++i) sum += static_cast<double>(value(seen.bins[at + i]));
    points.push_back({static_cast<double>(at) * bin_s + width_s / 2, sum / width_s, ""});
  }
  return points;
}

// One dot for each size that occurred, thinned to what the eye can tell apart.
std::vector<Point> size_points(const Observation& seen) {
  const double bins_per_column = std::max(1.0, static_cast<double>(seen.bins.size()) / 110);
  std::set<std::pair<int, int>> drawn;
  std::vector<Point> points;
  for (const auto& [bin, bytes] : seen.size_marks) {
    const int column = static_cast<int>(static_cast<double>(bin) / bins_per_column);
    const int row = static_cast<int>(std::log2(static_cast<double>(std::max(bytes, 1U))) * 5);
    if (!drawn.insert({column, row}).second) continue;
    const double at_s = (static_cast<double>(bin) + 0.5) * static_cast<double>(Observation::kBin.ns) * 1e-9;
    points.push_back({at_s, static_cast<double>(bytes), fmt::format("{:.1f} s: {} bytes", at_s, bytes)});
  }
  return points;
}

struct Side {
  const Observation& seen;
  const char* name;
  Colour colour;
};

// The same plot of both captures with the same axis, so that they compare at a glance.
template <typename Points>
std::vector<Chart> side_by_side(const DemoResult& result, const std::string& what, const Axis& axis,
                                Mark mark, const std::vector<std::string>& captions, Points points_of) {
  std::vector<Chart> charts;
  double highest = 0;
  for (const Side& side : {Side{result.plain, "Plain Ceph", Colour::orange},
                           Side{result.shaped, "Under Cuttle", Colour::blue}}) {
    Chart chart;
    chart.title = fmt::format("{}: {}", side.name, what);
    chart.caption = captions[charts.size()];
    chart.x.label = "time (s)";
    chart.x.low = 0;
    chart.x.high = length_s(side.seen);
    chart.y = axis;
    chart.series = {{"", mark, side.colour, points_of(side.seen), 0}};
    chart.shades = shades(side.seen);
    for (const Point& point : chart.series[0].points) highest = std::max(highest, point.y);
    charts.push_back(std::move(chart));
  }
  if (axis.scale == Scale::linear) {
    for (Chart& chart : charts) chart.y.high = highest * 1.08;
  }
  return charts;
}

Table observer_table(const DemoResult& result) {
  Table table;
  table.header = {"", "packet sizes", "packets a second", "bytes a second"};
  const auto row = [&](const char* name, const ClassTotals& seen) {
    table.rows.push_back({name, grouped(seen.sizes.size()), three_digits(seen.packets_per_second()),
                          bytes_text(seen.bytes_per_second())});
  };
  row("Plain Ceph, idle", result.plain.idle);
  row("Plain Ceph, writing", result.plain.busy);
  row("Under Cuttle, idle", result.shaped.idle);
  row("Under Cuttle, writing", result.shaped.busy);
  return table;
}

Table link_table(const DemoResult& result) {
  Table table;
  table.caption = "Each shaped link";
  table.header = {"link", "datagram sizes", "idle, packets/s", "writing, packets/s", "difference"};
  for (const LinkObservation& link : result.shaped.links) {
    table.rows.push_back({link.from + " -> " + link.to,
                          fmt::format("{}", fmt::join(link.datagram_sizes, ", ")),
                          fmt::format("{:.2f}", link.idle.packets_per_second()),
                          fmt::format("{:.2f}", link.busy.packets_per_second()),
                          fmt::format("{:.4f} %", rate_difference(link) * 100)});
  }
  return table;
}

std::string cluster_sentence(const nlohmann::json& facts) {
  const auto ceph = facts.value("ceph", nlohmann::json::object());
  const auto hello = facts.value("hello", nlohmann::json::object());
  const auto text = [](const nlohmann::json& group, const char* name) {
    if (!group.contains(name)) return std::string("?");
    return group[name].is_string() ? group[name].get<std::string>() : group[name].dump();
  };
  return fmt::format(
      "The cluster under Cuttle: Ceph {}, {} OSDs up, {}. The object was written as \"{}\" and read back as "
      "\"{}\".",
      text(ceph, "version"), text(ceph, "osds_up"), text(ceph, "health"), text(hello, "written"),
      text(hello, "read"));
}

}  // namespace

std::string demo_page(const DemoResult& result) {
  const auto promises = check_promises(result);
  const auto broken = broken_lines(promises);
  Page page(
      "What an observer of the network sees",
      "The same Ceph cluster twice, idle and writing: as it is, and with its traffic carried by Cuttle. An "
      "observer on the fabric between the nodes recorded every packet of both.");
  if (broken.empty()) {
    page.verdict(Verdict::good,
                 "Idle and writing look the same: one packet size, one rate, nothing but cells.");
  } else {
    page.verdict(Verdict::bad,
                 fmt::format("{} of what was promised did not hold, listed below.",
                             broken.size() == 1 ? "One point" : fmt::format("{} points", broken.size())));
    page.list(broken);
  }
  page.table(observer_table(result));

  page.heading("Packets a second");
  page.figures(side_by_side(
      result, "packets a second", {"packets a second", Scale::linear, {}, {}}, Mark::step,
      {"The rate follows what the cluster does.", "The rate says nothing."}, [](const Observation& seen) {
        return rate_points(seen, [](const Observation::Bin& bin) { return bin.packets; });
      }));
  page.heading("Bytes a second");
  page.figures(side_by_side(result, "bytes a second", {"bytes a second", Scale::linear, {}, {}}, Mark::step,
                            {"How much is written shows.", "Data and dummies fill the same cells."},
                            [](const Observation& seen) {
                              return rate_points(seen, [](const Observation::Bin& bin) { return bin.bytes; });
                            }));
  page.heading("Packet sizes");
  page.figures(side_by_side(
      result, "sizes seen", {"bytes of an IP packet", Scale::logarithmic, 20, 100'000}, Mark::dots,
      {"Each dot is a size that occurred at that time. Sizes above the MTU are trains the "
       "kernel passes on as one packet.",
       "One size, from the handshake on."},
      size_points));

  page.heading("The promises");
  Table promise_table;
  promise_table.all_text = true;
  for (const Promise& promise : promises) {
    promise_table.rows.push_back({promise.broken.empty() ? "holds" : "does not hold", promise.text});
  }
  page.table(promise_table);
  page.table(link_table(result));
  page.paragraph(cluster_sentence(result.facts));
  page.paragraph(
      "Rates are counted inside the marked spans only; sizes and packets that are not cells over the whole "
      "capture.");
  return page.html();
}

}  // namespace cuttle::report
