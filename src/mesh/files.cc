#include "mesh/files.hh"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/file.hh"
#include "config/parse.hh"
#include "enroll/files.hh"
#include "mesh/spare_files.hh"

namespace cuttle::mesh {

namespace {

// Several times what reconcile() lets them grow to, so that what an earlier version wrote can be read as
// well.
constexpr size_t kLongestFile = 32 << 20;

Result<std::optional<std::string>> read_if_there(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  // No more memory than it takes.
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  auto read =
      read_text_file(path, error ? kLongestFile : std::min<uintmax_t>(bytes, kLongestFile), Links::trusted);
  if (!read) return failure(fmt::format("{}: cannot be read: {}", path, read.error().message));
  return std::move(read->text);
}

// Or may have named somebody, before it was cut off.
bool names_somebody(std::string_view roots_text, std::string_view peers_text) {
  const ParsedConfig alone = parse_config(roots_text, "");
  const ParsedConfig both = parse_config(roots_text, "", PeersText{peers_text, true});
  return both.config.peers.size() != alone.config.peers.size() || !both.config.closed.empty() ||
         both.problems.list().size() != alone.problems.list().size();
}

}  // namespace

Files files_of(const std::string& peers_file) {
  const std::string base =
      peers_file.ends_with(".toml") ? peers_file.substr(0, peers_file.size() - 5) : peers_file;
  return {peers_file, base + ".known.json", base + ".lock", base + ".entry.json", base + ".spare."};
}

Result<Known> read_known(const Files& files, std::string_view roots_text, Lost lost, KnownText* last) {
  auto text = read_if_there(files.known);
  if (!text) return tl::unexpected(text.error());
  if (!*text) {
    const auto peers = read_if_there(files.peers);
    if (!peers) return tl::unexpected(peers.error());
    const auto own = read_if_there(files.own);
    if (!own) return tl::unexpected(own.error());
    const bool has_joined = own->has_value() && lost == Lost::is_an_error;
    if (*peers ? !names_somebody(roots_text, **peers) : !has_joined) return Known();
    return failure(fmt::format(
        "{} is gone, and {} {}; what stays closed stood in it, so nothing is changed: put it back from a "
        "copy, or "
        "move both away and `cuttle mesh join --again`, which sees every host as new and opens their "
        "addresses until there are links",
        files.known, files.peers, *peers ? "names hosts, or is cut off" : "as well"));
  }
  if (last != nullptr && last->text == **text && !last->text.empty()) return last->known;
  auto known = parse_known(**text);
  if (known && last != nullptr) *last = {std::move(**text), *known};
  if (known) return known;
  return failure(fmt::format(
      "{}: {}; what stays closed stands in it, so nothing is changed: put it back from a copy, "
      "or move it and {} away and `cuttle mesh join --again`, which sees every host as new and opens their "
      "addresses until there are links",
      files.known, known.error().message, files.peers));
}

Result<std::optional<Entry>> read_own(const Files& files, const std::string& host) {
  const auto text = read_if_there(files.own);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto entry = parse_entry(host, **text);
  if (!entry)
    return failure(fmt::format("{}: {}; `cuttle mesh join --again`", files.own, entry.error().message));
  return std::move(*entry);
}

Result<void> write_file(const std::string& path, const std::string& text, const std::string& spare) {
  if (text.size() > kLongestFile) {
    return failure(fmt::format("{}: not written: {} bytes are more than is read of it", path, text.size()));
  }
  const auto write = [&]() -> Result<void> {
    enroll::FileBatch batch;
    if (auto added = batch.add(path, text, false, enroll::Owner::folder); !added) return added;
    return batch.commit();
  };
  auto written = write();
  if (!written && !spare.empty() && write_into_spare_file(spare, path, text)) return {};
  return written;
}

}  // namespace cuttle::mesh
