// A store in memory, for tests: may be away, and may refuse to write.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "mesh/store.hh"

namespace cuttle::mesh {

class StoreDouble final : public Store {
 public:
  std::map<std::string, std::string> keys;
  std::map<std::string, std::string> answers;  // by command
  bool is_away = false;
  bool may_write = true;
  int writes = 0;
  std::function<void()> when_asked = [] {};  // for what is under a prefix

  Result<std::optional<std::string>> get(const std::string& key) override {
    if (is_away) return failure("no answer in time");
    const auto found = keys.find(key);
    return found == keys.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> set(const std::string& key, const std::string& value) override {
    if (is_away) return failure("no answer in time");
    if (!may_write) return failure("Permission denied");
    ++writes;
    keys[key] = value;
    return {};
  }
  Result<void> remove(const std::string& key) override {
    if (is_away) return failure("no answer in time");
    keys.erase(key);
    return {};
  }
  Result<std::map<std::string, std::string>> dump(const std::string& prefix) override {
    when_asked();
    if (is_away) return failure("no answer in time");
    std::map<std::string, std::string> found;
    for (const auto& [key, value] : keys) {
      if (key.starts_with(prefix)) found[key.substr(prefix.size())] = value;
    }
    return found;
  }
  Result<std::string> ask(const std::string& command) override {
    const auto found = answers.find(command);
    if (is_away || found == answers.end()) return failure("no answer in time");
    return found->second;
  }
};

}  // namespace cuttle::mesh
