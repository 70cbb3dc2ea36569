#include "capacity/measure_host.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/check.hh"
#include "io/clock.hh"
#include "io/entropy.hh"
#include "io/realtime.hh"
#include "io/udp.hh"
#include "wire/cell.hh"

namespace cuttle::capacity {

namespace {

constexpr int kSleeps = 400;
constexpr Duration kSleep = microseconds(500);
// Of rounds the median counts: some are interrupted.
constexpr int kRounds = 101;
constexpr Duration kLost = milliseconds(200);
constexpr size_t kLongTrain = 32;
constexpr int kCellsSealed = 32;
constexpr uint16_t kPort = 4410;

Duration median(std::vector<Duration>& took) {
  std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2), took.end());
  return took[took.size() / 2];
}

void measure_sleeps(HostCosts& costs) {
  const MonotonicClock clock;
  std::vector<Duration> late;
  late.reserve(kSleeps);
  const Duration before = thread_use().cpu;
  for (int i = 0; i < kSleeps; ++i) {
    const Instant until = clock.now() + kSleep;
    clock.sleep_until(until);
    late.push_back(clock.now() - until);
  }
  costs.wake_up = (thread_use().cpu - before) / kSleeps;
  std::sort(late.begin(), late.end());
  costs.late = late[kSleeps / 2];
  costs.late_p99 = late[kSleeps * 99 / 100];
}

// Two of 127.0.0.0/8 (RFC 1122, 3.2.1.3), drawn: who measures at the same time has others.
struct Addresses {
  IpAddress here;
  IpAddress there;
};
Addresses draw_addresses() {
  std::array<uint8_t, 2> drawn{};
  fill_with_entropy(drawn);
  const auto of = [&](int network) {
    return *IpAddress::parse(fmt::format("127.{}.{}.{}", network, drawn[0], drawn[1]));
  };
  return {of(44), of(45)};
}

Result<UdpSocket> open_end(const IpAddress& own, const IpAddress& other, uint32_t cell_bytes) {
  UdpOptions options;
  options.local = {own, kPort};
  options.remote = {other, kPort};
  options.cell_bytes = cell_bytes;
  return UdpSocket::open(options);
}

// Sent and received, `count` cells at a time.
Result<Duration> measure_trains(UdpSocket& from, UdpSocket& to, size_t count, uint32_t cell_bytes) {
  const std::vector<uint8_t> cells(count * cell_bytes);
  std::vector<uint8_t> buffer(kLargestTrainBytes);
  const MonotonicClock clock;
  std::vector<Duration> took;
  for (int round = 0; round < kRounds; ++round) {
    const Instant began = clock.now();
    if (from.send_train(cells.data(), count, cell_bytes) != count)
      return failure("the loopback interface takes no trains");
    for (size_t bytes = 0; bytes < cells.size();) {
      const auto train = to.receive(buffer);
      // On a busy machine another thread of the kernel's may have to run first.
      if (!train && clock.now() - began > kLost) return failure("the loopback interface loses datagrams");
      if (train) bytes += train->bytes;
    }
    took.push_back(clock.now() - began);
  }
  return median(took);
}

Result<void> measure_trains(HostCosts& costs, uint32_t cell_bytes) {
  const Addresses addresses = draw_addresses();
  auto from = open_end(addresses.here, addresses.there, cell_bytes);
  if (!from) return tl::unexpected(from.error());
  auto to = open_end(addresses.there, addresses.here, cell_bytes);
  if (!to) return tl::unexpected(to.error());
  const auto one = measure_trains(*from, *to, 1, cell_bytes);
  if (!one) return tl::unexpected(one.error());
  const auto many = measure_trains(*from, *to, kLongTrain, cell_bytes);
  if (!many) return tl::unexpected(many.error());
  costs.cell = std::max((*many - *one) / (kLongTrain - 1), Duration{0});
  costs.train = std::max(*one - costs.cell, Duration{0});
  return {};
}

void measure_cells(HostCosts& costs, AeadBackend backend, uint32_t cell_bytes) {
  const wire::CellFormat format(cell_bytes);
  const auto aead = make_aead(backend, AeadKey{});
  CUTTLE_CHECK(aead.has_value(), "the backend is available");
  const std::vector<uint8_t> payload(format.payload_bytes());
  std::vector<uint8_t> opened(format.payload_bytes());
  std::vector<uint8_t> cell(cell_bytes);
  const MonotonicClock clock;
  std::vector<Duration> took;
  for (int round = 0; round < kRounds; ++round) {
    const Instant began = clock.now();
    for (int i = 0; i < kCellsSealed; ++i) {
      const Bytes header = Bytes(cell).first(wire::kEspHeaderBytes);
      const auto number = static_cast<uint64_t>(round * kCellsSealed + i);
      (*aead)->seal(number, header, payload, cell.data() + wire::kSealedOffset);
      const bool is_whole =
          (*aead)->open(number, header, Bytes(cell).subspan(wire::kSealedOffset), opened.data());
      CUTTLE_CHECK(is_whole, "what was sealed opens");
    }
    took.push_back(clock.now() - began);
  }
  costs.seal_and_open = median(took) / kCellsSealed;
}

}  // namespace

Result<HostCosts> measure_host(AeadBackend backend, uint32_t cell_bytes) {
  HostCosts costs;
  costs.cpus = static_cast<uint32_t>(std::max<size_t>(thread_cpus().size(), 1));
  measure_sleeps(costs);
  measure_cells(costs, backend, cell_bytes);
  if (auto measured = measure_trains(costs, cell_bytes); !measured) return tl::unexpected(measured.error());
  return costs;
}

}  // namespace cuttle::capacity
