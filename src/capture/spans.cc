#include "capture/spans.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

namespace cuttle::capture {

namespace {

constexpr std::string_view kHeader = "start_ns,end_ns,class";

std::optional<int64_t> parse_ns(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool is_label(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

Result<Span> parse_line(std::string_view text, size_t line, const std::string& path) {
  const size_t first_comma = text.find(',');
  const size_t second_comma =
      first_comma == std::string_view::npos ? first_comma : text.find(',', first_comma + 1);
  if (second_comma == std::string_view::npos) {
    return failure(fmt::format("{}:{}: expected three fields `{}`, got `{}`", path, line, kHeader, text));
  }
  const auto start_text = text.substr(0, first_comma);
  const auto end_text = text.substr(first_comma + 1, second_comma - first_comma - 1);
  const auto label = text.substr(second_comma + 1);
  const auto start = parse_ns(start_text);
  const auto end = parse_ns(end_text);
  if (!start || !end) {
    return failure(fmt::format("{}:{}: `{}` is not a time; give nanoseconds since the Unix epoch", path, line,
                               start ? end_text : start_text));
  }
  if (*end <= *start) {
    return failure(
        fmt::format("{}:{}: the span ends ({}) before or when it starts ({})", path, line, *end, *start));
  }
  if (!is_label(label)) {
    return failure(fmt::format("{}:{}: `{}` is not a class name; use letters, digits, '-', '_' and '.'", path,
                               line, label));
  }
  return Span{Instant{*start}, Instant{*end}, std::string(label), line};
}

double seconds_of(Duration d) {
  return static_cast<double>(d.ns) * 1e-9;
}

}  // namespace

Result<std::vector<Span>> parse_spans(std::string_view text, const std::string& path) {
  std::vector<Span> spans;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (size_t number = 1; std::getline(lines, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (number == 1) {
      if (line != kHeader) {
        return failure(
            fmt::format("{}:1: the first line must be the header `{}`, got `{}`", path, kHeader, line));
      }
      continue;
    }
    if (line.empty()) continue;
    auto span = parse_line(line, number, path);
    if (!span) return tl::unexpected(span.error());
    spans.push_back(std::move(*span));
  }
  if (spans.empty()) return failure(fmt::format("{}: no spans below the header `{}`", path, kHeader));

  std::stable_sort(spans.begin(), spans.end(),
                   [](const Span& a, const Span& b) { return a.start < b.start; });
  for (size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].start < spans[i - 1].end) {
      return failure(fmt::format("{}:{}: the span overlaps the one in line {} by {:.6f} s", path,
                                 spans[i].line, spans[i - 1].line,
                                 seconds_of(spans[i - 1].end - spans[i].start)));
    }
  }
  return spans;
}

Result<std::vector<Span>> read_spans(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(fmt::format("{}: cannot read the spans", path));
  std::ostringstream text;
  text << file.rdbuf();
  return parse_spans(text.str(), path);
}

std::string spans_text(const std::vector<Span>& spans) {
  std::string text = fmt::format("{}\n", kHeader);
  for (const Span& span : spans) text += fmt::format("{},{},{}\n", span.start.ns, span.end.ns, span.label);
  return text;
}

Result<void> check_spans_inside(const std::vector<Span>& spans, const std::string& path, Instant first,
                                Instant last) {
  for (const Span& span : spans) {
    if (span.start + kSpanSlack < first) {
      return failure(fmt::format("{}:{}: the span starts {:.3f} s before the capture's first packet ({})",
                                 path, span.line, seconds_of(first - span.start), first.ns));
    }
    if (last + kSpanSlack < span.end) {
      return failure(fmt::format("{}:{}: the span ends {:.3f} s after the capture's last packet ({})", path,
                                 span.line, seconds_of(span.end - last), last.ns));
    }
  }
  return {};
}

const Span* find_span(const std::vector<Span>& spans, Instant t) {
  const auto after = std::upper_bound(spans.begin(), spans.end(), t,
                                      [](Instant value, const Span& span) { return value < span.start; });
  if (after == spans.begin()) return nullptr;
  const Span& candidate = *(after - 1);
  return candidate.contains(t) ? &candidate : nullptr;
}

}  // namespace cuttle::capture
