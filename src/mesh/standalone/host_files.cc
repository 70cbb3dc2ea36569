#include "host_files.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "config/file.hh"
#include "enroll/files.hh"
#include "io/child_process.hh"
#include "io/entropy.hh"
#include "io/os_error.hh"
#include "io/privileges.hh"

namespace cuttle::mesh {

namespace {

Secret<kKeySize> random_key() {
  Secret<kKeySize> random;
  fill_with_entropy(random.bytes());
  return random;
}

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

}  // namespace

PrivateKey new_private_key() {
  return PrivateKey::from_random(random_key().bytes());
}

SigningKey new_signing_key() {
  return SigningKey::from_random(random_key().bytes());
}

Result<PrivateKey> private_key_at(const std::string& path) {
  if (is_there(path)) return enroll::read_private_key(path);
  PrivateKey key = new_private_key();
  if (auto written = write_secret(path, key.reveal_text().view()); !written)
    return tl::unexpected(written.error());
  return key;
}

Result<SigningKey> signing_key_at(const std::string& path) {
  if (is_there(path)) return read_signing_key(path);
  SigningKey key = new_signing_key();
  if (auto written = write_secret(path, key.reveal_text().view()); !written)
    return tl::unexpected(written.error());
  return key;
}

Result<SigningKey> read_signing_key(const std::string& path) {
  Secret<128> memory;
  const auto file = read_secret_file(path, memory.bytes());
  if (!file) return failure(fmt::format("{}: cannot be read: {}", path, file.error().message));
  if ((file->mode & 077) != 0) return failure(fmt::format("{}: others can read it; `chmod 600` it", path));
  std::string_view text(reinterpret_cast<const char*>(memory.data()), file->bytes);
  text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
  auto key = SigningKey::parse(text);
  if (!key) return failure(fmt::format("{}: {}", path, key.error().message));
  return key;
}

Result<void> write_secret(const std::string& path, std::string_view text) {
  enroll::FileBatch batch;
  if (auto added = batch.add(path, text, true); !added) return added;
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
