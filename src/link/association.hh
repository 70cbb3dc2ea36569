// The sessions of a link: who they are agreed with and when they change. One handshake
// (Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s, wire/handshake.hh) yields one session: keys for both directions and
// all lanes.
//
// The side with the smaller public key initiates, always; the other only answers, so two handshakes never
// cross. When it does so follows from the clock and from what arrives, never from what is sent:
//   - at once, and every kRetry (or four slots of either side, where those are longer) until there is an
//     answer; the last few are waited for, since an answer may take longer than that;
//   - again every kRekeyAfter, long before a sequence number could wrap;
//   - when nothing authentic came for `quiet_after`: a peer sends cells forever, so silence means that it
//     is gone, or that it started anew and knows no session;
//   - when its own keys, or those that it knows of the peer, were changed.
// The answering side uses a session for sending only once a cell came in it (key confirmation), so a replayed
// initiation changes nothing.
//
// While the peer changes its static key, two of its keys are accepted. It holds one of them at a time; so
// still only one of the two nodes has the smaller key of those in use, and handshakes do not cross. An
// initiator that gets no answer tries the other key.
//
// An old initiation is answered where the answering side hears nothing: the peer's clock may have been set
// back. It may as well be a replay, so it never takes the place of a newer one that waits for confirmation.
//
// When the wire shows any of this is decided by the clock and by arrivals too, never by how busy the threads
// in between were: an initiation is decided at a tick, an answer or a change of keys when a datagram arrived
// at the socket, and each leaves kReaction after that, or a fixed time later where that was missed
// (LaneSender::kAgain). The stamp of an arrival is the kernel's, from before the receiving thread was woken;
// that, too, is a little late on a busy machine. So arrivals count from the next whole multiple of
// kArrivalGrid, and what varies within one does not show. Whether anything leaves, and which message, is
// decided by what had arrived by then, in the order of arrivals and ticks (engine/link_control.hh).
//
// One thread, that of the handshakes. No clock and no randomness of its own.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/counter.hh"
#include "base/ids.hh"
#include "base/time.hh"
#include "crypto/keys.hh"
#include "crypto/noise.hh"
#include "link/answer_mac.hh"
#include "link/cookie.hh"
#include "link/handshake_mac.hh"
#include "link/preshared_ratchet.hh"
#include "link/schedule.hh"
#include "link/token_bucket.hh"
#include "wire/cell.hh"
#include "wire/handshake.hh"

namespace cuttle {

inline constexpr Duration kRekeyAfter = seconds(120);
inline constexpr Duration kRejectAfter = seconds(180);
inline constexpr Duration kRetry = milliseconds(500);
// An initiator takes answers to so many of its latest initiations; an answering side has as many sessions
// wait for their first cell.
inline constexpr size_t kMaxAttempts = 4;
inline constexpr size_t kMaxUnconfirmed = kMaxAttempts;
// And each so long: longer than an answer and the first cell can take with the longest slots (three waits for
// a slot and its jitter, key_change_lead, a round trip). After that its keys go. An answer is taken for half
// of that, or whoever holds it back could bring the two into sessions of which one is gone.
inline constexpr Duration kUnconfirmedLife = seconds(10);
inline constexpr Duration kAttemptLife = kUnconfirmedLife / 2;
// Keys of the session before stay valid for receiving so long after a change.
inline constexpr Duration kOverlap = seconds(10);
// Initiations are decided at whole multiples of this.
inline constexpr Duration kTick = milliseconds(100);
// From what decides to what the wire shows; longer than the threads in between take.
inline constexpr Duration kReaction = milliseconds(20);
// Counted from the first whole multiple of this that is not before the arrival, by the kernel's stamp. Long
// beside what its interrupts are late by: only an arrival that close to a multiple still shows it.
inline constexpr Duration kArrivalGrid = milliseconds(10);
// Never more initiations read than this allows, of those without a good cookie and of those with one: an
// unknown source's cost two key agreements at the most. The same for answers, which can cost as much.
inline constexpr Duration kAnswerInterval = milliseconds(20);
inline constexpr int kAnswerBurst = 5;
// Cookies cost no key agreement: so many are read that the genuine one comes through among forged ones; of
// those with a good mac2, which are genuine or were once, all.
inline constexpr Duration kCookieReadInterval = milliseconds(1);
inline constexpr int kCookieReadBurst = 20;
// Of the others, one is answered with a cookie this often.
inline constexpr Duration kCookieInterval = milliseconds(100);
// Where the peer may hold a key with which it initiates and one with which it does not, it goes first.
inline constexpr Duration kPeerGoesFirst = seconds(2);

struct AssociationKeys {
  PrivateKey own;
  PublicKey peer;
  std::optional<PublicKey> next_peer = {};  // accepted as well: the one it has now, or will have soon
  PresharedKey preshared = {};

  bool operator==(const AssociationKeys&) const = default;
};

struct AssociationConfig {
  AssociationKeys keys;
  wire::CellFormat format;
  uint8_t lanes = 1;
  uint64_t rate_bps = 0;              // told to the peer, for its status
  uint64_t slot_ns = 0;               // the same; and handshakes wait for a slot
  uint16_t calendar = 0;              // or ladder: told to the peer, with the time of day, where it is not 0
  Duration quiet_after = seconds(1);  // or four of the peer's slots, where those are longer
  // The two agree on further preshared keys as old as this at the most (preshared_ratchet.hh); none: they
  // don't.
  std::optional<Duration> renew_preshared_after = {};
  RenewedKeys renewed = {};  // what was kept of them
};

// What the driver has to do, in this order.
struct InstallReceive {  // on every lane, before anything is sent: lane j opens SPI first_spi + j
  uint64_t session;
  Spi first_spi;
  Secret<32> secret;
  uint64_t instead_of = 0;              // a session that is given up for this one, if not 0
  Instant first_by = Instant::never();  // its first cell counts if it comes before
};
struct InstallSend {  // on every lane: lane j seals with SPI first_spi + j
  uint64_t session;
  Spi first_spi;
  Secret<32> secret;
  bool first;     // no session before it that both still hear: nothing to wait for
  Instant until;  // stop using it then
  Instant from;   // begin then; where it is not the first, key_change_lead later (lane_keys.hh)
};
struct ForgetBefore {  // of sessions before this one nothing is received that comes from then on
  uint64_t session;
  Instant from{INT64_MIN};
};
struct ForgetSession {  // and this one neither: nobody confirmed it
  uint64_t session;
};
struct EndSending {  // nothing more is sent in the session in use, from then on
  std::string_view why;
  Instant from{INT64_MIN};
};
using AssociationEvent = std::variant<InstallReceive, InstallSend, ForgetBefore, ForgetSession, EndSending>;

struct AssociationCounters {
  Counter initiations_sent;
  Counter initiations_received;  // genuine
  Counter sessions;              // agreed and confirmed
  Counter cookies_received;      // genuine
  Counter mac_wrong;             // unknown sources: dropped after one MAC
  Counter not_genuine;           // the MAC is right, the Noise message, its offer or the cookie is not
  Counter stale;                 // an initiation older than those seen before, or one of them again
  Counter cookie_instead;        // initiations beyond kAnswerInterval, answered with a cookie
  Counter too_many;              // the same, not answered; answers and cookies beyond it, not read
  Counter unexpected;            // answers nothing that was asked, or of the wrong kind for this side
};

class Association {
 public:
  Association(AssociationConfig config, Entropy entropy);

  // With the peer's first key.
  bool is_initiator() const { return peers_.front().we_initiate; }

  // A cell-sized datagram with the non-ESP marker, and when it arrived.
  void handle_datagram(Instant arrived, Bytes cell);
  // When the last authentic cell came, on the first lane, of those that had come when the next datagram or
  // first cell did, and what the wall clock says, in nanoseconds since 1970; before that is handled.
  void handle_heard(Instant last_authentic, uint64_t wall_clock_ns) {
    last_authentic_ = last_authentic;
    wall_clock_ns_ = wall_clock_ns;
  }
  // The clock has moved; to be called whenever poll_timeout() is over, and before what arrived after it is
  // handled. `last_authentic`: the last that had come by decided_at(now).
  // `wall_clock_ns`: for the time stamp of initiations.
  void handle_timeout(Instant now, Instant last_authentic, uint64_t wall_clock_ns);
  static Instant decided_at(Instant now);  // the last tick
  // Until then handle_timeout() has nothing to do, as long as nothing else is handled and nothing more is
  // heard; what is heard only puts it off. In the past where it has.
  Instant poll_timeout() const;
  // The first authentic cell of a session came, and when.
  void handle_first_cell(Instant arrived, uint64_t session);
  // Other keys from now on. The session goes on, and is renewed with them soon; unless the peer's key that it
  // was agreed with is no longer among them: then it ends.
  void handle_keys(const AssociationKeys& keys);
  // The file has these now: what preshared()->poll_unkept() asked for.
  void handle_preshared_kept(const RenewedKeys& kept) {
    if (ratchet_) ratchet_->handle_kept(kept);
  }

  // What was sent with the keys in memory is not known any more (clock_watch.hh): no session, agreed or about
  // to be, is used again, in either direction, and none that was asked for. A new one is agreed as after a
  // start. `shown_at`: when a cell of the peer's came that shows it, so that nothing else decides when the
  // session ends and the next one is asked for. Without one, at once.
  void handle_restored(std::optional<Instant> shown_at = {});
  // When the wire shows what such a cell's arrival decides.
  static Instant reaction_to(Instant arrived) { return counted_from(arrived) + kReaction; }

  // A cell to send, for the first slot not before datagram_due(); valid until the next call.
  std::optional<Bytes> poll_datagram();
  Instant datagram_due() const { return datagram_due_; }
  std::optional<AssociationEvent> poll_event();

  // --- for the status
  enum class State { connecting, up, quiet };
  State state(Instant now, Instant last_authentic) const;
  std::optional<Instant> established() const;     // of the session used for sending
  std::optional<PublicKey> session_peer() const;  // the peer's key that it was agreed with
  const AssociationKeys& keys() const { return config_.keys; }
  const std::optional<wire::Offer>& peer_offer() const { return peer_offer_; }
  // What the peer's wall clock was ahead of this one by when the latest session was agreed, but for what a
  // handshake takes on its way, a second at the most; nullopt: it did not say.
  std::optional<Duration> peer_clock_ahead() const { return peer_clock_ahead_; }
  const std::optional<PresharedRatchet>& preshared() const { return ratchet_; }
  const AssociationCounters& counters() const { return counters_; }

 private:
  struct PeerKey {  // one of those that the peer may hold
    PeerKey(const AssociationKeys& keys, const PublicKey& own, const PublicKey& peer);
    PublicKey key;
    bool we_initiate;
    HandshakeMac mac;  // of messages to it
    CookieSeal seal;
    CookieHolder cookie;
    AnswerMac answers;  // of both
  };
  struct Attempt {
    Instant made;
    uint32_t index;
    Spi first_spi;
    size_t peer;  // in peers_
    std::unique_ptr<NoiseHandshake> noise;
    PresharedRatchet::Rung rung;
    bool renew_preshared;
    Blake2sTag mac1{};  // of the initiation
  };
  struct Agreed {  // a session whose receiving key is installed
    uint64_t session;
    Instant since;
    Spi send_spi;
    Secret<32> send_secret;
    uint64_t timestamp_ns;  // of its initiation
    PublicKey peer;
    bool renews;  // what the peer said of the session before
    bool proven;  // its initiation had a fresh cookie
    PresharedAgreement preshared;
  };

  // From when an arrival counts.
  static Instant counted_from(Instant arrived);
  void learn_keys();
  PeerKey* find_peer(const PublicKey& key);
  // association_initiate.cc
  bool due(Instant tick, Instant last_authentic) const;
  Instant next_due() const;
  Duration timeout() const;
  std::optional<size_t> next_target() const;
  Duration retry() const;
  void send_initiation(Instant tick, uint64_t wall_clock_ns);
  void handle_response(Instant arrived, Bytes cell);
  void handle_cookie(Instant arrived, Bytes cell);
  // association_answer.cc
  void handle_initiation(Instant arrived, Bytes cell);
  struct Reading {
    std::optional<Instant> cookie;  // under which its mac2 is: when that was drawn
  };
  std::optional<Reading> may_read(Instant arrived, Bytes cell);
  bool is_proven(const Reading& reading, uint64_t timestamp_ns);
  void refuse(Instant arrived, Bytes cell, const Reading& reading, Counter& counter);
  void answer(Instant arrived, Bytes asked, NoiseHandshake& noise, const wire::Offer& offer, bool proven,
              std::deque<Agreed>::iterator place);
  void send_cookie(Instant arrived, uint32_t asked);
  std::optional<std::deque<Agreed>::iterator> place_for(bool proven, uint64_t timestamp_ns);
  void expire_unconfirmed(Instant now);
  void forget_unconfirmed(const std::function<bool(const Agreed&)>& is_over);
  void forget_sessions();
  void end_sessions(std::string_view why, Instant from = {INT64_MIN});
  Agreed agree(Instant arrived, InstallReceive receive, const wire::Offer& offer,
               const Secret<32>& send_secret, const PublicKey& peer, PresharedAgreement preshared);
  void use(Instant arrived, const Agreed& agreed);
  wire::Offer own_offer(Instant now, uint64_t timestamp_ns, Spi first_spi) const;
  bool renews(Instant now) const;
  void describe_preshared(wire::Offer& offer, uint8_t named, uint64_t wall_clock_ns) const;
  std::vector<PresharedKey> preshared_candidates() const;
  Spi draw_spi();
  uint32_t draw_u32();
  PrivateKey draw_ephemeral();
  bool quiet(Instant now, Instant last_authentic) const;
  Duration peer_slot() const;
  uint8_t* begin_cell(wire::HandshakeType type, uint32_t sender, uint32_t receiver);
  void finish_answer(PeerKey& peer, Instant arrived, Bytes asked_mac1 = {});
  void finish_cell(PeerKey& peer, Instant due);

  AssociationConfig config_;
  Entropy entropy_;
  PublicKey own_public_;
  HandshakeMac own_mac_;        // of messages to us
  std::vector<PeerKey> peers_;  // one, or two while the peer changes its key
  std::optional<PresharedRatchet> ratchet_;

  std::deque<Attempt> attempts_;  // not answered yet; at most kMaxAttempts, each for kAttemptLife
  size_t target_ = 0;             // in peers_: whom the last attempt went to
  bool renew_ = false;
  Instant next_attempt_{INT64_MIN};
  uint64_t last_timestamp_sent_ns_ = 0;
  uint64_t last_timestamp_seen_ns_ = 0;
  struct Proven {  // the latest initiation with a cookie, by the cookie and then by its time stamp
    Instant cookie{INT64_MIN};
    uint64_t timestamp_ns = 0;
    auto operator<=>(const Proven&) const = default;
  };
  Proven last_proven_;
  uint64_t wall_clock_ns_ = 0;                           // when the latest datagrams were handled
  TokenBucket unproven_{kAnswerInterval, kAnswerBurst};  // initiations without a good cookie
  TokenBucket proven_{kAnswerInterval, kAnswerBurst};    // with one
  // Answers take a slot each. Together these allow for no more than there are, or they would pile up until
  // each is out of date when it leaves.
  TokenBucket cookies_;
  TokenBucket answers_to_newer_;  // than all seen before
  TokenBucket answers_to_older_;
  // What anybody could have made, and what the peer alone can have (answer_mac.hh).
  TokenBucket answers_read_{kAnswerInterval, kAnswerBurst};
  TokenBucket proven_answers_read_{kAnswerInterval, kAnswerBurst};
  TokenBucket cookies_read_{kCookieReadInterval, kCookieReadBurst};
  CookieIssuer issuer_;
  size_t cookies_sent_ = 0;
  struct Read {  // of a genuine initiation; the peer alone authenticates no more of it than the first
    PublicKey ephemeral;
    Blake2sTag mac1{};
  };
  std::array<Read, 8> read_{};  // the latest
  size_t reads_ = 0;
  // mac2 of those with a cookie, for as long as that is good: the peer makes one each kRetry at the most.
  // What was dropped on its way cannot be sent again and again to use up the allowance that the peer has, nor
  // with the mac1 of a key that this node has by then.
  static constexpr size_t kProvenKept = 512;
  static_assert(kCookieLife * 2 <= kRetry * static_cast<int64_t>(kProvenKept));
  std::vector<Blake2sTag> proven_read_;
  size_t proven_reads_ = 0;

  uint64_t sessions_made_ = 0;
  std::deque<Agreed> unconfirmed_;  // at most kMaxUnconfirmed, in the order in which they were made
  std::optional<uint64_t> sending_session_;
  PublicKey session_peer_;
  Instant established_{};
  Instant last_authentic_{INT64_MIN / 2};
  std::optional<Instant> forget_at_;
  std::optional<wire::Offer> peer_offer_;
  std::optional<Duration> peer_clock_ahead_;

  std::unique_ptr<uint8_t[]> cell_;
  bool cell_waiting_ = false;
  Instant datagram_due_{};
  std::deque<AssociationEvent> events_;
  AssociationCounters counters_;
};

// What both sides mix into their handshakes first.
inline constexpr std::string_view kNoisePrologue = "cuttle 1";
inline Bytes noise_prologue() {
  return {reinterpret_cast<const uint8_t*>(kNoisePrologue.data()), kNoisePrologue.size()};
}
// Lane j of ours seals with first_spi + j: an SPI below 256 would make cells that no receiver takes for
// cells.
bool usable(const wire::Offer& offer);

}  // namespace cuttle
