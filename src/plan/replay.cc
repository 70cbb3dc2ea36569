#include "plan/replay.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/bytes.hh"
#include "base/check.hh"
#include "link/packer.hh"
#include "link/reassembler.hh"
#include "plan/senders.hh"

namespace cuttle::plan {

namespace {

// A load that asks for more than the rate never ends by itself.
constexpr Duration kLongestBacklog = seconds(30);
constexpr uint64_t kSeed = 1;

// A packet as far as the core looks at it, IPv4 and UDP with the flow as its ports, and then its number.
constexpr size_t kPortsAt = 20;
constexpr size_t kNumberAt = 24;
constexpr size_t kSmallestPacket = kNumberAt + 4;

class LinkReplay {
 public:
  LinkReplay(const LinkLoad& load, const SlotPlan& plan, uint32_t cell_bytes, Duration seal_one_cell)
      : load_(load),
        plan_(plan),
        seal_one_cell_(seal_one_cell),
        format_(cell_bytes),
        sizes_(lane_sizes(plan, format_)),
        ring_(format_, sizes_.ring_slots),
        packer_(ring_, sizes_, kSeed),
        reassembler_(format_, sizes_.reorder_cells, sizes_.lost_cell_timer),
        schedule_(plan, Instant{} + milliseconds(1), kSeed) {
    waits_.reserve(load.arrivals.size());
  }

  Replay run() {
    const Instant end = Instant{} + load_.span;
    while (waits_.size() < load_.arrivals.size()) {
      if (schedule_.deadline() > end + kLongestBacklog) {
        result_.keeps_up = false;
        break;
      }
      skip_silence();
      slot();
    }
    return finish();
  }

 private:
  // Nothing waits: on to the slot before the next packet. All cells until then are dummies.
  void skip_silence() {
    if (waits_.size() < next_) return;
    const Instant arrival = load_.arrivals[next_].at;
    if (arrival <= schedule_.deadline()) return;
    idle_slots_ += schedule_.skip_missed(arrival);
  }

  void slot() {
    const Instant deadline = schedule_.deadline();
    const Instant sealed = deadline - seal_one_cell_ * plan_.cells_per_release();
    take_in(sealed);
    const bool more_waits = packer_.handle_waiting();
    for (uint32_t taken = 0; taken < plan_.cells_per_release(); ++taken) {
      const uint8_t* payload = ring_.take();
      if (payload == nullptr) break;
      arrive(deadline, payload);
      ring_.release();
    }
    ++slots_;
    if (more_waits || ring_.waiting() > 0 || !senders_.empty()) ++saturated_slots_;
    schedule_.advance();
  }

  bool has_arrived(Instant now) const {
    return next_ < load_.arrivals.size() && load_.arrivals[next_].at <= now;
  }

  void take_in(Instant now) {
    for (; has_arrived(now); ++next_) {
      if (senders_.empty() && enter(next_)) continue;
      senders_.handle_packet(load_.arrivals[next_].flow, next_);
      ++result_.held_back;
    }
    while (!senders_.empty() && enter(senders_.poll_front())) senders_.handle_taken();
  }

  // Into the link's queue, unless it has no room.
  bool enter(size_t number) {
    const Bytes content = packet(number);
    if (!packer_.has_queue_room(content.size())) return false;
    packer_.handle_copy(content);
    packer_.handle_waiting();
    senders_.handle_entered(load_.arrivals[number].flow, content.size());
    return true;
  }

  Bytes packet(size_t number) {
    const Arrival& arrival = load_.arrivals[number];
    const size_t size = std::clamp<size_t>(arrival.bytes, kSmallestPacket, RingWriter::kLargestPacketBytes);
    packet_[0] = 0x45;
    packet_[9] = 17;
    store_be16(packet_.data() + 2, static_cast<uint16_t>(size));
    store_be32(packet_.data() + kPortsAt, arrival.flow);
    store_be32(packet_.data() + kNumberAt, static_cast<uint32_t>(number));
    return {packet_.data(), size};
  }

  // At the other end, without the way between.
  void arrive(Instant released, const uint8_t* payload) {
    const Sequence sequence{static_cast<uint32_t>(++payloads_taken_)};
    std::memcpy(reassembler_.poll_room(sequence), payload, format_.payload_bytes());
    reassembler_.handle_payload(released, sequence);
    while (const auto whole = reassembler_.poll_packet()) {
      const size_t number = load_be32(whole->data() + kNumberAt);
      CUTTLE_CHECK(number < load_.arrivals.size(), "a packet that was sent");
      senders_.handle_left(load_.arrivals[number].flow, whole->size());
      waits_.push_back((released - load_.arrivals[number].at).ns);
    }
  }

  Duration percentile(double share) {
    if (waits_.empty()) return {};
    const auto place = static_cast<ptrdiff_t>(share * static_cast<double>(waits_.size() - 1));
    std::nth_element(waits_.begin(), waits_.begin() + place, waits_.end());
    return {waits_[static_cast<size_t>(place)]};
  }

  Replay finish() {
    // After the last packet, dummies until the end.
    const Duration rest = Instant{} + load_.span - schedule_.deadline();
    if (rest.ns > 0)
      idle_slots_ += static_cast<uint64_t>(rest.ns / plan_.period().ns) * plan_.releases_per_slot();
    result_.packets = waits_.size();
    result_.waits = {percentile(0.5), percentile(0.99), percentile(1)};
    const double all = static_cast<double>(slots_ + idle_slots_);
    if (all > 0) {
      result_.saturated = static_cast<double>(saturated_slots_) / all;
      result_.used = static_cast<double>(payloads_taken_) / (all * plan_.cells_per_release());
    }
    return result_;
  }

  const LinkLoad& load_;
  SlotPlan plan_;
  // Before the deadline a train is sealed; what comes later goes into the next one (engine/pacing.hh).
  Duration seal_one_cell_;
  wire::CellFormat format_;
  LaneSizes sizes_;
  SlotRing ring_;
  Packer packer_;
  Reassembler reassembler_;
  Schedule schedule_;
  Senders senders_;
  size_t next_ = 0;  // the packet that comes next
  uint64_t payloads_taken_ = 0;
  uint64_t slots_ = 0;
  uint64_t idle_slots_ = 0;
  uint64_t saturated_slots_ = 0;
  std::vector<int64_t> waits_;  // of the packets that left
  std::array<uint8_t, 65536> packet_{};
  Replay result_;
};

}  // namespace

Replay replay(const LinkLoad& load, const SlotPlan& plan, uint32_t cell_bytes, Duration seal_one_cell) {
  return std::make_unique<LinkReplay>(load, plan, cell_bytes, seal_one_cell)->run();
}

}  // namespace cuttle::plan
