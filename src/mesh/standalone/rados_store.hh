// The store behind librados. Source: rados/librados.h; ceph(8), "config-key".
#pragma once

#include <rados/librados.h>

#include <memory>
#include <string>

#include "mesh/store.hh"

namespace cuttle::mesh {

struct CephAccess {
  std::string configuration;  // empty: where Ceph looks by itself
  std::string name = "client.admin";
  std::string keyring;  // empty: where Ceph looks by itself
  int timeout_s = 15;   // of each question, and of connecting
};

// Connects at the first question, and again after it failed to. One thread.
class RadosStore final : public Store {
 public:
  explicit RadosStore(CephAccess access) : access_(std::move(access)) {}
  ~RadosStore() override;

  Result<std::optional<std::string>> get(const std::string& key) override;
  Result<void> set(const std::string& key, const std::string& value) override;
  Result<void> remove(const std::string& key) override;
  Result<std::map<std::string, std::string>> dump(const std::string& prefix) override;
  Result<std::string> ask(const std::string& command) override;

 private:
  struct Answer {
    int status = 0;
    std::string out;
    std::string said;
  };
  Result<void> connect();
  Result<Answer> command(const std::string& json);
  tl::unexpected<Error> failed(const std::string& what, int status, const std::string& said) const;

  CephAccess access_;
  rados_t handle_ = nullptr;
};

}  // namespace cuttle::mesh
