// What a node of the mesh says of itself, `cuttle/peer/HOST` in the monitors' config-key store: JSON to
// values and back, and the proof that it comes from that host (docs/mesh.md has the format). Pure.
//
// A host has an identity, an Ed25519 key of its own that never leaves it. Every entry is proved with it, so
// neither a monitor nor a keyring of that host's is enough to change what others have pinned. Where the
// operator signs entries (a key on the desk), that is a second signature over the same text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hh"
#include "base/result.hh"
#include "crypto/keys.hh"
#include "crypto/signature.hh"

namespace cuttle::mesh {

inline constexpr int kEntryVersion = 1;
inline constexpr size_t kLongestEntry = 8192;  // bytes of JSON
inline constexpr size_t kMaxAddresses = 32;
inline constexpr uint32_t kMaxLanes = 32;
// No host gets there by counting; whoever publishes a higher one would have the last word.
inline constexpr uint64_t kHighestCounter = uint64_t{1} << 63;

struct Entry {
  std::string host;  // its full name, as in the key
  VerifyingKey identity;
  uint64_t counter = 0;  // grows with every entry of this host: an older one cannot be played back
  bool left = false;     // a tombstone; it has none of the following
  PublicKey key;
  std::optional<PublicKey> next_key;  // while it changes its key
  Endpoint endpoint;
  std::vector<IpAddress> addresses;  // each once, in the order of addresses
  uint32_t lanes = 1;
  std::optional<Signature> proof;      // with the identity
  std::optional<Signature> signature;  // with the operator's key

  bool operator==(const Entry&) const = default;
};

// The same but for counter, proof and signature.
bool says_the_same(const Entry& a, const Entry& b);

// That static key is its, of now or next.
bool has_key(const Entry& entry, const PublicKey& key);
// A static key of the one is one of the other's.
bool shares_a_key(const Entry& a, const Entry& b);

// The host, another than `host`, that says that it has that static key, by entries as they stand in the
// store; none: nobody does. Keys are public, so whoever sees one announced can.
std::optional<std::string> who_claims(const PublicKey& key, const std::string& host,
                                      const std::map<std::string, std::string>& entries);

std::string to_json(const Entry& entry);
// `host`: of the store's key. An error is one line that says what is wrong, without the key's name; the text
// is hostile, so nothing of it is repeated but what is a value of ours.
Result<Entry> parse_entry(std::string_view host, std::string_view text);

// The same, and an error where it is not proved with its identity, or has a number beyond kHighestCounter.
Result<Entry> parse_proved_entry(std::string_view host, std::string_view text);

void prove(Entry& entry, const SigningKey& identity);
bool is_proved(const Entry& entry);
void sign(Entry& entry, const SigningKey& desk);
bool is_signed(const Entry& entry, const VerifyingKey& desk);

}  // namespace cuttle::mesh
