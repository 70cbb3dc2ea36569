// Stages 4 to 7 of the receiving side: filter by size, open, replay window, reassemble. Takes one datagram at
// a time; whatever is wrong with it costs at most a few comparisons and one AEAD, and is counted by cause.
//
// One thread (the receiver's). After each handle_datagram, poll_packet until it returns nothing. Nothing is
// allocated after construction.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "base/counter.hh"
#include "crypto/aead.hh"
#include "link/heard.hh"
#include "link/peer_pace.hh"
#include "link/reassembler.hh"
#include "link/replay_window.hh"

namespace cuttle {

// A lane's key for opening. Sessions are numbered in the order in which the association made them.
struct ReceiveKey {
  std::unique_ptr<Aead> aead;
  Spi spi;
  uint64_t session;
  uint64_t instead_of = 0;  // a session that is given up for this one, if not 0
  PeerTimes times{};        // of the peer's cells on this lane
  // One that comes later is no first cell of the session.
  Instant first_by = Instant::never();
};

struct ReceiverCounters {
  Counter cells;            // authentic and fresh
  Counter wrong_size;       // dropped before anything else
  Counter handshakes;       // handed on
  Counter unknown_spi;      // no such session
  Counter replayed;         // already seen
  Counter too_old;          // behind the replay window
  Counter not_authentic;    // the ICV does not match
  Counter earlier_session;  // authentic, but the peer has moved on to newer keys
  Counter set_back;         // cells that showed that this node was set back (set_back_at)
};

enum class Received {
  dropped,
  cell,              // poll_packet may have packets now
  first_of_session,  // the same, and the first authentic cell of current_session()
  handshake,         // a datagram for the association
};

class LaneReceiver {
 public:
  // Current, previous, and those that the peer has not used yet (association.hh, kMaxUnconfirmed).
  static constexpr size_t kSessions = 6;
  // A peer never uses keys that this node did not have first. So many cells of such keys, where for so long
  // (or four of the peer's slots) there was none of those in use: this node had them, and was set back.
  // Whoever forges them needs such a silence, and gains no more than the end of the sessions.
  static constexpr uint32_t kUnknownCells = 8;
  // Where the socket dropped something, which may have been the peer's, the silence begins anew: else whoever
  // keeps sending such cells would see when this host was too busy to read its own.
  static constexpr Duration kSilence = milliseconds(50);

  LaneReceiver(wire::CellFormat format, size_t reorder_cells, Duration lost_cell_timer,
               CellSizes sizes = CellSizes::one);

  // Before the datagrams that come next the socket had dropped so many, modulo 2^32.
  void handle_drops(uint32_t dropped_before) { dropped_ = dropped_before; }
  // `now`: when the datagram arrived, not when its turn came (association.hh, kReaction).
  Received handle_datagram(Instant now, Bytes datagram);
  // Valid until the next call, of this one, too.
  std::optional<Bytes> poll_packet() { return reassembler_.poll_packet(); }

  // --- from the control side (same thread; drivers pass these through a ring)
  // Replaces the key of the same session, else of the one that it is there instead of, else takes a free
  // place, else that of the oldest session; but never of the current one: answers that get lost cost new
  // keys, never the ones in use.
  void handle_key(ReceiveKey key);
  // Forgets the sessions before `session`: now, or when a datagram comes that arrived then or later, so that
  // which cells are taken does not depend on when this thread hears of it.
  void handle_forget(uint64_t session, Instant from = {INT64_MIN});
  // Forgets that one.
  void handle_unconfirmed(uint64_t session);
  std::unique_ptr<Aead> poll_retired();

  // The newest session that an authentic cell came in; 0 for none.
  uint64_t current_session() const { return current_session_; }
  // When its first cell came; any thread.
  Instant current_session_since() const { return {session_since_ns_.load(std::memory_order_relaxed)}; }
  // When the last cell came that shows that this node was set back to an earlier state, or stood still: one
  // that its clock does not allow yet (peer_pace.hh), or keys that it does not know, where those that it
  // knows have fallen silent (kUnknownCells). Any thread.
  Instant set_back_at() const { return {set_back_ns_.load(std::memory_order_acquire)}; }
  // When the last authentic cell came; any thread.
  Instant last_authentic() const { return heard_.last(); }
  // When the last one came of those that had come by then (heard.hh); any thread.
  Instant heard_by(Instant at) const { return heard_.by(at); }
  // What this side should report to the peer: lost of all expected cells in the last full second, in
  // 65,536ths. Any thread.
  uint16_t loss_65536ths() const { return loss_.load(std::memory_order_relaxed); }
  // What the peer last reported of the other direction. Any thread.
  uint16_t reported_loss_65536ths() const { return reported_loss_.load(std::memory_order_relaxed); }

  const ReceiverCounters& counters() const { return counters_; }
  const ReassemblyCounters& reassembly() const { return reassembler_.counters(); }

 private:
  struct Session {
    std::unique_ptr<Aead> aead;
    Spi spi;
    uint64_t number = 0;
    PeerTimes times{};
    Instant first_by = Instant::never();
    Instant until = Instant::never();
    ReplayWindow window;
  };

  Session* find(Instant now, Spi spi);
  void retire_ended(Instant now);
  bool has_a_cells_size(Bytes datagram) const;
  void retire(Session& session);
  Received handle_current(Instant now, Session& session, Bytes cell, Sequence sequence, uint64_t iv);
  Received handle_other(Instant now, Session& session, Bytes cell, Sequence sequence, uint64_t iv);
  void handle_authentic(Instant now, Session& session, Sequence sequence);
  void handle_unknown(Instant now);
  void note_set_back(Instant now);
  void measure_loss(Instant now);

  wire::CellFormat format_;
  CellSizes sizes_;
  Reassembler reassembler_;
  std::array<Session, kSessions> sessions_;
  std::array<std::unique_ptr<Aead>, kSessions> retired_;
  std::unique_ptr<uint8_t[]> scratch_;  // for cells that may begin a session
  uint64_t current_session_ = 0;
  Instant next_end_ = Instant::never();  // the earliest `until` of them
  PeerPace pace_;                        // of the current session
  Duration silence_{kSilence};
  uint32_t unknown_ = 0;                // cells, since those of known keys fell silent
  uint32_t dropped_ = 0;                // by the socket, before what comes now
  uint32_t dropped_heard_ = 0;          // and before the last cell of these that counts for the silence
  Instant silent_from_{INT64_MIN / 2};  // at the earliest
  std::atomic<int64_t> session_since_ns_{INT64_MIN / 2};
  Heard heard_;
  std::atomic<int64_t> set_back_ns_{INT64_MIN};
  std::atomic<uint16_t> loss_{0};
  std::atomic<uint16_t> reported_loss_{0};
  Instant loss_since_{INT64_MIN / 2};
  uint64_t cells_at_ = 0;
  uint64_t lost_at_ = 0;
  ReceiverCounters counters_;
};

}  // namespace cuttle
