#include "engine/relay_node.hh"

#include <algorithm>

#include "engine/lane.hh"

namespace cuttle {

namespace {

constexpr size_t kPlaces = 2048;          // packets that wait, on each of the two threads
constexpr size_t kMaxPacketBytes = 9216;  // longer inner packets are not relayed
// Packets wait so long for their turn at a relay, and for those before them at the destination; the second is
// longer, because a packet can wait at the source, too.
constexpr Duration kForwardWait = milliseconds(15);
constexpr Duration kHold = milliseconds(30);
constexpr int kSlotsOnTheWay = 12;  // or so many slots, where those are longer
constexpr size_t kLongPacketBytes = 65535;
constexpr size_t kMaxHeld = 512;  // packets of one source, at the most
constexpr size_t kMinQueuePackets = 8;

size_t place_bytes(const RelaySettings& settings) {
  return std::min(settings.inner_mtu, kMaxPacketBytes) + wire::kRelayOverheadBytes;
}

}  // namespace

static_assert(relay::Ways::kMax == wire::RelayReport::kMaxCounts);

size_t data_bytes_in(const SlotPlan& plan, const wire::CellFormat& format, Duration duration) {
  const auto period = std::max<int64_t>(plan.period().ns, 1);
  return static_cast<size_t>(duration.ns) * plan.cells_per_slot * format.data_bytes() /
         static_cast<size_t>(period);
}

Lane* lane_with_number(std::span<Lane* const> lanes, uint64_t number) {
  for (Lane* lane : lanes) {
    if (lane->relay->numbers.is_present(number)) return lane;
  }
  for (Lane* lane : lanes) {
    if (lane->relay->numbers.contains(number)) return lane;
  }
  return nullptr;
}

RelayNode::RelayNode(const RelaySettings& settings)
    : settings_(settings),
      own_(settings.own_key),
      passed_on_(place_bytes(settings), kPassedOnCapacity),
      packing_(settings, own_, passed_on_),
      receiving_(settings, own_, passed_on_) {}

RelayPacking::RelayPacking(const RelaySettings& settings, const KeyNumbers& own, PacketRing& passed_on)
    : settings_(settings),
      own_(own),
      passed_on_(passed_on),
      pool_(kPlaces, place_bytes(settings)),
      whole_(kLongPacketBytes + wire::kRelayIpBytes),
      piece_(kLongPacketBytes + wire::kRelayIpBytes),
      sealed_(place_bytes(settings)) {}

RelayReceiving::RelayReceiving(const RelaySettings& settings, const KeyNumbers& own, PacketRing& passed_on)
    : own_(own),
      passed_on_(passed_on),
      pool_(kPlaces, place_bytes(settings)),
      opened_(kLongPacketBytes + wire::kRelayIpBytes) {}

std::unique_ptr<RelayPost> RelayNode::make_post(std::string site, const SlotPlan& plan,
                                                const wire::CellFormat& format) {
  const Duration slots = plan.period() * kSlotsOnTheWay;
  const Duration wait = std::max(kForwardWait, slots);
  // The longest packet that may be before it, which a source does not cut.
  const auto long_ns = static_cast<int64_t>(kLongPacketBytes * 1'000'000'000 /
                                            std::max<size_t>(data_bytes_in(plan, format, seconds(1)), 1));
  const Duration hold = std::max(kHold, slots * 2 + Duration{long_ns});
  const size_t queue_bytes =
      std::max(data_bytes_in(plan, format, wait), kMinQueuePackets * place_bytes(settings_));
  auto post = std::make_unique<RelayPost>(*this, std::move(site));
  post->packer = std::make_unique<RelayPackerSide>(packing_.pool_, packing_.sources_, queue_bytes, wait,
                                                   settings_.share_percent);
  post->receiver = std::make_unique<RelayReceiverSide>(receiving_.pool_, kMaxHeld, hold);
  return post;
}

}  // namespace cuttle
