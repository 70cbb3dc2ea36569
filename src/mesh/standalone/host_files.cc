#include "host_files.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "enroll/secret_key.hh"
#include "io/child_process.hh"
#include "io/os_error.hh"
#include "io/privileges.hh"

namespace cuttle::mesh {

namespace {

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

template <typename Key>
Result<Key> key_at(const std::string& path) {
  if (is_there(path)) return enroll::read_key<Key>(path);
  const auto key = enroll::new_key<Key>();
  if (auto written = write_secret(path, key.reveal_text().view()); !written)
    return tl::unexpected(written.error());
  return key;
}

}  // namespace

Result<PrivateKey> private_key_at(const std::string& path) {
  return key_at<PrivateKey>(path);
}

Result<SigningKey> signing_key_at(const std::string& path) {
  return key_at<SigningKey>(path);
}

Result<SigningKey> read_signing_key(const std::string& path) {
  return enroll::read_key<SigningKey>(path);
}

Result<void> write_secret(const std::string& path, std::string_view text, enroll::Owner owner) {
  enroll::FileBatch batch;
  if (auto added = batch.add(path, text, true, owner); !added) return added;
  return batch.commit();
}

Result<void> give_to(const std::string& path, const char* user) {
  const auto ids = find_user(user);
  if (!ids || ::geteuid() != 0) return {};
  if (::lchown(path.c_str(), ids->user, ids->group) != 0)
    return os_failure("give " + path + " to " + user, errno);
  return {};
}

Result<void> systemctl(const std::vector<std::string>& words) {
  std::vector<std::string> arguments{"systemctl"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  auto child = ChildProcess::start(arguments, {});
  if (!child) return tl::unexpected(child.error());
  const auto status = child->wait_until(steady_now() + seconds(120));
  if (status == 0) return {};
  std::string line;
  for (const std::string& word : arguments) line += (line.empty() ? "" : " ") + word;
  return failure(
      fmt::format("`{}` failed{}", line, status ? fmt::format(" with status {}", *status) : " to end"));
}

}  // namespace cuttle::mesh
