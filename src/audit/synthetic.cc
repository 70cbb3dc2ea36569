#include "audit/synthetic.hh"

#include <algorithm>
#include <cmath>
#include <deque>

#include "base/check.hh"
#include "base/random.hh"

namespace cuttle::audit {

namespace {

constexpr int64_t kStartNs = 1'700'000'000'000'000'000;
constexpr const char* kAddresses[] = {"10.77.0.11", "10.77.0.12"};
constexpr double kCellTimeNs = 1'500;  // from one cell of a train to the next
constexpr double kOddSizeShare = 1.0 / 10'000;
constexpr double kSkippedShare = 1.0 / 1'500;  // of the slots under load
constexpr double kBurstShare = 1.0 / 1'500;    // of the slots under load
constexpr uint64_t kPauseSlots = 3;
constexpr double kDelayNs = 20'000;
constexpr double kPreemptedShare = 1.0 / 2'000;  // of the slots, loaded or not
constexpr double kPreemptionNs = 150'000;
constexpr double kClockDrift = 4e-6;
constexpr double kDeficit = 1e-3;
constexpr double kDrift = 20e-6;
constexpr uint32_t kMinDrawn = 9;
constexpr uint32_t kMaxDrawn = 25;
constexpr double kMeanDrawn = (kMinDrawn + kMaxDrawn) / 2.0;
constexpr double kLatenessNs = 20'000;  // of trains of drawn lengths, in the mean; exponentially distributed
constexpr uint64_t kRekeySlots = 60'000;
constexpr double kForeignEveryNs = 60e9;

double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * M_PI * random.unit());
}

class SyntheticSource : public capture::PacketSource {
 public:
  SyntheticSource(const SyntheticOptions& options, std::vector<capture::Span> spans, size_t node)
      : options_(options), spans_(std::move(spans)), node_(node), own_(options.seed * 7919 + node) {
    length_ns_ = static_cast<double>((spans_.back().end - spans_.front().start).ns);
    template_.source = *IpAddress::parse(kAddresses[node]);
    template_.destination = *IpAddress::parse(kAddresses[1 - node]);
    template_.protocol = capture::kProtocolUdp;
    template_.source_port = template_.destination_port = 4410;
  }

  // Keeps what is drawn from now on.
  void record_draws(Releases& drawn) { drawn_ = &drawn; }

  Result<bool> next(capture::PacketRecord& record) override {
    while (ready_.empty() && elapsed_ns_ < length_ns_) send_slot();
    if (ready_.empty()) return false;
    record = ready_.front();
    ready_.pop_front();
    count_time(record.time);
    ++counts_.ip;
    return true;
  }

  double fraction_read() const override { return elapsed_ns_ / length_ns_; }

 private:
  // What the host does to both nodes at once; drawn from the slot's number, so that both see the same.
  double shared_noise(uint64_t slot) const {
    Random random(options_.seed * 1'000'003 + slot);
    double noise = normal(random) * options_.noise_ns * std::sqrt(2.0 / 3);
    if (random.chance(kPreemptedShare)) noise += -std::log(1 - random.unit()) * kPreemptionNs;
    return noise;
  }

  void send_slot() {
    const double since_start = elapsed_ns_;
    const capture::Span* span = find_span(spans_, Instant{kStartNs + static_cast<int64_t>(since_start)});
    const bool loaded = span != nullptr && span->label != "idle";
    // All draws are made whatever the leak, so that a leak changes nothing but itself.
    const double noise = shared_noise(slot_) + normal(own_) * options_.noise_ns * std::sqrt(1.0 / 3);
    const bool skip_drawn = own_.chance(kSkippedShare);
    const bool pause_drawn = own_.chance(kBurstShare);
    const double lateness = -std::log(1 - own_.unit());
    const bool drawn =
        options_.drawn_lengths || (options_.leak == Leak::behind_draws && !options_.drawn_instants);
    const uint32_t length =
        drawn ? kMinDrawn + static_cast<uint32_t>(own_.below(kMaxDrawn - kMinDrawn + 1)) : options_.cells;
    const uint64_t this_slot = slot_++;

    double gap = static_cast<double>(options_.slot.ns);
    if (drawn) gap *= length / kMeanDrawn;
    if (options_.leak == Leak::deficit && loaded) gap *= 1 + kDeficit;
    if (options_.leak == Leak::drift && loaded) gap *= 1 + kDrift;
    elapsed_ns_ += gap;

    double due = since_start * (1 + kClockDrift) + 300'000;
    if (options_.drawn_instants) due += own_.unit() * gap;
    if (drawn_ != nullptr) drawn_->add(kStartNs + static_cast<int64_t>(due), length);
    due += noise;
    if (options_.leak == Leak::delay && loaded) due += kDelayNs;
    if (drawn || options_.drawn_instants)
      due += lateness * (options_.leak == Leak::behind_draws && loaded ? 2 : 1) * kLatenessNs;
    if (options_.leak == Leak::skipped_slot && loaded && skip_drawn) return;
    if (options_.leak == Leak::burst && loaded && pause_drawn && paused_ == 0) paused_ = kPauseSlots + 1;
    uint32_t cells = length;
    if (paused_ > 0) {
      --paused_;
      if (paused_ > 0) {
        owed_ += length;
        return;
      }
      cells += std::exchange(owed_, 0);
    }
    send_train(kStartNs + static_cast<int64_t>(due), cells, this_slot);
    if (options_.leak == Leak::foreign_packet && since_start >= next_foreign_ns_) send_foreign();
  }

  void send_train(int64_t at_ns, uint32_t cells, uint64_t slot) {
    const uint64_t session = slot / kRekeySlots;
    if (session != session_) session_ = session, sequence_ = 0;
    double at = static_cast<double>(std::max(at_ns, last_ns_ + 5'000) - kStartNs);
    for (uint32_t i = 0; i < cells; ++i) {
      capture::PacketRecord cell = template_;
      cell.time = Instant{kStartNs + static_cast<int64_t>(at)};
      const bool odd = own_.chance(kOddSizeShare);
      cell.udp_payload_bytes = options_.leak == Leak::odd_size && odd ? 1468 : 1472;
      cell.ip_bytes = cell.udp_payload_bytes + 28;
      cell.esp = capture::EspHeader{Spi{static_cast<uint32_t>(0x1000 + 16 * session_ + node_)},
                                    Sequence{++sequence_}};
      last_ns_ = cell.time.ns;
      ready_.push_back(cell);
      at += kCellTimeNs + 200 * std::fabs(normal(own_));
    }
  }

  void send_foreign() {
    next_foreign_ns_ += kForeignEveryNs;
    if (node_ != 0) return;
    capture::PacketRecord packet = template_;
    packet.time = Instant{last_ns_ += 50'000};
    packet.protocol = capture::kProtocolTcp;
    packet.source_port = 6800;
    packet.ip_bytes = 52;
    ready_.push_back(packet);
  }

  SyntheticOptions options_;
  std::vector<capture::Span> spans_;
  size_t node_;
  Random own_;
  capture::PacketRecord template_;
  std::deque<capture::PacketRecord> ready_;
  Releases* drawn_ = nullptr;
  double length_ns_ = 0;
  double elapsed_ns_ = 0;  // when the next slot is due
  uint64_t slot_ = 0;
  uint64_t session_ = 0;
  uint32_t sequence_ = 0;
  uint64_t paused_ = 0;
  uint32_t owed_ = 0;
  int64_t last_ns_ = 0;
  double next_foreign_ns_ = kForeignEveryNs / 2;
};

std::vector<capture::Span> draw_spans(const SyntheticOptions& options) {
  std::vector<const char*> order;
  for (uint32_t i = 0; i < options.blocks_a_class; ++i) order.insert(order.end(), {"idle", "busy"});
  Random random(options.seed ^ 0xb10c5);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<capture::Span> spans;
  Instant at{kStartNs};
  for (const char* label : order) {
    spans.push_back({at, at + options.block, label, spans.size() + 2});
    at = at + options.block;
  }
  return spans;
}

}  // namespace

std::string leak_name(Leak leak) {
  constexpr const char* kNames[] = {"none",
                                    "a size that differs in one cell in 10,000",
                                    "a slot skipped under load",
                                    "a delay of 20 us under load in 30 us of noise",
                                    "a burst after a pause",
                                    "one foreign packet a minute",
                                    "a deficit of one slot in a thousand under load",
                                    "a drift of the mean gap by 20 ppm under load",
                                    "20 us of lateness under load, behind gaps that go with drawn lengths"};
  return kNames[static_cast<size_t>(leak)];
}

std::vector<ScheduledLink> synthetic_schedule(const SyntheticOptions& options) {
  std::vector<ScheduledLink> links;
  for (size_t node = 0; node < 2; ++node) {
    links.push_back({{node, 1 - node}, {}});
    SyntheticSource source(options, draw_spans(options), node);
    source.record_draws(links.back().drawn);
    capture::PacketRecord record;
    while (*source.next(record)) continue;
  }
  return links;
}

SyntheticTrace synthetic_trace(const SyntheticOptions& options) {
  auto nodes = capture::NodeList::parse("a=10.77.0.11,b=10.77.0.12");
  CUTTLE_CHECK(nodes.has_value(), "the made-up nodes are well-formed");
  SyntheticTrace trace{{}, draw_spans(options), std::move(*nodes)};
  for (size_t node = 0; node < 2; ++node) {
    trace.inputs.push_back(
        {"made-up egress of node " + trace.nodes.at(node).name,
         [options, spans = trace.spans, node]() -> Result<std::unique_ptr<capture::PacketSource>> {
           return std::make_unique<SyntheticSource>(options, spans, node);
         }});
  }
  return trace;
}

}  // namespace cuttle::audit
