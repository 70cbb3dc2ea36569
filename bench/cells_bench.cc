// What a cell costs: pack and seal, open and reassemble, beside the bare AES-GCM of the same cells. One
// iteration is one cell, so the time column reads as nanoseconds a cell.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "link/receiver.hh"
#include "link/ring_writer.hh"
#include "link/sender.hh"

namespace cuttle {
namespace {

constexpr uint32_t kCellBytes = 1472;
constexpr size_t kCellsPerSlot = 34;
const wire::CellFormat kFormat(kCellBytes);

std::unique_ptr<Aead> make(AeadBackend backend) {
  AeadKey key;
  key.bytes.fill(7);
  return *make_aead(backend, key);
}

std::vector<uint8_t> packet_of(size_t bytes) {
  std::vector<uint8_t> packet(bytes, 0x55);
  packet[0] = 0x45;
  store_be16(packet.data() + 2, static_cast<uint16_t>(bytes));
  return packet;
}

SlotPlan plan() {
  SlotPlan plan{};
  const bool possible =
      plan_slots({.cell_bytes = kCellBytes, .rate_bps = 2'040'000'000, .slot = microseconds(200)}, plan);
  CUTTLE_CHECK(possible && plan.cells_per_slot == kCellsPerSlot, "34 cells a slot");
  return plan;
}

// What callgrind counts (bench/cells.py): functions of this name, and no preparation.
#define MEASURED __attribute__((noinline))

MEASURED void measured_seal(Aead& aead, uint64_t iv, std::vector<uint8_t>& cell) {
  aead.seal(iv, {cell.data(), 8}, {cell.data() + 16, kFormat.payload_bytes()}, cell.data() + 16);
}

MEASURED bool measured_open(Aead& aead, const std::vector<uint8_t>& cell, std::vector<uint8_t>& plain) {
  return aead.open(1, {cell.data(), 8}, {cell.data() + 16, kCellBytes - 16}, plain.data());
}

void bare_seal(benchmark::State& state, AeadBackend backend) {
  const auto aead = make(backend);
  std::vector<uint8_t> cell(kCellBytes);
  uint64_t iv = 0;
  for (auto _ : state) {
    measured_seal(*aead, ++iv, cell);
  }
  state.SetBytesProcessed(state.iterations() * kCellBytes);
}

void bare_open(benchmark::State& state, AeadBackend backend) {
  const auto aead = make(backend);
  std::vector<uint8_t> cell(kCellBytes);
  std::vector<uint8_t> plain(kFormat.payload_bytes());
  aead->seal(1, {cell.data(), 8}, plain, cell.data() + 16);
  for (auto _ : state) {
    benchmark::DoNotOptimize(measured_open(*aead, cell, plain));
  }
  state.SetBytesProcessed(state.iterations() * kCellBytes);
}

// A lane's sending side, kept full with packets of one size. As with a TUN, the packet is written once to
// where it belongs.
struct Sending {
  Sending(AeadBackend backend, size_t packet_bytes) : packet(packet_of(packet_bytes)) {
    sender.handle_key({make(backend), Spi{1000}, Instant{0}, Instant::never()});
  }
  void fill() {
    while (writer.has_room()) writer.handle_copy(packet);
  }
  // As fill(), but without writing the packets' bytes again: what packing itself costs.
  void fill_in_place() {
    while (auto room = writer.poll_room()) {
      const auto pieces = room->pieces();
      auto* first = static_cast<uint8_t*>(pieces[0].iov_base);
      const size_t head = std::min<size_t>(pieces[0].iov_len, 20);
      std::memcpy(first, packet.data(), head);
      if (head < 20) std::memcpy(pieces[1].iov_base, packet.data() + head, 20 - head);
      room->commit(packet.size());
    }
  }

  std::vector<uint8_t> packet;
  SlotRing ring{kFormat, 256};
  RingWriter writer{ring};
  LaneSender sender{ring, plan(), Instant{0}, 1};
};

MEASURED void measured_send(Sending& sending) {
  sending.fill_in_place();
  benchmark::DoNotOptimize(sending.sender.poll_train());
  sending.sender.handle_released(sending.sender.deadline());
}

MEASURED void measured_receive(LaneReceiver& receiver, const uint8_t* train) {
  for (size_t i = 0; i < kCellsPerSlot; ++i) {
    receiver.handle_datagram(Instant{0}, {train + i * kCellBytes, kCellBytes});
    while (auto packet = receiver.poll_packet()) benchmark::DoNotOptimize(packet->data());
  }
}

void pack_and_seal(benchmark::State& state, AeadBackend backend) {
  Sending sending(backend, static_cast<size_t>(state.range(0)));
  while (state.KeepRunningBatch(kCellsPerSlot)) {
    measured_send(sending);
  }
  state.SetBytesProcessed(state.iterations() * kCellBytes);
  CUTTLE_CHECK(sending.sender.counters().cells_dummy.value() == 0, "the ring was never empty");
}

void open_and_reassemble(benchmark::State& state, AeadBackend backend) {
  Sending sending(backend, static_cast<size_t>(state.range(0)));
  LaneReceiver receiver(kFormat, 64, milliseconds(5));
  receiver.handle_key({make(backend), Spi{1000}, 1});
  // Sealed in advance, outside the measured time.
  constexpr size_t kTrains = 256;
  std::vector<uint8_t> cells(kTrains * kCellsPerSlot * kCellBytes);
  size_t next = kTrains;
  while (state.KeepRunningBatch(kCellsPerSlot)) {
    if (next == kTrains) {
      state.PauseTiming();
      for (size_t t = 0; t < kTrains; ++t) {
        sending.fill();
        const Train train = sending.sender.poll_train();
        std::memcpy(cells.data() + t * kCellsPerSlot * kCellBytes, train.cells, kCellsPerSlot * kCellBytes);
        sending.sender.handle_released(sending.sender.deadline());
      }
      next = 0;
      state.ResumeTiming();
    }
    measured_receive(receiver, cells.data() + next++ * kCellsPerSlot * kCellBytes);
  }
  state.SetBytesProcessed(state.iterations() * kCellBytes);
  CUTTLE_CHECK(receiver.reassembly().cells_lost.value() == 0, "nothing was lost");
}

// CUTTLE_BENCH_CELLS in the environment: exactly so many cells, for counting instead of timing.
void add(const std::string& name, void (*function)(benchmark::State&, AeadBackend), AeadBackend backend,
         int64_t packet_bytes = 0) {
  auto* added = benchmark::RegisterBenchmark(name.c_str(), function, backend);
  if (packet_bytes > 0) added->Arg(packet_bytes);
  if (const char* cells = std::getenv("CUTTLE_BENCH_CELLS")) added->Iterations(std::atoll(cells));
}

void add_all() {
  for (const AeadBackend backend : {AeadBackend::ipsec_mb, AeadBackend::openssl}) {
    if (!aead_backend_available(backend)) continue;
    const std::string name = aead_backend_name(backend);
    add("bare_seal/" + name, bare_seal, backend);
    add("bare_open/" + name, bare_open, backend);
    for (const int64_t bytes : {64, 1500, 65535}) {
      add("pack_and_seal/" + name, pack_and_seal, backend, bytes);
      add("open_and_reassemble/" + name, open_and_reassemble, backend, bytes);
    }
  }
}

}  // namespace
}  // namespace cuttle

int main(int argc, char** argv) {
  cuttle::add_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
