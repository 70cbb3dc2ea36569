#include "config/toml_reader.hh"

#include <algorithm>

#include "config/wording.hh"

namespace cuttle {

namespace {

std::string_view type_name(const toml::node& node) {
  if (node.is_string()) return "a text";
  if (node.is_integer() || node.is_floating_point()) return "a number";
  if (node.is_boolean()) return "true or false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or time";
}

std::string joined(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

}  // namespace

TomlReader::TomlReader(const toml::table& table, std::string path, std::string shown, ParsedConfig& out)
    : table_(table), path_(std::move(path)), shown_(std::move(shown)), out_(out) {
  if (!path_.empty()) out_.lines.set(path_, line());
}

const toml::node* TomlReader::node(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  const toml::node* found = table_.get(key);
  if (found != nullptr) out_.lines.set(joined(path_, key), found->source().begin.line);
  return found;
}

std::optional<std::string> TomlReader::text(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = found->as_string()) {
    if ((*value)->find('\0') == std::string::npos) return value->get();
    wrong(key, value->get(), "holds a zero byte; leave it out");
    return std::nullopt;
  }
  wrong_type(key, *found, "a text in quotes");
  return std::nullopt;
}

std::optional<uint64_t> TomlReader::number(std::string_view key, uint64_t min, uint64_t max) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  const auto* value = found->as_integer();
  if (value == nullptr) {
    wrong_type(key, *found, "a whole number");
    return std::nullopt;
  }
  const int64_t number = value->get();
  if (number < 0 || static_cast<uint64_t>(number) < min || static_cast<uint64_t>(number) > max) {
    out_.problems.add(line(key),
                      fmt::format("{} = {}: out of range; it is {} to {}", shown(key), number, min, max));
    return std::nullopt;
  }
  return static_cast<uint64_t>(number);
}

std::optional<bool> TomlReader::boolean(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = found->as_boolean()) return value->get();
  wrong_type(key, *found, "true or false");
  return std::nullopt;
}

std::vector<TextItem> TomlReader::texts(std::string_view key) {
  std::vector<TextItem> items;
  const toml::node* found = node(key);
  if (found == nullptr) return items;
  const toml::array* list = found->as_array();
  if (list == nullptr) {
    wrong_type(key, *found, "a list of texts, as in [\"...\"]");
    return items;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    const toml::node& item = *list->get(i);
    const uint32_t item_line = item.source().begin.line;
    std::string item_path = fmt::format("{}[{}]", shown(key), i);
    const auto* value = item.as_string();
    if (value == nullptr) {
      out_.problems.add(item_line,
                        fmt::format("{}: {}; it must be a text in quotes", item_path, type_name(item)));
    } else {
      items.push_back({value->get(), item_line, std::move(item_path)});
    }
  }
  return items;
}

std::vector<uint32_t> TomlReader::numbers(std::string_view key, uint32_t max) {
  std::vector<uint32_t> items;
  const toml::node* found = node(key);
  if (found == nullptr) return items;
  const toml::array* list = found->as_array();
  if (list == nullptr) {
    wrong_type(key, *found, "a list of whole numbers, as in [0, 1]");
    return items;
  }
  for (const toml::node& item : *list) {
    const auto* value = item.as_integer();
    if (value == nullptr || value->get() < 0 || value->get() > max) {
      out_.problems.add(item.source().begin.line,
                        fmt::format("{}: every item must be a whole number from 0 to {}", shown(key), max));
    } else {
      items.push_back(static_cast<uint32_t>(value->get()));
    }
  }
  return items;
}

const toml::table* TomlReader::table(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr || found->is_table()) return found == nullptr ? nullptr : found->as_table();
  problem(key, fmt::format("{}; it must be a table, [{}]", type_name(*found), shown(key)));
  return nullptr;
}

void TomlReader::require(std::string_view key, std::string_view purpose) {
  if (!has(key)) missing_.push_back({key, fmt::format("{} is missing: {}", shown(key), purpose)});
}

void TomlReader::wrong(std::string_view key, std::string_view value, std::string_view right) {
  out_.problems.add(line(key), fmt::format("{} = {}: {}", shown(key), quoted(value), right));
}

void TomlReader::wrong(const TextItem& item, std::string_view right) {
  out_.problems.add(item.line, fmt::format("{} = {}: {}", item.path, quoted(item.text), right));
}

void TomlReader::problem(std::string_view key, std::string_view message) {
  out_.problems.add(line(key), fmt::format("{}: {}", shown(key), message));
}

void TomlReader::wrong_type(std::string_view key, const toml::node& found, std::string_view wanted) {
  problem(key, fmt::format("{}; it must be {}", type_name(found), wanted));
}

void TomlReader::finish() {
  std::vector<std::string_view> misspelt;
  for (const auto& [key, value] : table_) {
    const std::string_view name = key.str();
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::string_view meant = nearest(name, known_);
    const std::string advice = meant.empty() ? fmt::format("known here: {}", listed(known_))
                                             : fmt::format("did you mean {}?", quoted(meant));
    out_.problems.add(key.source().begin.line,
                      fmt::format("{}: unknown key; {}", shown(one_line(name)), advice));
    misspelt.push_back(meant);
  }
  for (const auto& [key, message] : missing_) {
    // One slip, one line.
    if (std::find(misspelt.begin(), misspelt.end(), key) == misspelt.end())
      out_.problems.add(line(), message);
  }
}

uint32_t TomlReader::line(std::string_view key) const {
  const toml::node* found = table_.get(key);
  return found == nullptr ? line() : found->source().begin.line;
}

std::string TomlReader::shown(std::string_view key) const {
  return joined(shown_, key);
}

}  // namespace cuttle
