#include "audit/schedule.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>

namespace cuttle::audit {

namespace {

constexpr std::string_view kHeader = "link,release_ns,cells";
constexpr std::string_view kArrow = "->";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '"')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '"' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<size_t> find_node(const capture::NodeList& nodes, std::string_view name) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes.at(i).name == name) return i;
  }
  return std::nullopt;
}

std::optional<capture::LinkEnds> parse_link(std::string_view text, std::optional<size_t> sender,
                                            const capture::NodeList& nodes) {
  const size_t arrow = text.find(kArrow);
  if (arrow != std::string_view::npos) {
    sender = find_node(nodes, trimmed(text.substr(0, arrow)));
    text = text.substr(arrow + kArrow.size());
  }
  const auto receiver = find_node(nodes, trimmed(text));
  if (!sender || !receiver || *sender == *receiver) return std::nullopt;
  return capture::LinkEnds{*sender, *receiver};
}

class Reader {
 public:
  explicit Reader(const capture::NodeList& nodes) : nodes_(nodes) {}

  Result<void> read(const std::string& file) {
    std::string path = file;
    std::optional<size_t> sender;
    const size_t equals = file.find('=');
    if (equals != std::string::npos) {
      sender = find_node(nodes_, file.substr(0, equals));
      if (sender) path = file.substr(equals + 1);
    }
    std::ifstream lines(path);
    if (!lines) return failure(fmt::format("{}: cannot read the schedule", path));
    std::string line;
    size_t number = 0;
    const size_t before = links_.size();
    while (std::getline(lines, line)) {
      ++number;
      if (number == 1) {
        if (trimmed(line) == kHeader) continue;
        return failure(fmt::format("{}:1: expected the header `{}`, got `{}`", path, kHeader, trimmed(line)));
      }
      if (trimmed(line).empty()) continue;
      auto taken = take(line, sender, before);
      if (!taken) return failure(fmt::format("{}:{}: {}", path, number, taken.error().message));
    }
    if (links_.size() == before) return failure(fmt::format("{}: the schedule holds no release", path));
    return {};
  }

  std::vector<ScheduledLink> finish() { return std::move(links_); }

 private:
  Result<void> take(std::string_view line, std::optional<size_t> sender, size_t first_of_file) {
    const size_t second = line.rfind(',');
    const size_t first =
        second == std::string_view::npos || second == 0 ? second : line.rfind(',', second - 1);
    if (first == std::string_view::npos || second == 0) {
      return failure(fmt::format("expected three fields `{}`, got `{}`", kHeader, line));
    }
    const std::string_view name = trimmed(line.substr(0, first));
    if (name != last_name_ || links_.size() == first_of_file) {
      const auto ends = parse_link(name, sender, nodes_);
      if (!ends)
        return failure(fmt::format("`{}` is no link between the nodes; write it as `mon -> osd0`", name));
      const auto [at, is_new] = position_of_.try_emplace(*ends, links_.size());
      if (is_new) links_.push_back({*ends, {}});
      if (at->second < first_of_file) {
        return failure(fmt::format("link {} is in a file before this one", nodes_.link_name(*ends)));
      }
      last_ = at->second;
      last_name_ = name;
    }
    const auto time = parse_number<int64_t>(trimmed(line.substr(first + 1, second - first - 1)));
    const auto cells = parse_number<uint32_t>(trimmed(line.substr(second + 1)));
    if (!time || *time < 0) return failure(fmt::format("`{}`: release_ns is no time in nanoseconds", line));
    if (!cells || *cells == 0) return failure(fmt::format("`{}`: cells is no number above 0", line));
    Releases& drawn = links_[last_].drawn;
    if (drawn.size() > 0 && *time < drawn.at_ns.back()) {
      return failure(fmt::format("`{}`: drawn before the release in front of it", line));
    }
    drawn.add(*time, *cells);
    return {};
  }

  const capture::NodeList& nodes_;
  std::vector<ScheduledLink> links_;
  std::map<capture::LinkEnds, size_t> position_of_;
  std::string last_name_;
  size_t last_ = 0;
};

}  // namespace

Result<std::vector<ScheduledLink>> read_schedules(const std::vector<std::string>& files,
                                                  const capture::NodeList& nodes) {
  Reader reader(nodes);
  for (const std::string& file : files) {
    const auto read = reader.read(file);
    if (!read) return tl::unexpected(read.error());
  }
  return reader.finish();
}

std::string schedules_text(const std::vector<ScheduledLink>& links, const capture::NodeList& nodes) {
  std::string text(kHeader);
  text += '\n';
  for (const ScheduledLink& link : links) {
    for (size_t i = 0; i < link.drawn.size(); ++i) {
      text += fmt::format("{},{},{}\n", nodes.link_name(link.ends), link.drawn.at_ns[i], link.drawn.cells[i]);
    }
  }
  return text;
}

}  // namespace cuttle::audit
