// Signatures, Ed25519 (RFC 8032, pure): who says what a node of the mesh is (docs/mesh.md). Texts are base64,
// as of the other keys (keys.hh).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hh"
#include "base/result.hh"
#include "crypto/keys.hh"
#include "crypto/secret.hh"

namespace cuttle {

struct Signature {
  static constexpr size_t kSize = 64;
  std::array<uint8_t, kSize> bytes{};

  bool operator==(const Signature&) const = default;
  static Result<Signature> parse(std::string_view text);
  std::string to_string() const;
};

// Names a signer. Not secret.
struct VerifyingKey {
  std::array<uint8_t, kKeySize> bytes{};

  auto operator<=>(const VerifyingKey&) const = default;
  // Any 32 bytes; those that are no point verify nothing.
  static Result<VerifyingKey> parse(std::string_view text);
  std::string to_string() const;
  bool verifies(const Signature& signature, std::string_view message) const;
};

// Wiped on destruction.
class SigningKey {
 public:
  // Precondition: 32 bytes fit for keys (io/entropy).
  static SigningKey from_random(std::span<const uint8_t, kKeySize> random);
  // The error never repeats the text.
  static Result<SigningKey> parse(std::string_view text);

  VerifyingKey verifying_key() const;
  Signature sign(std::string_view message) const;
  // The only way to its text; for writing a key file.
  SecretText reveal_text() const { return SecretText(seed_.bytes()); }

 private:
  SigningKey() = default;
  Secret<kKeySize> seed_;
};

}  // namespace cuttle
