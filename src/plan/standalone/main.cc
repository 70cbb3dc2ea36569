// cuttle-plan: what `cuttle plan` becomes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/complain.hh"
#include "base/parse_arguments.hh"
#include "base/units.hh"
#include "capacity/measure_host.hh"
#include "plan/output.hh"
#include "report/page.hh"

namespace cuttle::plan {
namespace {

struct Arguments {
  std::string capture;
  std::vector<std::string> between;
  std::string prometheus;
  std::string burst_rate = "1 Gb/s";
  std::string peak;
  std::string mean;
  std::string burst = "100 ms";
  std::string latency = "10 ms";
  std::vector<std::string> rates;
  std::string slot = format_duration(Shape::kDefaultSlot);
  uint32_t cell = 0;
  bool compare = false;
  double price_per_gb = 0;
  double budget_bits = 48;
  uint32_t nodes = 0;
  bool json = false;
  std::string html;
};

// A value of the command line that cannot be read: what, and what would be right.
struct Wrong {
  std::string message;
};

uint64_t rate_of(const char* option, const std::string& text) {
  const auto rate = parse_rate(text);
  if (!rate || *rate == 0) throw Wrong{fmt::format("{} {}: not a rate; write \"200 Mb/s\"", option, text)};
  return *rate;
}

Duration duration_of(const char* option, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration || duration->ns <= 0) {
    throw Wrong{fmt::format("{} {}: not a duration; write \"2 ms\"", option, text)};
  }
  return *duration;
}

IpAddress address_of(const std::string& text) {
  const auto address = IpAddress::parse(text);
  if (!address) throw Wrong{fmt::format("--between {}: not an address; write 10.77.0.11", text)};
  return *address;
}

std::string content_of(const std::string& file) {
  std::ifstream stream(file == "-" ? "/dev/stdin" : file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw Wrong{fmt::format("--prometheus {}: cannot be read", file)};
  if (text.str().rfind("\x1f\x8b", 0) == 0) {
    throw Wrong{
        fmt::format("--prometheus {}: gzip; `zcat {} | cuttle plan --prometheus -` reads it", file, file)};
  }
  return text.str();
}

Result<LinkLoad> load_of(const Arguments& arguments) {
  const int inputs = static_cast<int>(!arguments.capture.empty()) +
                     static_cast<int>(!arguments.prometheus.empty()) +
                     static_cast<int>(!arguments.peak.empty() || !arguments.mean.empty());
  if (inputs != 1) throw Wrong{"say what the load is: one of --capture, --prometheus, or --peak with --mean"};
  const auto first = [](Result<std::vector<LinkLoad>> loads) -> Result<LinkLoad> {
    if (!loads) return tl::unexpected(loads.error());
    return std::move(loads->front());
  };
  if (!arguments.capture.empty()) {
    std::vector<Between> between;
    if (!arguments.between.empty()) {
      between.push_back({address_of(arguments.between.front()), address_of(arguments.between.back())});
    }
    return first(loads_of_capture(arguments.capture, between));
  }
  if (!arguments.prometheus.empty()) {
    return first(
        loads_of_prometheus(content_of(arguments.prometheus), rate_of("--burst-rate", arguments.burst_rate)));
  }
  if (arguments.peak.empty() || arguments.mean.empty()) throw Wrong{"--peak and --mean belong together"};
  Figures figures;
  figures.peak_bps = rate_of("--peak", arguments.peak);
  figures.mean_bps = rate_of("--mean", arguments.mean);
  figures.burst = duration_of("--burst", arguments.burst);
  if (figures.mean_bps > figures.peak_bps) throw Wrong{"--mean is above --peak; a mean is at most the peak"};
  return load_of_figures(figures);
}

Wanted wanted_of(const Arguments& arguments) {
  Wanted wanted;
  for (const std::string& rate : arguments.rates) wanted.rates_bps.push_back(rate_of("--rates", rate));
  wanted.shape.slot = duration_of("--slot", arguments.slot);
  wanted.shape.cell_bytes = arguments.cell;
  wanted.latency = duration_of("--latency", arguments.latency);
  if (arguments.cell % 4 != 0) throw Wrong{fmt::format("--cell {}: not a multiple of 4", arguments.cell)};
  return wanted;
}

int run(const Arguments& arguments) {
  const Wanted wanted = wanted_of(arguments);
  auto load = load_of(arguments);
  if (!load) return complain(load.error().message);
  const uint32_t cell = arguments.cell == 0 ? 1472 : arguments.cell;
  const auto measured = capacity::measure_host(best_aead_backend(), cell);
  if (!measured) {
    complain("what a cell costs this machine could not be measured, so the CPU is that of another: " +
             measured.error().message);
  }
  auto advice = advise(*load, wanted,
                       measured.value_or(capacity::HostCosts{.cpus = std::thread::hardware_concurrency()}));
  if (!advice) return complain(advice.error().message);
  Planned planned{std::move(*load), wanted, std::move(*advice)};
  if (arguments.compare) {
    if (planned.load.steps.empty()) throw Wrong{"--compare needs to know the time of day: use --prometheus"};
    planned.comparison = compare(planned.load, planned.advice,
                                 {arguments.price_per_gb, arguments.budget_bits, arguments.nodes});
  }
  fmt::print("{}", arguments.json ? to_json(planned) : to_string(planned));
  if (!arguments.html.empty()) {
    if (auto written = report::write_file(arguments.html, to_page(planned)); !written) {
      return complain(written.error().message);
    }
  }
  return planned.advice.recommended ? kDone : kFailed;
}

int parse_and_run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Sends a load of yours through links of several rates, in virtual time, and recommends one.",
               "cuttle plan");
  app.footer(
      "Example:\n"
      "  cuttle plan --peak \"400 Mb/s\" --mean \"30 Mb/s\" --latency \"2 ms\"\n"
      "  tcpdump -i eth0 -s 96 -w day.pcap; cuttle plan --capture day.pcap --between 10.77.0.11 10.77.0.12\n"
      "  curl -s 'http://prometheus:9090/api/v1/query_range?query=node_network_transmit_bytes_total'\n"
      "    '&start=...&end=...&step=15' > range.json; cuttle plan --prometheus range.json --html "
      "plan.html\n\n"
      "Of several loads in the input, the one with the most bytes counts. Exit status 1 when no rate is "
      "good\n"
      "enough.");
  app.add_option("--capture", arguments.capture,
                 "A capture of plain traffic (pcap, pcapng; gzip is read; `-` is standard input)")
      ->type_name("FILE");
  app.add_option("--between", arguments.between, "Only what these two addresses send each other")
      ->expected(2)
      ->type_name("ADDRESS");
  app.add_option("--prometheus", arguments.prometheus,
                 "A range export of a counter of bytes, in JSON; `-` is standard input")
      ->type_name("FILE");
  app.add_option("--burst-rate", arguments.burst_rate, "With --prometheus: how fast bursts come")
      ->capture_default_str();
  app.add_option("--peak", arguments.peak, "The load's rate while there is much to do");
  app.add_option("--mean", arguments.mean, "The load's rate on average");
  app.add_option("--burst", arguments.burst, "With --peak: how long such a time lasts on average")
      ->capture_default_str();
  app.add_option("--latency", arguments.latency, "What may be added at the 99th percentile")
      ->capture_default_str();
  app.add_option("--rates", arguments.rates, "Try these rates instead of a choice")->delimiter(',');
  app.add_option("--slot", arguments.slot, "Of the links tried")->capture_default_str();
  app.add_option("--cell", arguments.cell, "Of the links tried; by default 1472, over IPv6 1452")
      ->check(CLI::Range(256, 8972));
  app.add_flag("--compare", arguments.compare,
               "With --prometheus, also: what a calendar would save, and which, beside other ways");
  app.add_option("--price", arguments.price_per_gb, "With --compare: of a GB (10^9 bytes) sent")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--bits", arguments.budget_bits, "With --compare: what a ladder of rates may tell a day")
      ->check(CLI::Range(1.0, 1000.0))
      ->capture_default_str();
  app.add_option("--nodes", arguments.nodes, "With --compare: of the mesh, for all of a node's links")
      ->check(CLI::Range(2, 10000));
  app.add_flag("--json", arguments.json, "Print JSON");
  app.add_option("--html", arguments.html, "Also write a page with plots")->type_name("PATH");
  if (const auto ended = parse_arguments(app, argc, argv, "cuttle plan --help")) return *ended;
  return run(arguments);
}

}  // namespace
}  // namespace cuttle::plan

int main(int argc, char** argv) {
  try {
    return cuttle::plan::parse_and_run(argc, argv);
  } catch (const cuttle::plan::Wrong& wrong) {
    return cuttle::complain(wrong.message);
  } catch (const std::exception& error) {
    return cuttle::complain(error.what());
  }
}
