// Cookies, for a node that is flooded with initiations (as WireGuard has them, section 5.4.7 of its paper;
// Donenfeld, 2017). Each initiation costs who reads it two key agreements; so only a few are read a second.
// Where more come, somebody may be crowding out the peer from behind a forged address, and the answer is a
// cookie instead: an initiation that carries a MAC under it (mac2) came from somebody who can hear what is
// sent to the peer's address, and is counted apart from all others.
//
// Two things differ from WireGuard. A link hears one address only, so a cookie belongs to the link and is
// just drawn, not made from an address. And both nodes know each other's keys beforehand: a cookie is sealed
// under a key of the two, so the peer may take one that it did not ask for. A flood thus brings the peer its
// cookie itself, however rarely it is answered; in WireGuard each initiation has to be answered for its
// author's sake.
//
// So a cookie is bound to a time instead of a question, or whoever recorded an old one could send it after
// each fresh one: it begins with when it was drawn, and the peer keeps the newest. That takes a wall clock
// that does not go back between two runs of the flooded side. Where it did, or where that side's cookies say
// no time (an agent of before they did draws these bytes, too), the genuine one may look older than what the
// peer has; so initiations take turns between the newest and the last that came and was not.
//
// One thread. No clock and no randomness of their own.
#pragma once

#include <functional>
#include <optional>

#include "base/time.hh"
#include "crypto/blake2s.hh"
#include "crypto/keys.hh"
#include "wire/handshake.hh"

namespace cuttle {

// Fills the span with bytes fit for keys (io/entropy, or a seeded double in simulations).
using Entropy = std::function<void(MutableBytes)>;

// How long a cookie is handed out by one side, and how long it is used by the other after it came.
inline constexpr Duration kCookieLife = seconds(120);

using Cookie = Secret<wire::kCookieBytes>;

// Under what a cookie travels: a key that follows from the static keys of both nodes and their preshared key.
class CookieSeal {
 public:
  CookieSeal(const PrivateKey& own, const PublicKey& peer, const PresharedKey& preshared);

  // `header`: the message's own, which is authenticated with it. `out`: kCookieMessageBytes.
  void seal(Bytes header, const Cookie& cookie, std::span<const uint8_t, wire::kCookieNonceBytes> nonce,
            uint8_t* out) const;
  std::optional<Cookie> open(Bytes header, Bytes message) const;

 private:
  Secret<32> key_;
};

// The side that is flooded.
class CookieIssuer {
 public:
  // The cookie to hand out now. `wall_clock_ns`: since 1970.
  const Cookie& current(Instant now, uint64_t wall_clock_ns, const Entropy& entropy);
  // When the cookie was drawn that mac2 is made with, if it was handed out not too long ago. At most two
  // MACs, and none before the first cookie or where mac2 is zero.
  [[nodiscard]] std::optional<Instant> verify(Instant now, Bytes cell) noexcept;
  // None that was handed out is good any more.
  void forget() {
    newest_.reset();
    before_.reset();
  }

 private:
  struct Issued {
    Cookie cookie;
    Blake2sMac mac;
    Instant drawn;
  };
  std::optional<Issued> newest_;
  std::optional<Issued> before_;
  uint64_t last_time_ns_ = 0;  // that a cookie says
};

// The side that was sent one.
class CookieHolder {
 public:
  void handle_cookie(Instant now, const Cookie& cookie);
  // Writes mac2, zeros without a cookie, into a cell that is complete but for its MACs.
  void store_mac2(Instant now, MutableBytes cell) noexcept;

 private:
  struct Held {
    Blake2sMac mac;
    Instant received;
  };
  std::optional<Held> newest_;
  uint64_t newest_time_ns_ = 0;  // outlives it: what is not newer never takes its place
  std::optional<Held> other_;
  bool others_turn_ = false;
};

}  // namespace cuttle
