// [shape.ladder]: rates between which all links of the node change with the load, and what that may tell.
#include <algorithm>
#include <charconv>

#include "base/units.hh"
#include "config/sections.hh"
#include "config/shape_plan.hh"

namespace cuttle {

namespace {

constexpr size_t kMaxRates = 8;
constexpr uint32_t kMostBits = 100'000;  // a day of the shortest epochs and most rates has fewer
constexpr Duration kShortestEpoch = seconds(10);
constexpr Duration kLongestEpoch = seconds(3600);

std::optional<Duration> parse_epoch(std::string_view text) {
  const auto epoch = parse_duration(text);
  const bool good = epoch && *epoch >= kShortestEpoch && *epoch <= kLongestEpoch &&
                    epoch->ns % seconds(1).ns == 0 && seconds(ladder::kDay_s).ns % epoch->ns == 0;
  return good ? epoch : std::nullopt;
}

std::optional<Duration> parse_lower_after(std::string_view text) {
  const auto duration = parse_duration(text);
  const bool good = duration && *duration >= kShortestEpoch && *duration <= seconds(ladder::kDay_s);
  return good ? duration : std::nullopt;
}

// "48 bits/day".
std::optional<uint32_t> parse_budget(std::string_view text) {
  constexpr std::string_view kUnit = " bits/day";
  if (!text.ends_with(kUnit)) return std::nullopt;
  text.remove_suffix(kUnit.size());
  uint32_t bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc() || end != text.data() + text.size() || bits > kMostBits) return std::nullopt;
  return bits;
}

bool read_rates(TomlReader& reader, ladder::Settings& settings, ParsedConfig& out) {
  reader.require("rates", "what the links change between, for example [\"50 Mb/s\", \"400 Mb/s\"]");
  if (!reader.has("rates")) return false;
  const size_t problems = out.problems.list().size();
  for (const TextItem& item : reader.texts("rates")) {
    const auto rate = parse_rate(item.text);
    if (!rate) {
      reader.wrong(item, "not a rate; write \"50 Mb/s\"");
      continue;
    }
    out.lines.set(fmt::format("{}.rates[{}]", reader.path(), settings.rates_bps.size()), item.line);
    settings.rates_bps.push_back(*rate);
  }
  if (out.problems.list().size() != problems) return false;
  const auto& rates = settings.rates_bps;
  if (rates.size() < 2 || rates.size() > kMaxRates) {
    reader.problem("rates", fmt::format("{} of them; a ladder has 2 to {}", rates.size(), kMaxRates));
    return false;
  }
  if (std::ranges::adjacent_find(rates, std::greater_equal<>()) != rates.end()) {
    reader.problem("rates", "each has to be higher than the one before");
    return false;
  }
  return true;
}

bool has_enough_to_yield(TomlReader& section, const ladder::Settings& settings) {
  const uint32_t changes = settings.shape().changes_per_day;
  if (!settings.yields || changes >= ladder::StepKeeper::kFewestToYield) return true;
  section.problem(
      "yield", fmt::format("the budget allows {} changes a day; to yield takes {}, one of them the breaker's",
                           changes, ladder::StepKeeper::kFewestToYield));
  return false;
}

// The rest of the table that it stands in.
bool fits_beside(TomlReader& reader, const Shape& shape) {
  if (reader.path() != "shape") {
    reader.problem("ladder", "a ladder is of the whole node; write it as [shape.ladder]");
    return false;
  }
  if (!shape.calendar.empty()) {
    reader.problem("ladder", "a calendar is there as well; a link follows one of the two");
    return false;
  }
  if (reader.has("rate")) {
    reader.problem("ladder", "rate is there as well; leave it out: the ladder has the rates");
    return false;
  }
  return true;
}

}  // namespace

bool read_ladder(TomlReader& reader, Shape& shape, ParsedConfig& out) {
  // A link with a rate or a calendar of its own is not the ladder's.
  if (reader.path() != "shape" && (reader.has("rate") || !shape.calendar.empty())) shape.ladder.reset();
  if (!reader.has("ladder")) return true;
  const toml::table* table = reader.table("ladder");
  if (table == nullptr || !fits_beside(reader, shape)) return false;
  TomlReader section(*table, reader.path() + ".ladder", reader.shown_path() + ".ladder", out);
  out.lines.set(reader.path() + ".ladder", section.line());
  ladder::Settings settings;
  bool good = read_rates(section, settings, out);
  const auto keep = [&](std::string_view key, auto& target, const auto& value) {
    if (value) {
      target = *value;
    } else {
      good = good && !section.has(key);
    }
  };
  keep("epoch", settings.epoch,
       section.parsed("epoch", parse_epoch,
                      "not whole seconds from 10 to 3600 that divide a day; write \"10 s\""));
  keep("budget", settings.budget_bits,
       section.parsed("budget", parse_budget, "not a budget; write \"48 bits/day\""));
  keep("lower_after", settings.lower_after,
       section.parsed("lower_after", parse_lower_after, "not a duration of 10 s to a day; write \"300 s\""));
  keep("yield", settings.yields, section.boolean("yield"));
  section.finish();
  if (!good || !has_enough_to_yield(section, settings)) return false;
  shape.rate_bps = settings.rates_bps.back();
  shape.ladder = std::move(settings);
  return true;
}

void check_ladder(const Shape& complete, bool is_v6, uint32_t lanes, const std::string& path,
                  const std::string& shown, ParsedConfig& out) {
  for (size_t i = 0; i < complete.ladder->rates_bps.size(); ++i) {
    Shape step = complete;
    step.rate_bps = complete.ladder->rates_bps[i];
    const auto plan = plan_shape(step, is_v6, lanes, lanes);
    if (plan) continue;
    const std::string rate = fmt::format("ladder.rates[{}]", i);
    out.problems.add(
        out.lines.line({fmt::format("{}.{}", path, rate), path, fmt::format("shape.{}", rate), "shape"}),
        fmt::format("{}.{}: {}", shown, rate, plan.error().message));
  }
}

}  // namespace cuttle
