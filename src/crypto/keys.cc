#include "crypto/keys.hh"

#include "base/check.hh"
#include "crypto/base64.hh"
#include "crypto/openssl_handles.hh"

namespace cuttle {

namespace {

// What is wrong with the text of a key; the text itself may be a secret and is not repeated.
tl::unexpected<Error> bad_text(std::string_view kind, std::string_view text) {
  std::string message(kind);
  message += " key: ";
  message += text.size() == kKeyTextSize ? "44 characters, but not base64 of 32 bytes"
                                         : std::to_string(text.size()) + " characters";
  return failure(message + "; it must be 44 characters of base64, the last one '=', as `wg` prints keys");
}

tl::unexpected<Error> all_zeros(std::string_view kind) {
  return failure(std::string(kind) + " key: all zeros, which stands for no key; it must be a generated key");
}

bool is_zero(const Secret<kKeySize>& bytes) {
  return bytes == Secret<kKeySize>();
}

Pkey own_pkey(const PrivateKey& key) {
  Pkey pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, key.bytes().data(), kKeySize));
  CUTTLE_CHECK(pkey, "OpenSSL refuses an X25519 private key");
  return pkey;
}

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view text) {
  PublicKey key;
  if (!base64_decode(text, key.bytes)) return bad_text("public", text);
  if (key == PublicKey()) return all_zeros("public");
  return key;
}

std::string PublicKey::to_string() const {
  std::string result(kKeyTextSize, '\0');
  base64_encode(bytes, result.data());
  return result;
}

SecretText::SecretText(std::span<const uint8_t, kKeySize> bytes) {
  static_assert(base64_size(kKeySize) == kKeyTextSize);
  base64_encode(bytes, reinterpret_cast<char*>(text_.data()));
}

PrivateKey::PrivateKey(std::span<const uint8_t, kKeySize> bytes) : bytes_(bytes) {
  bytes_.data()[0] &= 0xf8;
  bytes_.data()[31] &= 0x7f;
  bytes_.data()[31] |= 0x40;
}

PrivateKey PrivateKey::from_random(std::span<const uint8_t, kKeySize> random) {
  return PrivateKey(random);
}

Result<PrivateKey> PrivateKey::parse(std::string_view text) {
  Secret<kKeySize> bytes;
  if (!base64_decode(text, bytes.bytes())) return bad_text("private", text);
  if (is_zero(bytes)) return all_zeros("private");
  return PrivateKey(bytes.bytes());
}

PublicKey PrivateKey::public_key() const {
  PublicKey result;
  size_t size = result.bytes.size();
  const bool good = EVP_PKEY_get_raw_public_key(own_pkey(*this).get(), result.bytes.data(), &size) == 1;
  CUTTLE_CHECK(good && size == kKeySize, "OpenSSL gives no X25519 public key");
  return result;
}

PresharedKey PresharedKey::from_random(std::span<const uint8_t, kKeySize> random) {
  PresharedKey result;
  result.bytes_ = Secret<kKeySize>(random);
  return result;
}

Result<PresharedKey> PresharedKey::parse(std::string_view text) {
  PresharedKey result;
  if (!base64_decode(text, result.bytes_.bytes())) return bad_text("preshared", text);
  return result;
}

std::optional<Secret<kKeySize>> x25519(const PrivateKey& own, const PublicKey& remote) {
  const Pkey own_key = own_pkey(own);
  const Pkey remote_key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, remote.bytes.data(), remote.bytes.size()));
  const PkeyContext context(EVP_PKEY_CTX_new(own_key.get(), nullptr));
  CUTTLE_CHECK(remote_key && context && EVP_PKEY_derive_init(context.get()) == 1 &&
                   EVP_PKEY_derive_set_peer(context.get(), remote_key.get()) == 1,
               "OpenSSL refuses an X25519 exchange");
  Secret<kKeySize> shared;
  size_t size = kKeySize;
  // OpenSSL itself fails on an all-zero result; the comparison says so for other versions.
  if (EVP_PKEY_derive(context.get(), shared.data(), &size) != 1 || is_zero(shared)) return std::nullopt;
  return shared;
}

}  // namespace cuttle
