#include "crypto/signature.hh"

#include "base/check.hh"
#include "crypto/base64.hh"
#include "crypto/openssl_handles.hh"

namespace cuttle {

namespace {

template <typename Value>
Result<Value> parse_as(std::string_view what, std::string_view text) {
  Value value;
  if (base64_decode(text, value.bytes)) return value;
  return failure(std::string(what) + ": not " + std::to_string(base64_size(value.bytes.size())) +
                 " characters of base64");
}

template <typename Value>
std::string string_of(const Value& value) {
  std::string text(base64_size(value.bytes.size()), '\0');
  base64_encode(value.bytes, text.data());
  return text;
}

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

Result<Signature> Signature::parse(std::string_view text) {
  return parse_as<Signature>("signature", text);
}

std::string Signature::to_string() const {
  return string_of(*this);
}

Result<VerifyingKey> VerifyingKey::parse(std::string_view text) {
  return parse_as<VerifyingKey>("verifying key", text);
}

std::string VerifyingKey::to_string() const {
  return string_of(*this);
}

bool VerifyingKey::verifies(const Signature& signature, std::string_view message) const {
  const Pkey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()));
  const DigestContext context(EVP_MD_CTX_new());
  CUTTLE_CHECK(
      key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1,
      "OpenSSL refuses to verify with Ed25519");
  return EVP_DigestVerify(context.get(), signature.bytes.data(), signature.bytes.size(), bytes_of(message),
                          message.size()) == 1;
}

SigningKey SigningKey::from_random(std::span<const uint8_t, kKeySize> random) {
  SigningKey key;
  key.seed_ = Secret<kKeySize>(random);
  return key;
}

Result<SigningKey> SigningKey::parse(std::string_view text) {
  SigningKey key;
  if (base64_decode(text, key.seed_.bytes())) return key;
  return failure("signing key: not 44 characters of base64; `cuttle mesh genkey` makes one");
}

VerifyingKey SigningKey::verifying_key() const {
  const Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), kKeySize));
  VerifyingKey result;
  size_t size = result.bytes.size();
  CUTTLE_CHECK(key && EVP_PKEY_get_raw_public_key(key.get(), result.bytes.data(), &size) == 1,
               "OpenSSL gives no Ed25519 public key");
  return result;
}

Signature SigningKey::sign(std::string_view message) const {
  const Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), kKeySize));
  const DigestContext context(EVP_MD_CTX_new());
  Signature result;
  size_t size = result.bytes.size();
  CUTTLE_CHECK(
      key && context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
          EVP_DigestSign(context.get(), result.bytes.data(), &size, bytes_of(message), message.size()) == 1,
      "OpenSSL refuses to sign with Ed25519");
  return result;
}

}  // namespace cuttle
