#include "plan/replay.hh"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>

#include "base/bytes.hh"
#include "link/packer.hh"
#include "link/slot_ring.hh"

namespace cuttle::plan {

namespace {

constexpr size_t kRingSlots = 256;
// Before the deadline a train is sealed; what comes later goes into the next one (node/pacing.hh).
constexpr Duration kSealOneCell = nanoseconds(850);
// A load that asks for more than the rate never ends by itself.
constexpr Duration kPatience = seconds(30);
constexpr size_t kSmallestPacket = 20;

class LinkReplay {
 public:
  LinkReplay(const LinkLoad& load, const SlotPlan& plan, uint32_t cell_bytes)
      : load_(load),
        plan_(plan),
        ring_(wire::CellFormat(cell_bytes), kRingSlots),
        packer_(ring_),
        schedule_(plan, Instant{} + milliseconds(1), 1) {
    waits_.reserve(load.arrivals.size());
  }

  Replay run() {
    const Instant end = Instant{} + load_.span;
    while (next_ < load_.arrivals.size() || !inside_.empty()) {
      if (schedule_.deadline() > end + kPatience) {
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
    if (!inside_.empty() || next_ >= load_.arrivals.size()) return;
    const Instant arrival = load_.arrivals[next_].at;
    if (arrival <= schedule_.deadline()) return;
    idle_slots_ += schedule_.skip_missed(arrival);
  }

  void slot() {
    const Instant deadline = schedule_.deadline();
    const Instant sealed = deadline - kSealOneCell * plan_.cells_per_slot;
    pack_until(sealed);
    uint32_t taken = 0;
    while (taken < plan_.cells_per_slot && ring_.take() != nullptr) {
      ring_.release();
      ++taken;
    }
    payloads_taken_ += taken;
    while (!inside_.empty() && inside_.front().payload < payloads_taken_) {
      waits_.push_back((deadline - inside_.front().arrived).ns);
      inside_.pop_front();
    }
    ++slots_;
    if (ring_.waiting() > 0 || has_arrived(sealed)) ++saturated_slots_;
    schedule_.advance();
  }

  bool has_arrived(Instant now) const {
    return next_ < load_.arrivals.size() && load_.arrivals[next_].at <= now;
  }

  void pack_until(Instant now) {
    while (has_arrived(now) && packer_.has_room()) {
      const Arrival& arrival = load_.arrivals[next_++];
      packer_.handle_copy(packet(arrival.bytes));
      inside_.push_back({arrival.at, payloads_taken_ + ring_.waiting() - 1});
    }
  }

  // An IPv4 packet as far as the packer looks: its version and its length.
  Bytes packet(uint32_t bytes) {
    const size_t size = std::clamp<size_t>(bytes, kSmallestPacket, Packer::kLargestPacketBytes);
    packet_[0] = 0x45;
    store_be16(packet_.data() + 2, static_cast<uint16_t>(size));
    return {packet_.data(), size};
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
    if (rest.ns > 0) idle_slots_ += static_cast<uint64_t>(rest.ns / plan_.period().ns);
    result_.packets = waits_.size();
    result_.waits = {percentile(0.5), percentile(0.99), percentile(1)};
    const double all = static_cast<double>(slots_ + idle_slots_);
    if (all > 0) {
      result_.saturated = static_cast<double>(saturated_slots_) / all;
      result_.used = static_cast<double>(payloads_taken_) / (all * plan_.cells_per_slot);
    }
    return result_;
  }

  struct Packed {
    Instant arrived;
    uint64_t payload;  // that holds its last byte
  };

  const LinkLoad& load_;
  SlotPlan plan_;
  SlotRing ring_;
  Packer packer_;
  Schedule schedule_;
  size_t next_ = 0;
  uint64_t payloads_taken_ = 0;
  uint64_t slots_ = 0;
  uint64_t idle_slots_ = 0;
  uint64_t saturated_slots_ = 0;
  std::deque<Packed> inside_;
  std::vector<int64_t> waits_;
  std::array<uint8_t, 65536> packet_{};
  Replay result_;
};

}  // namespace

Replay replay(const LinkLoad& load, const SlotPlan& plan, uint32_t cell_bytes) {
  return std::make_unique<LinkReplay>(load, plan, cell_bytes)->run();
}

}  // namespace cuttle::plan
