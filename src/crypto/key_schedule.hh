// From a handshake's secret to the keys of its cells.
#pragma once

#include <cstdint>

#include "crypto/aead.hh"
#include "crypto/secret.hh"

namespace cuttle {

// The key and salt of one lane in one direction (RFC 4106, section 8.1: 32 bytes of key, then 4 of salt):
//
//   HKDF-Expand(secret, "cuttle lane" | lane, 36)      RFC 5869, section 2.3, over HMAC-BLAKE2s
//
// `secret` is that direction's half of NoiseHandshake::split(), `lane` one byte. The lanes of a link so never
// share a key, and each may count its IVs from 1.
AeadKey derive_cell_key(const Secret<32>& secret, uint8_t lane);

// The key and salt of packets that go by relays in one direction, with a label of its own:
//
//   HKDF-Expand(secret, "cuttle relay", 36)
AeadKey derive_relay_key(const Secret<32>& secret);

}  // namespace cuttle
