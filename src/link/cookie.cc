#include "link/cookie.hh"

#include <algorithm>
#include <string_view>

#include "crypto/chacha20_poly1305.hh"
#include "link/pair_key.hh"

namespace cuttle {

namespace {

constexpr std::string_view kLabel = "cuttle cookie";

// A key of its own for each message, so that a nonce of 24 bytes can be drawn at random.
Secret<32> message_key(const Secret<32>& pair, Bytes nonce) {
  Blake2sHash hash = blake2s({pair.bytes(), nonce});
  Secret<32> key(hash);
  wipe(hash.data(), hash.size());
  return key;
}

}  // namespace

CookieSeal::CookieSeal(const PrivateKey& own, const PublicKey& peer, const PresharedKey& preshared)
    : key_(pair_key(kLabel, own, peer, preshared)) {}

void CookieSeal::seal(Bytes header, const Cookie& cookie,
                      std::span<const uint8_t, wire::kCookieNonceBytes> nonce, uint8_t* out) const {
  std::copy(nonce.begin(), nonce.end(), out);
  chacha_seal(message_key(key_, nonce), 0, header, cookie.bytes(), out + nonce.size());
}

std::optional<Cookie> CookieSeal::open(Bytes header, Bytes message) const {
  const Bytes nonce = message.first(wire::kCookieNonceBytes);
  Cookie cookie;
  if (!chacha_open(message_key(key_, nonce), 0, header, message.subspan(nonce.size()), cookie.data())) {
    return std::nullopt;
  }
  return cookie;
}

const Cookie& CookieIssuer::current(Instant now, uint64_t wall_clock_ns, const Entropy& entropy) {
  if (!newest_ || now >= newest_->drawn + kCookieLife) {
    before_ = std::move(newest_);
    Cookie cookie;
    last_time_ns_ = std::max(last_time_ns_ + 1, wall_clock_ns);
    store_be64(cookie.data(), last_time_ns_);
    entropy(cookie.bytes().subspan(wire::kCookieTimeBytes));
    newest_.emplace(Issued{cookie, Blake2sMac(cookie), now});
  }
  return newest_->cookie;
}

std::optional<Instant> CookieIssuer::verify(Instant now, Bytes cell) noexcept {
  const Bytes mac2 = wire::mac2_of(cell);
  if (std::all_of(mac2.begin(), mac2.end(), [](uint8_t byte) { return byte == 0; })) return std::nullopt;
  const auto made_with = [&](std::optional<Issued>& issued) {
    return issued && now < issued->drawn + kCookieLife * 2 &&
           issued->mac.verify(wire::mac_covered(cell), mac2);
  };
  if (made_with(newest_)) return newest_->drawn;
  if (made_with(before_)) return before_->drawn;
  return std::nullopt;
}

void CookieHolder::handle_cookie(Instant now, const Cookie& cookie) {
  const uint64_t time_ns = load_be64(cookie.data());
  if (time_ns == newest_time_ns_) return;
  const bool newer = time_ns > newest_time_ns_;
  (newer ? newest_ : other_).emplace(Held{Blake2sMac(cookie), now});
  if (newer) newest_time_ns_ = time_ns;
}

void CookieHolder::store_mac2(Instant now, MutableBytes cell) noexcept {
  for (auto* held : {&newest_, &other_}) {
    if (*held && now >= (*held)->received + kCookieLife) held->reset();
  }
  if (!newest_ && !other_) return;
  std::optional<Held>& held = !newest_ || (other_ && others_turn_) ? other_ : newest_;
  others_turn_ = !others_turn_;
  const Blake2sTag tag = held->mac.compute(wire::mac_covered(cell));
  std::copy(tag.begin(), tag.end(), cell.end() - wire::kMacBytes);
}

}  // namespace cuttle
