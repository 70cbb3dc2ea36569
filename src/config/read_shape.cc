#include "base/units.hh"
#include "config/sections.hh"
#include "config/shape_plan.hh"
#include "wire/cell.hh"

namespace cuttle {

namespace {

constexpr uint32_t kLargestPathBytes = 9000;  // jumbo frames
constexpr size_t kHeadersV6 = wire::kUdpHeaderBytes + wire::kIpv6HeaderBytes;
constexpr uint32_t kLargestCellBytesV6 =
    (kLargestPathBytes - kHeadersV6) / wire::kCellAlignmentBytes * wire::kCellAlignmentBytes;

bool read_rate(TomlReader& reader, Shape& shape) {
  const toml::node* found = reader.node("rate");
  if (found == nullptr) return true;
  if (found->is_integer()) {
    const auto rate = reader.number("rate", 1, kHighestRate_bps);
    if (rate) shape.rate_bps = *rate;
    return rate.has_value();
  }
  const auto rate = reader.parsed(
      "rate", parse_rate, "not a rate; write \"200 Mb/s\", \"1 Gb/s\" or a whole number of bits a second");
  if (rate) shape.rate_bps = *rate;
  return rate.has_value();
}

bool read_cell(TomlReader& reader, Shape& shape) {
  const auto cell = reader.number("cell", wire::kSmallestCellBytes, wire::kLargestCellBytes);
  if (!cell) return !reader.has("cell");
  if (*cell % wire::kCellAlignmentBytes != 0) {
    reader.problem("cell", fmt::format("{} is not a multiple of 4; {} would do", *cell, *cell / 4 * 4));
    return false;
  }
  shape.cell_bytes = static_cast<uint32_t>(*cell);
  return true;
}

}  // namespace

bool read_shape(TomlReader& reader, Shape& shape, ParsedConfig& out) {
  bool good = read_rate(reader, shape);
  good = read_cell(reader, shape) && good;
  if (const auto slot =
          reader.parsed("slot", parse_duration, "not a duration; write \"200 us\" or \"1 ms\"")) {
    shape.slot = *slot;
  } else {
    good = good && !reader.has("slot");
  }
  if (const auto jitter = reader.number("jitter", 0, 100)) {
    shape.jitter_percent = static_cast<uint32_t>(*jitter);
  } else {
    good = good && !reader.has("jitter");
  }
  if (const auto scatter = reader.boolean("scatter")) {
    shape.scatter = *scatter;
  } else {
    good = good && !reader.has("scatter");
  }
  good = read_calendar(reader, shape, out) && good;
  good = read_ladder(reader, shape, out) && good;
  reader.finish();
  return good;
}

void check_shape(const Shape& shape, bool is_v6, uint32_t lanes, const std::string& path,
                 const std::string& shown, ParsedConfig& out) {
  const Shape complete = complete_shape(shape, is_v6);
  const auto key = [&](std::string_view name) { return fmt::format("{}.{}", path, name); };
  if (is_v6 && complete.cell_bytes > kLargestCellBytesV6) {
    out.problems.add(out.lines.line({key("cell"), "shape.cell"}),
                     fmt::format("{}.cell = {}: too large for IPv6; {} is the most", shown,
                                 complete.cell_bytes, kLargestCellBytesV6));
  }
  const auto plan = plan_shape(complete, is_v6, lanes, lanes);
  if (plan && complete.ladder) return check_ladder(complete, is_v6, lanes, path, shown, out);
  if (plan) return check_calendar(complete, is_v6, lanes, path, shown, out);
  const std::string_view culprit = plan.error().culprit == ShapeProblem::Culprit::rate ? "rate" : "slot";
  out.problems.add(out.lines.line({key(culprit), key("rate"), key("slot"), key("cell"), path,
                                   fmt::format("shape.{}", culprit), "shape"}),
                   fmt::format("{}: {}", shown, plan.error().message));
}

}  // namespace cuttle
