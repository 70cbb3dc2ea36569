#include "engine/static_sessions.hh"

#include <utility>

#include "base/check.hh"

namespace cuttle {

namespace {

std::unique_ptr<Aead> make_static_aead(AeadBackend backend, const AeadKey& key) {
  auto aead = make_aead(backend, key);
  CUTTLE_CHECK(aead.has_value(), "the backend was available at start-up");
  return std::move(*aead);
}

}  // namespace

StaticSessions::StaticSessions(std::vector<StaticSession> sessions, AeadBackend backend)
    : sessions_(std::move(sessions)), backend_(backend) {
  CUTTLE_CHECK(!sessions_.empty() && sessions_.size() <= kMax, "as many as a receiver has places for");
}

void StaticSessions::handle_timeout(Instant now) {
  if (!began_) began_ = now;
  now_ = now;
}

Instant StaticSessions::poll_timeout() const {
  if (!began_) return Instant{INT64_MIN};
  if (ended_ || next_to_send_ == sessions_.size()) return Instant::never();
  return *began_ + sessions_[next_to_send_].after;
}

std::optional<ReceiveKey> StaticSessions::poll_receive_key() {
  if (next_to_receive_ == sessions_.size()) return std::nullopt;
  const StaticSession& session = sessions_[next_to_receive_++];
  return ReceiveKey{make_static_aead(backend_, session.receive_key), session.receive_spi, next_to_receive_};
}

std::optional<StaticSessions::Used> StaticSessions::poll_send_key() {
  if (poll_timeout() > now_) return std::nullopt;
  const StaticSession& session = sessions_[next_to_send_++];
  return Used{next_to_send_,
              {make_static_aead(backend_, session.send_key), session.send_spi, now_, Instant::never()}};
}

}  // namespace cuttle
