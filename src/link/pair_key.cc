#include "link/pair_key.hh"

#include "crypto/blake2s.hh"

namespace cuttle {

Secret<32> pair_key(std::string_view label, const PrivateKey& own, const PublicKey& peer,
                    const PresharedKey& preshared) {
  // None only for a peer's key of low order, with which no handshake succeeds either.
  const auto shared = x25519(own, peer).value_or(Secret<kKeySize>());
  const Bytes bytes(reinterpret_cast<const uint8_t*>(label.data()), label.size());
  Blake2sHash hash = blake2s({bytes, shared.bytes(), preshared.bytes()});
  Secret<32> key(hash);
  wipe(hash.data(), hash.size());
  return key;
}

}  // namespace cuttle
