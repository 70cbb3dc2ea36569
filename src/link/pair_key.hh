// Keys that follow from what the two nodes of a link know of each other, and nobody else can make: for what
// has to be recognised as the peer's at the cost of one MAC, before any key agreement.
#pragma once

#include <string_view>

#include "crypto/keys.hh"

namespace cuttle {

// BLAKE2s(label, X25519 of both static keys, preshared key); docs/wire-format.md, "The handshake".
Secret<32> pair_key(std::string_view label, const PrivateKey& own, const PublicKey& peer,
                    const PresharedKey& preshared);

}  // namespace cuttle
