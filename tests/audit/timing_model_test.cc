// What is computed from packets' times: the port, the slots, the phases.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "audit/link_features.hh"
#include "audit/port_model.hh"
#include "audit/slot_structure.hh"
#include "audit/survey.hh"
#include "base/random.hh"

namespace cuttle::audit {
namespace {

class ListSource : public capture::PacketSource {
 public:
  explicit ListSource(std::vector<capture::PacketRecord> records) : records_(std::move(records)) {}
  Result<bool> next(capture::PacketRecord& record) override {
    if (at_ == records_.size()) return false;
    record = records_[at_++];
    count_time(record.time);
    return true;
  }

 private:
  std::vector<capture::PacketRecord> records_;
  size_t at_ = 0;
};

std::vector<int64_t> times_behind(const char* rate, const std::vector<int64_t>& times_ns) {
  std::vector<capture::PacketRecord> records;
  for (const int64_t t : times_ns) {
    capture::PacketRecord record;
    record.time = Instant{1'700'000'000'000'000'000 + t};
    record.source = *IpAddress::parse("10.0.0.1");
    record.ip_bytes = 1500;
    records.push_back(record);
  }
  const auto source = behind_port(std::make_unique<ListSource>(records), *LineRate::parse(rate));
  std::vector<int64_t> result;
  capture::PacketRecord record;
  while (*source->next(record)) result.push_back(record.time.ns - 1'700'000'000'000'000'000);
  return result;
}

TEST(PortModel, TrainsLeaveAtTheLineRate) {
  // 1,500 + 14 + 24 bytes at 10 Gb/s: 1,230.4 ns. The third is late anyhow and is not moved.
  EXPECT_EQ(times_behind("10G", {0, 300, 5'000, 5'001, 5'002}),
            (std::vector<int64_t>{0, 1'230, 5'000, 6'230, 7'460}));
  EXPECT_EQ(times_behind("1G", {0, 300}), (std::vector<int64_t>{0, 12'304}));
  EXPECT_EQ(times_behind("raw", {0, 300}), (std::vector<int64_t>{0, 300}));
}

// A train of three that was captured whole, and one of two right behind it.
std::vector<int64_t> train_times_behind(const char* rate) {
  const auto nodes = *capture::NodeList::parse("a=10.0.0.1,b=10.0.0.2");
  const CaptureInput input{"trains", []() -> Result<std::unique_ptr<capture::PacketSource>> {
                             std::vector<capture::PacketRecord> records(2);
                             for (size_t i = 0; i < records.size(); ++i) {
                               capture::PacketRecord& one = records[i];
                               one.time =
                                   Instant{1'700'000'000'000'000'000 + static_cast<int64_t>(i) * 1'000};
                               one.source = *IpAddress::parse("10.0.0.1");
                               one.destination = *IpAddress::parse("10.0.0.2");
                               one.protocol = capture::kProtocolUdp;
                               one.source_port = one.destination_port = 4410;
                               one.udp_payload_bytes = i == 0 ? 3 * 1472 : 2 * 1472;
                               one.ip_bytes = one.udp_payload_bytes + 28;
                             }
                             return std::make_unique<ListSource>(records);
                           }};
  const auto reading = open_reading(input, {&nodes, {}, *LineRate::parse(rate)});
  std::vector<int64_t> result;
  capture::PacketRecord record;
  while (*reading->source->next(record)) {
    EXPECT_EQ(record.ip_bytes, 1500u);
    result.push_back(record.time.ns - 1'700'000'000'000'000'000);
  }
  return result;
}

TEST(PortModel, AWholeTrainIsSerialisedCellByCell) {
  EXPECT_EQ(train_times_behind("10G"), (std::vector<int64_t>{0, 1'230, 2'460, 3'691, 4'921}));
  EXPECT_EQ(train_times_behind("raw"), (std::vector<int64_t>{0, 0, 0, 1'000, 1'000}));
}

TEST(PortModel, APortThatCannotCarryItIsRefused) {
  // 100,000 packets of 1,538 bytes on the line in a second: 1.23 Gb/s.
  std::vector<capture::PacketRecord> records(100'000);
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].time = Instant{1'700'000'000'000'000'000 + static_cast<int64_t>(i) * 10'000};
    records[i].source = *IpAddress::parse("10.0.0.1");
    records[i].ip_bytes = 1500;
  }
  const auto outcome = [&](const char* rate) -> std::string {
    const auto source = behind_port(std::make_unique<ListSource>(records), *LineRate::parse(rate));
    capture::PacketRecord record;
    while (true) {
      const auto more = source->next(record);
      if (!more) return more.error().message;
      if (!*more) return "carried";
    }
  };
  EXPECT_THAT(outcome("1G"), testing::HasSubstr("a port of 1Gb/s cannot carry what 10.0.0.1 sends"));
  EXPECT_EQ(outcome("1.25G"), "carried");
}

TEST(PortModel, RatesAreReadAndRefused) {
  EXPECT_EQ(LineRate::parse("2.5G")->bits_per_second, 2'500'000'000u);
  EXPECT_EQ(LineRate::parse("100M")->to_string(), "100M");
  EXPECT_EQ(LineRate::parse("raw")->to_string(), "raw");
  for (const char* bad : {"", "10", "G", "-1G", "10T", "1M", "2000G", "10Gb", "nan"}) {
    EXPECT_FALSE(LineRate::parse(bad)) << bad;
  }
}

std::vector<int64_t> slots(double period, uint32_t cells, double cell_gap, double jitter, uint64_t seed) {
  Random random(seed);
  std::vector<int64_t> times;
  for (int k = 0; k < 5'000; ++k) {
    double t = k * period + random.unit() * jitter * period;
    for (uint32_t c = 0; c < cells; ++c, t += cell_gap * (1 + 0.3 * random.unit())) {
      times.push_back(static_cast<int64_t>(t));
    }
  }
  std::sort(times.begin(), times.end());
  return times;
}

TEST(SlotStructure, FindsTrainsAndTheirPeriod) {
  for (const double jitter : {0.0, 0.05, 0.5}) {
    const auto found = estimate_slots(slots(250'000, 6, 1'300, jitter, 1));
    EXPECT_EQ(found.cells, 6u) << jitter;
    EXPECT_NEAR(found.period_ns, 250'000, 30) << jitter;
    EXPECT_GT(found.train_gap_ns, 2'000) << jitter;
    EXPECT_LT(found.train_gap_ns, 125'000) << jitter;
  }
}

TEST(SlotStructure, SpreadCellsAreTrainsOfOne) {
  const auto found = estimate_slots(slots(40'000, 1, 0, 0.2, 1));
  EXPECT_EQ(found.cells, 1u);
  EXPECT_NEAR(found.period_ns, 40'000, 10);
  EXPECT_EQ(found.train_gap_ns, 0);
}

TEST(SlotStructure, SkippedSlotsDoNotStretchThePeriod) {
  auto times = slots(250'000, 4, 1'300, 0, 1);
  std::erase_if(times, [](int64_t t) { return (t / 250'000) % 50 == 7; });
  const auto found = estimate_slots(times);
  EXPECT_NEAR(found.period_ns, 250'000, 30);
  EXPECT_LT(found.skip_ratio, 2);
}

TEST(SlotStructure, TooLittleToTell) {
  EXPECT_EQ(estimate_slots({}).cells, 1u);
  EXPECT_EQ(estimate_slots(std::vector<int64_t>{5}).period_ns, 0);
  EXPECT_EQ(estimate_slots(std::vector<int64_t>{5, 5, 5, 5}).period_ns, 0);
}

TEST(FollowPhases, TakesOutDriftAndWrapsAround) {
  const double period = 1'000'000;
  std::vector<double> phases;
  std::vector<double> starts;
  for (int i = 0; i < 200; ++i) {
    const double step = i % 40 < 20 ? 0 : 20'000;
    starts.push_back(i * 1e9);
    phases.push_back(std::fmod(900'000 + 4'000.0 * i + step, period));  // wraps after 25 windows
  }
  phases[50] = NAN;
  const auto followed = follow_phases(phases, starts, period);
  EXPECT_TRUE(std::isnan(followed[50].first));
  for (int i = 0; i < 200; ++i) {
    if (i == 50) continue;
    EXPECT_NEAR(followed[static_cast<size_t>(i)].first, i % 40 < 20 ? -10'000 : 10'000, 4'000) << i;
  }
}

TEST(LinkFeatures, EventsAreCounted) {
  SlotStructure structure;
  structure.period_ns = 1'000'000;
  structure.train_gap_ns = 100'000;
  structure.cells = 2;
  std::vector<Sample> samples;
  for (int64_t k = 0; k < 100; ++k) {
    if (k == 20 || k == 21) continue;                 // two slots left out
    const int cells = k == 40 ? 1 : k == 60 ? 5 : 2;  // one short, one long
    for (int c = 0; c < cells; ++c) samples.push_back({k * 1'000'000 + c * 1'500, 1500, true});
  }
  samples[10].ip_bytes = 1496;
  samples[10].is_cell = false;
  const Window window{Instant{0}, Instant{100'000'000}, 0, 0};
  const LinkWindow result = link_features(samples, window, structure, 1500);
  EXPECT_EQ(result.features.size(), link_feature_names().size());
  EXPECT_EQ(result.events[static_cast<size_t>(Event::skipped_slot)], 2u);
  EXPECT_EQ(result.events[static_cast<size_t>(Event::short_train)], 1u);
  EXPECT_EQ(result.events[static_cast<size_t>(Event::long_train)], 1u);
  EXPECT_EQ(result.events[static_cast<size_t>(Event::odd_size)], 1u);
  EXPECT_EQ(result.events[static_cast<size_t>(Event::foreign_packet)], 1u);
  EXPECT_EQ(result.train_counts.at(2),
            94u);  // of 98, without the first, the last, the short and the long one
}

TEST(LinkFeatures, AnEmptyWindowHasAsManyFeatures) {
  const Window window{Instant{0}, Instant{1'000'000}, 0, 0};
  EXPECT_EQ(link_features({}, window, SlotStructure{}, 0).features.size(), link_feature_names().size());
  const std::vector<Sample> one{{5, 100, true}};
  EXPECT_EQ(link_features(one, window, SlotStructure{}, 100).features.size(), link_feature_names().size());
}

}  // namespace
}  // namespace cuttle::audit
