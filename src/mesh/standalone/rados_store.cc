#include "rados_store.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "access.hh"

namespace cuttle::mesh {

namespace {

using Json = nlohmann::json;

constexpr std::pair<const char*, const char*> kQuietAndSmall[] = {
    {"log_to_stderr", "false"}, {"err_to_stderr", "false"}, {"log_to_syslog", "false"},  {"log_file", ""},
    {"admin_socket", ""},       {"log_max_recent", "1"},    {"ms_async_op_threads", "1"}};

std::string taken(char* buffer, size_t length) {
  std::string text = buffer == nullptr ? std::string() : std::string(buffer, length);
  if (buffer != nullptr) rados_buffer_free(buffer);
  return text;
}

}  // namespace

RadosStore::~RadosStore() {
  if (handle_ != nullptr) rados_shutdown(handle_);
}

tl::unexpected<Error> RadosStore::failed(const std::string& what, int status, const std::string& said) const {
  std::string text = fmt::format("{}: {}", what, said.empty() ? std::strerror(-status) : one_line_of(said));
  if (status == -EACCES || status == -EPERM) {
    text += fmt::format(
        "; the keyring of {} does not permit it: `cuttle mesh init` prints the capabilities that it "
        "needs",
        access_.name);
  } else if (status == -ETIMEDOUT) {
    text += "; no monitor answered in time";
  } else if (status == -ENOENT && handle_ == nullptr) {
    text += fmt::format(
        "; no configuration or no keyring for {}: name them with --conf, --name and --keyring", access_.name);
  }
  return failure(text);
}

Result<void> RadosStore::connect() {
  if (handle_ != nullptr) return {};
  rados_t handle = nullptr;
  int status = rados_create2(&handle, "ceph", access_.name.c_str(), 0);
  if (status < 0) return failed("cannot prepare for Ceph", status, "");
  const auto set = [&](const char* name, const std::string& value) {
    if (status >= 0) status = rados_conf_set(handle, name, value.c_str());
  };
  status =
      rados_conf_read_file(handle, access_.configuration.empty() ? nullptr : access_.configuration.c_str());
  if (!access_.keyring.empty()) set("keyring", access_.keyring);
  for (const char* option : {"client_mount_timeout", "rados_mon_op_timeout", "rados_osd_op_timeout"}) {
    set(option, std::to_string(access_.timeout_s));
  }
  for (const auto& [name, value] : kQuietAndSmall) set(name, value);
  if (status >= 0) status = rados_connect(handle);
  if (status < 0) {
    rados_shutdown(handle);
    return failed("cannot reach the cluster", status, "");
  }
  handle_ = handle;
  return {};
}

Result<RadosStore::Answer> RadosStore::command(const std::string& json) {
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  const char* commands[] = {json.c_str()};
  char* out = nullptr;
  char* said = nullptr;
  size_t out_length = 0;
  size_t said_length = 0;
  Answer answer;
  answer.status = rados_mon_command(handle_, commands, 1, "", 0, &out, &out_length, &said, &said_length);
  answer.out = taken(out, out_length);
  answer.said = taken(said, said_length);
  return answer;
}

Result<std::optional<std::string>> RadosStore::get(const std::string& key) {
  auto answer = command(Json{{"prefix", "config-key get"}, {"key", key}}.dump());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status == -ENOENT) return std::nullopt;
  if (answer->status < 0) return failed("config-key get " + key, answer->status, answer->said);
  return std::move(answer->out);
}

Result<void> RadosStore::set(const std::string& key, const std::string& value) {
  const auto answer = command(Json{{"prefix", "config-key set"}, {"key", key}, {"val", value}}.dump());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status < 0) return failed("config-key set " + key, answer->status, answer->said);
  return {};
}

Result<void> RadosStore::remove(const std::string& key) {
  const auto answer = command(Json{{"prefix", "config-key rm"}, {"key", key}}.dump());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status < 0 && answer->status != -ENOENT) {
    return failed("config-key rm " + key, answer->status, answer->said);
  }
  return {};
}

Result<std::map<std::string, std::string>> RadosStore::dump(const std::string& prefix) {
  const auto answer =
      command(Json{{"prefix", "config-key dump"}, {"key", prefix}, {"format", "json"}}.dump());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status < 0) return failed("config-key dump " + prefix, answer->status, answer->said);
  const Json json = Json::parse(answer->out, nullptr, false);
  if (!json.is_object()) return failure("config-key dump " + prefix + ": the answer is no JSON object");
  std::map<std::string, std::string> found;
  for (const auto& [key, value] : json.items()) {
    if (key.starts_with(prefix) && value.is_string())
      found[key.substr(prefix.size())] = value.get<std::string>();
  }
  return found;
}

Result<std::string> RadosStore::ask(const std::string& command_name) {
  auto answer = command(Json{{"prefix", command_name}, {"format", "json"}}.dump());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status < 0) return failed(command_name, answer->status, answer->said);
  return std::move(answer->out);
}

}  // namespace cuttle::mesh
