// Reads one TOML table key by key and notes each problem with its line. Whatever was never asked for is an
// unknown key. Internal to src/config.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/parse.hh"

namespace cuttle {

struct TextItem {
  std::string text;
  uint32_t line;
  std::string path;  // as messages name it: "node.addresses[0]"
};

class TomlReader {
 public:
  // `path` names the table in the SourceMap ("peer[0]"), `shown` in messages ("peer.mon"); both empty for the
  // root. `table` and `out` must outlive the reader.
  TomlReader(const toml::table& table, std::string path, std::string shown, ParsedConfig& out);

  // The value under `key`. nullopt when it is not there, or is something else, which is noted as a problem.
  std::optional<std::string> text(std::string_view key);
  std::optional<uint64_t> number(std::string_view key, uint64_t min, uint64_t max);
  std::optional<bool> boolean(std::string_view key);
  std::vector<TextItem> texts(std::string_view key);  // a list of texts
  std::vector<uint32_t> numbers(std::string_view key, uint32_t max);
  const toml::table* table(std::string_view key);
  const toml::node* node(std::string_view key);  // whatever it is

  // A text that `parse` turns into a value. `right` completes the line "KEY = VALUE: ".
  template <typename Parse>
  auto parsed(std::string_view key, Parse parse, std::string_view right)
      -> decltype(parse(std::string_view())) {
    const auto value = text(key);
    if (!value) return std::nullopt;
    auto result = parse(std::string_view(*value));
    if (!result) wrong(key, *value, right);
    return result;
  }

  bool has(std::string_view key) const { return table_.contains(key); }
  // Has finish() note that `key` is missing unless it is there; `purpose` says what it is for.
  void require(std::string_view key, std::string_view purpose);
  // Notes "PATH.KEY = "VALUE": right".
  void wrong(std::string_view key, std::string_view value, std::string_view right);
  void wrong(const TextItem& item, std::string_view right);
  // Notes "PATH.KEY: message".
  void problem(std::string_view key, std::string_view message);
  // Every key that was not asked for is a problem. Call once all are read.
  void finish();

  const std::string& path() const { return path_; }
  const std::string& shown_path() const { return shown_; }
  uint32_t line() const { return table_.source().begin.line; }
  uint32_t line(std::string_view key) const;

 private:
  std::string shown(std::string_view key) const;
  void wrong_type(std::string_view key, const toml::node& found, std::string_view wanted);

  const toml::table& table_;
  std::string path_;
  std::string shown_;
  ParsedConfig& out_;
  std::vector<std::string_view> known_;
  std::vector<std::pair<std::string_view, std::string>> missing_;
};

}  // namespace cuttle
