#include "trace/spans.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "trace/step_table.hh"

namespace cuttle::trace {

namespace {

std::vector<const Step*> all_of(const std::vector<Step>& steps, std::string_view id) {
  std::vector<const Step*> found;
  for (const Step& step : steps) {
    if (step.id == id) found.push_back(&step);
  }
  return found;
}

// "[fd00::1]:4410" and "10.0.0.1:4410" without the port.
std::string host_of(const std::string& endpoint) {
  const std::string host = endpoint.substr(0, endpoint.rfind(':'));
  return !host.empty() && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
}

std::string link_to(const Trace& trace, const std::string& address) {
  for (const LinkUse& link : trace.links) {
    if (!address.empty() && host_of(link.endpoint) == address) return link.name;
  }
  return {};
}

int osd_number(const std::string& node) {
  return node.starts_with("osd.") ? std::stoi(node.substr(4)) : -1;
}

Step hop_between(const HopRule& rule, const Step& from, const Step& to) {
  Step hop;
  hop.id = rule.id;
  hop.section = Section::operate;
  hop.lane = kWireLane;
  hop.node = from.node + " to " + to.node;
  hop.component = "network";
  hop.title = rule.title;
  hop.purpose = rule.purpose;
  hop.source = Source::both_ends;
  hop.at_ns = from.at_ns;
  hop.uncertainty_ns = std::max(from.uncertainty_ns, to.uncertainty_ns);
  hop.duration_ns = to.at_ns - from.at_ns;
  hop.evidence = fmt::format("from «{}» to «{}»", from.title, to.title);
  return hop;
}

}  // namespace

void add_durations(std::vector<Step>& steps) {
  std::map<std::tuple<std::string, std::string, bool>, Step*> last;
  for (Step& step : steps) {
    Step*& previous = last[{step.lane, step.node, step.background}];
    if (previous != nullptr) previous->duration_ns = step.at_ns - previous->at_ns;
    previous = &step;
  }
}

void add_waits(Trace& trace) {
  std::vector<Step> waits;
  for (const WaitRule& rule : wait_rules()) {
    const auto from = all_of(trace.steps, rule.from);
    const auto to = all_of(trace.steps, rule.to);
    if (from.empty() || to.empty() || to.front()->at_ns < from.front()->at_ns) continue;
    Step wait;
    wait.id = rule.id;
    wait.section = rule.section;
    wait.lane = kMonitorLane;
    wait.node = "monitor";
    wait.component = "monitor";
    wait.title = rule.title;
    wait.purpose = rule.purpose;
    wait.source = Source::both_ends;
    wait.at_ns = from.front()->at_ns;
    wait.uncertainty_ns = std::max(from.front()->uncertainty_ns, to.front()->uncertainty_ns);
    wait.duration_ns = to.front()->at_ns - from.front()->at_ns;
    wait.evidence = fmt::format("seen from the client, both ways included: from «{}» to «{}»",
                                from.front()->title, to.front()->title);
    waits.push_back(std::move(wait));
  }
  trace.steps.insert(trace.steps.end(), waits.begin(), waits.end());
}

void add_hops(Trace& trace) {
  std::vector<Step> hops;
  for (const HopRule& rule : hop_rules()) {
    auto from = all_of(trace.steps, rule.from);
    const auto to = all_of(trace.steps, rule.to);
    if (from.empty() || to.empty()) continue;
    for (const Step* other : all_of(trace.steps, rule.or_from)) {
      if (other->at_ns > from.front()->at_ns) from = {other};
    }
    // One sender to each of several receivers is fine; which of several senders a message came from is not
    // known.
    if (from.size() > 1) {
      trace.notices.push_back(fmt::format(
          "{}: there are {} of them, and nothing says which is which; left out", rule.title, from.size()));
      continue;
    }
    for (const Step* receiver : to) {
      if (receiver->at_ns + receiver->uncertainty_ns < from.front()->at_ns) {
        trace.notices.push_back(fmt::format(
            "{}: received {} us before it was sent, so the clocks of {} and {} differ; no duration is given",
            rule.title, (from.front()->at_ns - receiver->at_ns) / 1000, from.front()->node, receiver->node));
        continue;
      }
      hops.push_back(hop_between(rule, *from.front(), *receiver));
    }
  }
  trace.steps.insert(trace.steps.end(), hops.begin(), hops.end());
}

void name_links(const Observation& observation, const Recognised& recognised, Trace& trace) {
  // What stays on one host crosses no link, whatever other hosts' agents know of it.
  const auto from_client = [&](const std::string& address) {
    return address == recognised.own_address ? std::string() : link_to(trace, address);
  };
  const std::string to_monitor = from_client(recognised.monitor_address);
  const std::string to_primary = from_client(recognised.primary_address);
  const auto address_of = [&](int osd) {
    const auto found = observation.osd_addresses.find(osd);
    return found == observation.osd_addresses.end() ? std::string() : found->second;
  };
  int hops = 0;
  for (Step& step : trace.steps) {
    if (step.lane != kWireLane) continue;
    if (step.id == "wire.request" || step.id == "wire.reply") {
      step.link = to_primary;
    } else {
      // Between two OSDs.
      const std::string replica = step.id == "wire.replica" ? step.node.substr(step.node.rfind(' ') + 1)
                                                            : step.node.substr(0, step.node.find(' '));
      const std::string address = address_of(osd_number(replica));
      if (address != recognised.primary_address) step.link = link_to(trace, address);
    }
    step.crossings = step.link.empty() ? 0 : 1;
    hops += step.crossings;
  }
  for (Step& step : trace.steps) {
    if (step.lane != kClientLane || step.crossings == 0) continue;
    step.link = step.section == Section::operate ? to_primary : to_monitor;
    if (step.link.empty()) step.crossings = 0;
    // Its length holds everything that the OSDs do; their hops say what of it was crossing.
    if (step.id == "operate.kernel") step.crossings = std::max(hops, 2);
  }
}

}  // namespace cuttle::trace
