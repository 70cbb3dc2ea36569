#include "mesh/proved_number.hh"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/check.hh"
#include "config/file.hh"
#include "enroll/files.hh"
#include "mesh/entry.hh"

namespace cuttle::mesh {

namespace {

constexpr size_t kLongestNote = 256;

// One line, "IDENTITY NUMBER". None: it is damaged.
struct Note {
  std::string identity;
  uint64_t number = 0;
};
std::optional<Note> parse_note(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos || !VerifyingKey::parse(text.substr(0, blank))) return std::nullopt;
  Note note{std::string(text.substr(0, blank)), 0};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + blank + 1, end, note.number);
  if (error != std::errc() || rest != end || note.number > kHighestCounter) return std::nullopt;
  return note;
}

}  // namespace

Result<ProvedNumber> ProvedNumber::open(const std::string& identity_file, const VerifyingKey& identity) {
  const std::string path = std::filesystem::path(identity_file).replace_extension("number").string();
  auto lock = FileLock::wait_for(path + ".lock");
  if (!lock) return tl::unexpected(lock.error());
  uint64_t highest = 0;
  std::error_code error;
  if (std::filesystem::exists(path, error) || error) {
    const auto read = read_text_file(path, kLongestNote);
    if (!read) return failure(fmt::format("{}: cannot be read: {}", path, read.error().message));
    const auto note = parse_note(read->text);
    if (!note) {
      return failure(
          fmt::format("{}: damaged, and the number of this host's last entry stood in it: put it back from a "
                      "copy, or remove it: then what counts is the monitors' and this host's own entry",
                      path));
    }
    if (note->identity == identity.to_string()) highest = note->number;
  }
  return ProvedNumber(std::move(*lock), path, identity.to_string(), highest);
}

Result<void> ProvedNumber::raise_to(uint64_t number) {
  CUTTLE_CHECK(number > highest_, "a number is proved once");
  enroll::FileBatch batch;
  if (auto added = batch.add(path_, fmt::format("{} {}\n", identity_, number), true); !added) return added;
  if (auto committed = batch.commit(); !committed) return committed;
  highest_ = number;
  return {};
}

}  // namespace cuttle::mesh
