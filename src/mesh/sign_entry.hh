// The operator's signature under a host's entry: after whoever signs has seen what it says, never before.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "crypto/signature.hh"
#include "mesh/entry.hh"
#include "mesh/store.hh"

namespace cuttle::mesh {

// Of an identity's text, how much has to be told to mean that one: 72 bits.
inline constexpr size_t kShortestIdentity = 12;

// Whether one of these is the beginning of that identity, and long enough.
bool is_one_of(const VerifyingKey& identity, const std::vector<std::string>& beginnings);

// Signs what stands in the store as `text` and puts it back. Nothing to do for a tombstone and for what is
// signed already; an error, and nothing is signed, where `agrees` does not.
Result<void> sign_entry(Store& store, const SigningKey& desk, const std::string& host,
                        const std::string& text, const std::function<bool(const Entry&)>& agrees);

}  // namespace cuttle::mesh
