// What an agent and its privileged helper say to each other. The agent asks for one step at a time, and gets
// one answer to each. A request names a step and, for some, a small number; nothing else, so that whoever
// takes over the agent can say nothing else either. Pure.
//
//   request   4 bytes: 0xC7, step, number (16 bits, big-endian; 0 where the step takes none)
//   answer    a head of 16 bytes: 0xC8, 1 (done) or 0 (refused), 2 bytes of 0, descriptors (32 bits),
//             bytes (64 bits), all big-endian; then the bytes, in messages of at most 32 KiB; then the
//             descriptors, at most 64 with each message of one byte (0). Refused: the bytes are the reason.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hh"
#include "control/status.hh"
#include "node/machine.hh"

namespace cuttle::helper {

// The methods of Machine (node/machine.hh) that are not answered by the agent's side alone.
enum class Step : uint8_t {
  read_configuration = 1,
  close_all,
  open_lanes,            // number: the peer
  open_unknown_sources,  // number: how many the agent has
  open_link,             // number: the peer
  settle,
  begin_change,
  close_wanted,
  abandon_change,
  withdraw,
  finish_change,
  link_is_up,  // number: the peer
  guard_status,
  confirm,
  take_back,
  set_up_queues,
  look_at_queues,
  confine,
  handle_end,
};
inline constexpr auto kLastStep = Step::handle_end;

struct Request {
  Step step = Step::guard_status;
  uint16_t number = 0;

  bool operator==(const Request&) const = default;
};
inline constexpr size_t kRequestBytes = 4;
using RequestBytes = std::array<char, kRequestBytes>;

RequestBytes to_bytes(const Request& request);
// Nothing but what to_bytes() makes.
std::optional<Request> parse_request(std::string_view bytes);

struct AnswerHead {
  bool done = false;
  uint32_t descriptors = 0;
  uint64_t bytes = 0;

  bool operator==(const AnswerHead&) const = default;
};
inline constexpr size_t kAnswerHeadBytes = 16;
// A configuration of the largest size with all its keys is below; so are the descriptors of 255 lanes, three
// each, and of a queue for each of many shards and interfaces.
inline constexpr uint64_t kMaxAnswerBytes = 8 << 20;
inline constexpr uint32_t kMaxAnswerDescriptors = 4096;
using AnswerHeadBytes = std::array<char, kAnswerHeadBytes>;

AnswerHeadBytes to_bytes(const AnswerHead& head);
std::optional<AnswerHead> parse_answer_head(std::string_view bytes);

// --- The bytes of some answers.

std::string to_bytes(const OpenPeers& open);
std::optional<OpenPeers> parse_open_peers(std::string_view bytes);

std::string to_bytes(const GuardStatus& status);
std::optional<GuardStatus> parse_guard_status(std::string_view bytes);

// Which of some sockets have a counter, whose descriptor then follows the socket's (size_filter.hh).
std::string counters_bytes(const std::vector<bool>& has_counter);
std::optional<std::vector<bool>> parse_counters(std::string_view bytes);

// What LaneDoors hold beside their descriptors: these are the queue's, the socket's and its counter's.
struct LaneNotes {
  std::string underlay;  // one for all lanes of a link, as is what follows
  bool cut_by_cpu = false;
  std::vector<bool> has_counter;

  bool operator==(const LaneNotes&) const = default;
};
std::string to_bytes(const LaneNotes& notes);
std::optional<LaneNotes> parse_lane_notes(std::string_view bytes);

// Without descriptors: each queue with a device has one, its late map. The bytes hold keys: wipe them.
std::string to_bytes(const QueueDoors& doors);
std::optional<QueueDoors> parse_queue_doors(std::string_view bytes);

// Without descriptors; `anew`: which ones have one, their late map.
struct LookNotes {
  std::vector<QueueLook> looks;
  std::vector<bool> anew;
};
std::string to_bytes(const LookNotes& notes);
std::optional<LookNotes> parse_look_notes(std::string_view bytes);

}  // namespace cuttle::helper
