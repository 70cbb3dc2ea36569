// The keys an operator handles, X25519 (RFC 7748) and preshared, in the text form that `wg` has made common:
// 32 bytes as 44 characters of base64. Types of their own, so that one is never passed for another.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hh"
#include "base/result.hh"
#include "crypto/secret.hh"

namespace cuttle {

inline constexpr size_t kKeySize = 32;
inline constexpr size_t kKeyTextSize = 44;

// Names a node. Not secret. The order is that of the bytes, first byte first.
struct PublicKey {
  std::array<uint8_t, kKeySize> bytes{};

  bool operator==(const PublicKey&) const = default;
  std::strong_ordering operator<=>(const PublicKey& other) const { return bytes <=> other.bytes; }

  // All zeros is no key (every shared secret with it would be zero) and fails, as does a text of another
  // form.
  static Result<PublicKey> parse(std::string_view text);
  std::string to_string() const;
  // By which relays and ladders know whose it is: its first bytes. Whoever reads who has which key lets no
  // two nodes have keys with one number, for it takes no private key to write down one that begins like
  // another's.
  uint64_t number() const { return load_be64(bytes.data()); }
};

// The text of a secret key. Wiped on destruction, like the key itself.
class SecretText {
 public:
  explicit SecretText(std::span<const uint8_t, kKeySize> bytes);
  std::string_view view() const { return {reinterpret_cast<const char*>(text_.data()), kKeyTextSize}; }

 private:
  Secret<kKeyTextSize> text_;
};

// Always clamped (RFC 7748, section 5), whatever it was made from. Wiped on destruction; equality in constant
// time; there is no default: a node without its key does not exist.
class PrivateKey {
 public:
  // Precondition: 32 bytes fit for keys (io/entropy).
  static PrivateKey from_random(std::span<const uint8_t, kKeySize> random);
  // The error never repeats the text. All zeros, `wg`'s "no key", fails.
  static Result<PrivateKey> parse(std::string_view text);

  PublicKey public_key() const;
  std::span<const uint8_t, kKeySize> bytes() const { return bytes_.bytes(); }
  // The only way to its text; for writing a key file.
  SecretText reveal_text() const { return SecretText(bytes_.bytes()); }

  bool operator==(const PrivateKey&) const = default;

 private:
  explicit PrivateKey(std::span<const uint8_t, kKeySize> bytes);
  Secret<kKeySize> bytes_;
};

// Known to two nodes and mixed into their handshake. All zeros, the default, stands for none, as with `wg`.
class PresharedKey {
 public:
  PresharedKey() = default;
  // Precondition: 32 bytes fit for keys (io/entropy).
  static PresharedKey from_random(std::span<const uint8_t, kKeySize> random);
  // The error never repeats the text.
  static Result<PresharedKey> parse(std::string_view text);

  std::span<const uint8_t, kKeySize> bytes() const { return bytes_.bytes(); }
  SecretText reveal_text() const { return SecretText(bytes_.bytes()); }

  bool operator==(const PresharedKey&) const = default;

 private:
  Secret<kKeySize> bytes_;
};

// X25519 (RFC 7748, section 6.1). None when the result is all zero, which only a peer that sends a point of
// low order brings about.
std::optional<Secret<kKeySize>> x25519(const PrivateKey& own, const PublicKey& remote);

}  // namespace cuttle
