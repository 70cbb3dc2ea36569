// Preshared keys that the two ends of a link agree on by themselves: a finished handshake yields one, which
// depends on all of that handshake's secrets and on the preshared key in it, and goes into later handshakes.
// So whoever missed one of these handshakes reads nothing of what comes after it, even if he can undo X25519
// one day (docs/threat-model.md says against whom that helps, and against whom it does not).
//
// Nothing new goes over the wire: byte 13 of the offers names the key by 6 bits (docs/wire-format.md,
// "Preshared keys that are renewed"). Each end holds up to two keys:
//   proven   was in a handshake that both have finished. The other end has it too, or has a later one that it
//            can have only because this end told it, by using it, that it has that one as well;
//   next     follows from such a handshake; not known yet whether the other end has it. It is here only once
//            the file has it, so whoever crashes comes back with all that he has ever named.
// An end that has neither (a new one, or one that lost its file) has the configured key alone. That one is
// mixed into the others as well, so there is always at least what the configuration asks for.
//
// An end that asks names `next`, else `proven`, and reads answers with any that it has. One that answers uses
// the key that was named, or its proven one where it does not know that. Only an answer that nobody but the
// peer can have made (answer_mac.hh) and that none of the keys reads leads further down, first to `proven`,
// then to none: an attacker who drops, delays or repeats messages cannot bring that about, however often.
//
// One thread. No clock, no randomness, no file: what has to be kept is asked for with poll_unkept().
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hh"
#include "base/time.hh"
#include "crypto/keys.hh"

namespace cuttle {

struct RenewedKey {
  PresharedKey key;
  uint64_t since_ns = 0;  // since 1970

  bool operator==(const RenewedKey&) const = default;
};

// What an end holds, and what it keeps in its file.
struct RenewedKeys {
  std::optional<RenewedKey> proven;
  std::optional<RenewedKey> next;

  bool operator==(const RenewedKeys&) const = default;
};

// What two offers and their handshake came to.
struct PresharedAgreement {
  bool both = false;  // both take part
  bool renew = false;
  std::optional<PresharedKey> used;  // none: the configured key alone
  PresharedKey derived;
};

class PresharedRatchet {
 public:
  // Of an offer's six bits.
  static constexpr uint8_t kTakesNoPart = 0;
  static constexpr uint8_t kHasNone = 1;
  static constexpr uint8_t kFirstName = 2;
  static constexpr uint8_t kNames = 62;
  static uint8_t name_of(const PresharedKey& key);
  // Of a finished handshake (NoiseHandshake::exported_key).
  static PresharedKey derive(const Secret<32>& exported);
  // What goes into the handshake: the configured key, and the other where there is one.
  static PresharedKey mixed(const PresharedKey& configured, const std::optional<PresharedKey>& renewed);

  // How far down an end that asks has gone.
  enum class Rung : uint8_t { next, proven, none };

  PresharedRatchet(Duration renew_after, RenewedKeys kept)
      : renew_after_(renew_after), keys_(kept), kept_(std::move(kept)) {}

  // Whether the key is old, or there is none. `wall_clock_ns`: since 1970. One that says that a key is from
  // the future was set back; who knows how old it is.
  bool wants_renewal(uint64_t wall_clock_ns) const;

  // --- the end that asks
  Rung rung() const { return rung_; }
  uint8_t poll_name() const;
  // In the order in which an answer is tried: none is the configured key alone.
  std::vector<std::optional<PresharedKey>> candidates() const;
  // The peer's answer to what was asked on that rung, which none of the candidates reads.
  void handle_unreadable(Rung asked_on);

  // --- the end that answers
  std::optional<PresharedKey> choose(uint8_t named) const;

  // --- both
  // A session is in use that both have agreed on.
  void handle_agreed(const PresharedAgreement& agreed, uint64_t wall_clock_ns);
  // What the file does not have yet. The same again until it has.
  std::optional<RenewedKeys> poll_unkept() const;
  void handle_kept(const RenewedKeys& kept);

  // --- for the status
  const RenewedKeys& keys() const { return keys_; }
  bool peer_takes_part() const { return peer_takes_part_; }
  // How often the two had no key in common any more, and began anew with the configured one.
  uint64_t lost() const { return lost_; }

 private:
  RenewedKeys wanted() const { return {keys_.proven, coming_ ? coming_ : keys_.next}; }

  Duration renew_after_;
  RenewedKeys keys_;
  std::optional<RenewedKey> coming_;  // becomes `next` once the file has it
  RenewedKeys kept_;                  // what that has
  Rung rung_ = Rung::next;
  bool peer_takes_part_ = true;  // as far as is known
  uint64_t lost_ = 0;
};

}  // namespace cuttle
