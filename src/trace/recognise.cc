#include "trace/recognise.hh"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <string_view>

#include "trace/connections.hh"

namespace cuttle::trace {

namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr size_t kLongestDetail = 100;

class Recogniser {
 public:
  Recogniser(const std::vector<TimedLine>& lines, const SectionTimes& sections, bool put)
      : lines_(lines),
        sections_(sections),
        put_(put),
        second_half_ns_(second_half()),
        connections_(find_connections(lines, second_half_ns_)) {}

  Recognised run() {
    for (const Rule& rule : connect_rules()) apply(rule);
    for (const Rule& rule : operate_rules()) apply(rule);
    out_.own_address = connections_.own_address;
    out_.monitor_address = connections_.monitor_address;
    out_.primary_address = connections_.primary_address;
    name_request();
    find_failures();
    std::stable_sort(out_.steps.begin(), out_.steps.end(),
                     [](const Step& a, const Step& b) { return a.at_ns < b.at_ns; });
    return std::move(out_);
  }

 private:
  // The second half begins when the first monitor map is built a second time.
  int64_t second_half() const {
    bool seen = false;
    for (const TimedLine& timed : lines_) {
      if (timed.line.text.find("monclient: build_initial_monmap") == std::string::npos) continue;
      if (seen) return timed.at_ns;
      seen = true;
    }
    return kNever;
  }

  int64_t begin_of(Section section) const {
    switch (section) {
      case Section::configure:
        return sections_.configure_ns.value_or(kNever);
      case Section::bootstrap:
        return sections_.connect_ns.value_or(kNever);
      case Section::connect:
        return second_half_ns_;
      case Section::pool:
        return sections_.pool_ns.value_or(kNever);
      case Section::operate:
        return sections_.operate_ns.value_or(kNever);
    }
    return kNever;
  }

  // Steps of the second half of rados_connect may come when it has returned; the tree shows them where they
  // came.
  Section section_at(int64_t ns) const {
    Section section = Section::configure;
    for (const Section next : {Section::bootstrap, Section::connect, Section::pool, Section::operate}) {
      if (ns >= begin_of(next)) section = next;
    }
    return section;
  }

  const std::string& connection_of(const Rule& rule) const {
    static const std::string kAny;
    switch (rule.peer) {
      case Peer::monitor:
        return rule.section == Section::bootstrap ? connections_.bootstrap : connections_.monitor;
      case Peer::primary:
        return connections_.primary;
      case Peer::any:
        break;
    }
    return kAny;
  }

  bool is_about(const Rule& rule, const std::string& text) const {
    if (rule.peer == Peer::any) return true;
    const std::string& connection = connection_of(rule);
    return !connection.empty() && text.find(connection) != std::string::npos;
  }

  void apply(const Rule& rule) {
    if ((rule.operations == Operations::put && !put_) || (rule.operations == Operations::get && put_)) return;
    const int64_t begin = begin_of(rule.section);
    const int64_t end = rule.section == Section::bootstrap ? second_half_ns_ : kNever;
    size_t first = 0;
    if (!rule.after.empty()) {
      const auto earlier = seen_at_.find(rule.after);
      first = earlier == seen_at_.end() ? lines_.size() : earlier->second + 1;
    }
    for (size_t i = first; begin != kNever && i < lines_.size(); ++i) {
      const TimedLine& timed = lines_[i];
      if (timed.at_ns + timed.uncertainty_ns < begin) continue;
      if (timed.at_ns >= end) break;
      if (!is_about(rule, timed.line.text) || !find_pattern(timed.line.text, rule.pattern)) continue;
      seen_at_[rule.id] = i;
      add(rule, timed, begin);
      return;
    }
    out_.missing.push_back(&rule);
  }

  void add(const Rule& rule, const TimedLine& timed, int64_t begin) {
    Step step;
    step.id = rule.id;
    step.at_ns = std::max(timed.at_ns, begin);
    step.uncertainty_ns = timed.at_ns + timed.uncertainty_ns - step.at_ns;
    step.section = rule.section == Section::bootstrap ? Section::bootstrap : section_at(step.at_ns);
    step.lane = rule.lane;
    step.node = "client";
    step.component = rule.component;
    step.title = rule.title;
    step.purpose = rule.purpose;
    step.evidence = without_secrets(timed.line.text);
    step.background = rule.lane != kClientLane;
    step.crossings = rule.crossings;
    if (!rule.detail_after.empty()) {
      const size_t at = step.evidence.find(rule.detail_after);
      if (at != std::string::npos) {
        step.detail = step.evidence.substr(at + rule.detail_after.size(), kLongestDetail);
        step.detail = step.detail.substr(0, step.detail.find(" -- 0x"));
      }
    }
    if (rule.id == "operate.target") read_acting(timed.line.text);
    if (rule.id == "operate.tid") tid_ = number_after(timed.line.text, " tid ");
    if (rule.id == "connect.global_id" || rule.id == "connect.authenticated") {
      global_id_ = number_after(timed.line.text, "global_id ");
    }
    out_.steps.push_back(std::move(step));
  }

  static std::optional<int64_t> number_after(std::string_view text, std::string_view marker) {
    const size_t at = text.find(marker);
    if (at == std::string_view::npos) return std::nullopt;
    int64_t value = 0;
    const char* from = text.data() + at + marker.size();
    if (std::from_chars(from, text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
    return value;
  }

  // "... acting [1,0] primary 1"
  void read_acting(std::string_view text) {
    const std::optional<int64_t> primary = number_after(text, " primary ");
    size_t at = text.find("acting [");
    if (at == std::string_view::npos || !primary || *primary < 0) return;
    out_.acting = {static_cast<int>(*primary)};
    at += 8;
    while (at < text.size() && text[at] != ']') {
      int osd = -1;
      const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), osd);
      if (error != std::errc()) return;
      // A missing replica of an erasure-coded pool is printed as 2147483647 (CRUSH_ITEM_NONE).
      if (osd != *primary && osd != std::numeric_limits<int>::max()) out_.acting.push_back(osd);
      at = static_cast<size_t>(end - text.data()) + (end != text.data() + text.size() && *end == ',' ? 1 : 0);
    }
  }

  void name_request() {
    if (!global_id_) return;
    out_.client = "client." + std::to_string(*global_id_);
    if (tid_) out_.request = out_.client + ".0:" + std::to_string(*tid_);
  }

  void find_failures() {
    for (const TimedLine& timed : lines_) {
      if (!out_.cancelled_ns && find_pattern(timed.line.text, "objecter op_cancel tid ")) {
        out_.cancelled_ns = timed.at_ns;
      }
    }
    for (const FailureRule& rule : failure_rules()) {
      for (const TimedLine& timed : lines_) {
        if (!find_pattern(timed.line.text, rule.pattern)) continue;
        out_.failures.push_back(std::string(rule.meaning) + " («" + quotable(timed.line.text) + "»)");
        break;
      }
    }
  }

  const std::vector<TimedLine>& lines_;
  const SectionTimes& sections_;
  const bool put_;
  const int64_t second_half_ns_;
  const Connections connections_;
  std::map<std::string_view, size_t> seen_at_;
  std::optional<int64_t> global_id_;
  std::optional<int64_t> tid_;
  Recognised out_;
};

}  // namespace

Recognised recognise(const std::vector<TimedLine>& lines, const SectionTimes& sections, bool put) {
  return Recogniser(lines, sections, put).run();
}

}  // namespace cuttle::trace
