// For debugging only: sessions whose keys nobody agreed on but somebody wrote down, so that a link can be
// held with another implementation of RFC 9347, such as Linux' (`ip xfrm state ... mode iptfs`), which knows
// nothing of our handshake. Their sequence numbers begin at 1: used a second time, a key gives away what it
// sealed (RFC 4106, section 3.1).
//
// One thread, that of the handshakes. No clock of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/ids.hh"
#include "base/time.hh"
#include "crypto/aead.hh"
#include "link/association.hh"
#include "link/receiver.hh"
#include "link/sender.hh"

namespace cuttle {

struct StaticSession {
  Duration after{};  // used for sending so long after the link began; received from the beginning
  Spi receive_spi;
  AeadKey receive_key;
  Spi send_spi;
  AeadKey send_key;
};

class StaticSessions {
 public:
  // As many as a receiver has places for.
  static constexpr size_t kMax = LaneReceiver::kSessions;

  // In the order of their use; 1 to kMax.
  StaticSessions(std::vector<StaticSession> sessions, AeadBackend backend);

  void handle_timeout(Instant now);
  Instant poll_timeout() const;
  // Nothing is sealed any more, and nothing opened that is new.
  void handle_restored() { ended_ = true; }

  std::optional<ReceiveKey> poll_receive_key();
  struct Used {
    uint64_t session;  // from 1
    SendKey key;
  };
  std::optional<Used> poll_send_key();

  Association::State state() const {
    return next_to_send_ > 0 && !ended_ ? Association::State::up : Association::State::connecting;
  }

 private:
  std::vector<StaticSession> sessions_;
  AeadBackend backend_;
  std::optional<Instant> began_;
  Instant now_{};
  size_t next_to_receive_ = 0;
  size_t next_to_send_ = 0;
  bool ended_ = false;
};

}  // namespace cuttle
