// The monitors, as the mesh uses them: a few keys of their config-key store, and their maps. The one way out
// of this folder; standalone/rados_store.hh is the real one, store_double.hh the one of tests.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.hh"

namespace cuttle::mesh {

inline constexpr const char kRecordKey[] = "cuttle/mesh";
inline constexpr const char kPeerPrefix[] = "cuttle/peer/";
inline constexpr const char kRevokedPrefix[] = "cuttle/revoked/";
inline constexpr const char kStatePrefix[] = "cuttle/state/";

class Store {
 public:
  virtual ~Store() = default;

  // All wait, for a bounded time, and fail with one line where the monitors do not answer or do not permit
  // it.
  virtual Result<std::optional<std::string>> get(const std::string& key) = 0;
  virtual Result<void> set(const std::string& key, const std::string& value) = 0;
  virtual Result<void> remove(const std::string& key) = 0;  // none there is no error
  // By what follows the prefix in the key.
  virtual Result<std::map<std::string, std::string>> dump(const std::string& prefix) = 0;
  // What they answer to a command without arguments ("osd dump"), in JSON.
  virtual Result<std::string> ask(const std::string& command) = 0;

 protected:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
};

}  // namespace cuttle::mesh
