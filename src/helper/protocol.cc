#include "helper/protocol.hh"

#include <limits>
#include <vector>

#include "base/byte_stream.hh"

namespace cuttle::helper {

namespace {

constexpr char kRequestMark = '\xC7';
constexpr char kAnswerMark = '\xC8';
constexpr size_t kMaxFlags = 1 << 16;

bool takes_number(Step step) {
  return step == Step::open_lanes || step == Step::open_unknown_sources || step == Step::open_link ||
         step == Step::link_is_up;
}

uint8_t* bytes_at(char* at) {
  return reinterpret_cast<uint8_t*>(at);
}
const uint8_t* bytes_at(const char* at) {
  return reinterpret_cast<const uint8_t*>(at);
}

std::string flags_bytes(const std::vector<bool>& flags) {
  std::string bytes;
  for (const bool flag : flags) bytes += flag ? '\1' : '\0';
  return bytes;
}

std::optional<std::vector<bool>> parse_flags(std::string_view bytes) {
  if (bytes.size() > kMaxFlags) return std::nullopt;
  std::vector<bool> flags;
  for (const char byte : bytes) {
    if (byte != '\0' && byte != '\1') return std::nullopt;
    flags.push_back(byte == '\1');
  }
  return flags;
}

bool read32(ByteReader& in, uint32_t& value) {
  const uint64_t number = in.number();
  value = static_cast<uint32_t>(number);
  return number <= std::numeric_limits<uint32_t>::max();
}

// In the order in which they are sent.
std::vector<uint64_t GuardStatus::*> numbers_of_guard() {
  return {&GuardStatus::unshaped_dropped_in, &GuardStatus::unshaped_dropped_out,
          &GuardStatus::checksum_wrong};
}

bool read_rules(ByteReader& in, InstantRules& rules) {
  const uint64_t kind = in.number();
  const uint64_t delta_ns = in.number();
  if (kind > static_cast<uint64_t>(InstantQueueKind::etf_of_card) || delta_ns > INT32_MAX) return false;
  rules.kind = static_cast<InstantQueueKind>(kind);
  rules.delta = {static_cast<int64_t>(delta_ns)};
  return read32(in, rules.priority);
}

}  // namespace

RequestBytes to_bytes(const Request& request) {
  RequestBytes bytes{kRequestMark, static_cast<char>(request.step)};
  store_be16(bytes_at(&bytes[2]), request.number);
  return bytes;
}

std::optional<Request> parse_request(std::string_view bytes) {
  if (bytes.size() != kRequestBytes || bytes[0] != kRequestMark) return std::nullopt;
  const auto step = static_cast<uint8_t>(bytes[1]);
  if (step == 0 || step > static_cast<uint8_t>(kLastStep)) return std::nullopt;
  const Request request{static_cast<Step>(step), load_be16(bytes_at(&bytes[2]))};
  if (request.number != 0 && !takes_number(request.step)) return std::nullopt;
  return request;
}

AnswerHeadBytes to_bytes(const AnswerHead& head) {
  AnswerHeadBytes bytes{kAnswerMark, static_cast<char>(head.done ? 1 : 0)};
  store_be32(bytes_at(&bytes[4]), head.descriptors);
  store_be64(bytes_at(&bytes[8]), head.bytes);
  return bytes;
}

std::optional<AnswerHead> parse_answer_head(std::string_view bytes) {
  if (bytes.size() != kAnswerHeadBytes || bytes[0] != kAnswerMark) return std::nullopt;
  if ((bytes[1] != 0 && bytes[1] != 1) || bytes[2] != 0 || bytes[3] != 0) return std::nullopt;
  const AnswerHead head{bytes[1] == 1, load_be32(bytes_at(&bytes[4])), load_be64(bytes_at(&bytes[8]))};
  if (head.descriptors > kMaxAnswerDescriptors || head.bytes > kMaxAnswerBytes) return std::nullopt;
  if (!head.done && head.descriptors > 0) return std::nullopt;
  return head;
}

std::string to_bytes(const OpenPeers& open) {
  return flags_bytes(open);
}
std::optional<OpenPeers> parse_open_peers(std::string_view bytes) {
  return parse_flags(bytes);
}

std::string to_bytes(const GuardStatus& status) {
  ByteWriter out;
  for (const auto number : numbers_of_guard()) out.number(status.*number);
  out.string(status.way_trouble);
  return out.take();
}

std::optional<GuardStatus> parse_guard_status(std::string_view bytes) {
  ByteReader in(bytes);
  GuardStatus status;
  for (const auto number : numbers_of_guard()) status.*number = in.number();
  status.way_trouble = in.string();
  return in.at_end() ? std::optional(std::move(status)) : std::nullopt;
}

std::string counters_bytes(const std::vector<bool>& has_counter) {
  return flags_bytes(has_counter);
}
std::optional<std::vector<bool>> parse_counters(std::string_view bytes) {
  return parse_flags(bytes);
}

std::string to_bytes(const LaneNotes& notes) {
  ByteWriter out;
  out.string(notes.underlay);
  out.number(notes.cut_by_cpu ? 1 : 0);
  out.string(flags_bytes(notes.has_counter));
  return out.take();
}

std::optional<LaneNotes> parse_lane_notes(std::string_view bytes) {
  ByteReader in(bytes);
  LaneNotes notes;
  notes.underlay = in.string();
  const uint64_t cut_by_cpu = in.number();
  notes.cut_by_cpu = cut_by_cpu == 1;
  auto has_counter = parse_flags(in.string());
  if (!in.at_end() || cut_by_cpu > 1 || !has_counter) return std::nullopt;
  notes.has_counter = std::move(*has_counter);
  return notes;
}

std::string to_bytes(const QueueDoors& doors) {
  ByteWriter out;
  size_t size = 16 + doors.why_not.size();
  for (const QueueDoor& door : doors.queues) {
    size += 56 + door.underlay.size() + 8 * door.cell_bytes.size() + DrawKey::kSize;
  }
  out.reserve(size);
  out.string(doors.why_not);
  out.number(doors.queues.size());
  for (const QueueDoor& door : doors.queues) {
    out.number(door.shard);
    out.string(door.underlay);
    out.number(door.cell_bytes.size());
    for (const uint32_t bytes : door.cell_bytes) out.number(bytes);
    out.key(door.draw_key.bytes());
    out.number(door.index);
    out.number(static_cast<uint64_t>(door.instants.kind));
    out.number(static_cast<uint64_t>(door.instants.delta.ns));
    out.number(door.instants.priority);
  }
  return out.take();
}

std::optional<QueueDoors> parse_queue_doors(std::string_view bytes) {
  ByteReader in(bytes);
  QueueDoors doors;
  doors.why_not = in.string();
  for (uint64_t count = in.number(); count > 0 && in.good(); --count) {
    QueueDoor door;
    bool fits = read32(in, door.shard);
    door.underlay = in.string();
    const uint64_t sizes = in.number();
    if (sizes == 0 || sizes > in.left() / 8) return std::nullopt;
    door.cell_bytes.resize(sizes);
    for (uint32_t& bytes : door.cell_bytes) fits &= read32(in, bytes);
    door.draw_key = DrawKey(in.key<DrawKey::kSize>());
    fits &= read32(in, door.index) && read_rules(in, door.instants);
    if (!fits) return std::nullopt;
    doors.queues.push_back(std::move(door));
  }
  return in.at_end() ? std::optional(std::move(doors)) : std::nullopt;
}

std::string to_bytes(const LookNotes& notes) {
  ByteWriter out;
  out.string(flags_bytes(notes.anew));
  for (const QueueLook& look : notes.looks) {
    out.string(look.trouble);
    out.string(look.underlay);
    out.number(look.index);
    out.number(look.dropped);
  }
  return out.take();
}

std::optional<LookNotes> parse_look_notes(std::string_view bytes) {
  ByteReader in(bytes);
  LookNotes notes;
  auto anew = parse_flags(in.string());
  if (!anew) return std::nullopt;
  notes.anew = std::move(*anew);
  while (in.good() && notes.looks.size() < notes.anew.size()) {
    QueueLook look;
    look.trouble = in.string();
    look.underlay = in.string();
    if (!read32(in, look.index)) return std::nullopt;
    look.dropped = in.number();
    notes.looks.push_back(std::move(look));
  }
  return in.at_end() ? std::optional(std::move(notes)) : std::nullopt;
}

}  // namespace cuttle::helper
