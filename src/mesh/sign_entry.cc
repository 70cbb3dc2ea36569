#include "mesh/sign_entry.hh"

#include <fmt/format.h>

#include <algorithm>

#include "config/host_name.hh"

namespace cuttle::mesh {

bool is_one_of(const VerifyingKey& identity, const std::vector<std::string>& beginnings) {
  const std::string text = identity.to_string();
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const std::string& one) {
    return one.size() >= kShortestIdentity && text.starts_with(one);
  });
}

Result<void> sign_entry(Store& store, const SigningKey& desk, const std::string& host,
                        const std::string& text, const std::function<bool(const Entry&)>& agrees) {
  auto entry = parse_proved_entry(host, text);
  if (!entry) return failure(fmt::format("{}{}: {}", kPeerPrefix, shown_host(host), entry.error().message));
  if (entry->left || is_signed(*entry, desk.verifying_key())) return {};
  if (!agrees(*entry)) return failure(fmt::format("{} is not signed", host));
  sign(*entry, desk);
  return store.set(kPeerPrefix + host, to_json(*entry));
}

}  // namespace cuttle::mesh
