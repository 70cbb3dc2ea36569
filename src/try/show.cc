#include "try/show.hh"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <thread>
#include <utility>

#include "io/clock.hh"
#include "io/echo.hh"
#include "io/network_namespace.hh"
#include "io/os_error.hh"
#include "io/plain_udp.hh"

namespace cuttle::trial {

namespace {

constexpr uint16_t kDiscard = 9;  // RFC 863: nobody listens

// Eight datagrams in each millisecond: 77 Mb/s, more than the link has.
void send_until(const std::atomic<bool>& over, const PlainUdp& socket) {
  constexpr int kDatagrams = 8;
  const std::array<uint8_t, 1200> datagram{};
  const MonotonicClock clock;
  for (Instant next = clock.now(); !over; next = next + milliseconds(1)) {
    for (int i = 0; i < kDatagrams; ++i) socket.send(datagram);
    clock.sleep_until(next);
  }
}

// The socket stays in a's namespace, whoever sends by it.
Result<PlainUdp> socket_at_a(const Place& place) {
  const auto visit = NamespaceVisit::enter(place.nodes[0].name_space);
  if (!visit) return tl::unexpected(visit.error());
  return PlainUdp::open({place.nodes[1].address, kDiscard});
}

}  // namespace

Result<Pings> ping_through(const Place& place, int count) {
  const auto visit = NamespaceVisit::enter(place.nodes[0].name_space);
  if (!visit) return tl::unexpected(visit.error());
  Pings pings{.sent = count};
  for (int i = 0; i < count; ++i) {
    const auto outcome = send_echo({.to = place.nodes[1].address});
    if (!outcome) return tl::unexpected(outcome.error());
    if (outcome->send_error != 0) return os_failure("ping from a to b", outcome->send_error);
    if (!outcome->answered) continue;
    ++pings.answered;
    pings.mean = pings.mean + outcome->round_trip;
  }
  if (pings.answered > 0) pings.mean = pings.mean / pings.answered;
  return pings;
}

CellRates measure(const Cable& cable, Duration time) {
  const MonotonicClock clock;
  const Instant began = clock.now();
  const CableCounts before = cable.counts();
  clock.sleep_until(began + time);
  const CableCounts after = cable.counts();
  const double took_s = static_cast<double>((clock.now() - began).ns) * 1e-9;
  return {static_cast<double>(after.cells_from_a - before.cells_from_a) / took_s,
          static_cast<double>(after.cells_from_b - before.cells_from_b) / took_s};
}

Result<CellRates> measure_under_load(const Place& place, const Cable& cable, Duration time) {
  const auto socket = socket_at_a(place);
  if (!socket) return tl::unexpected(socket.error());
  std::atomic<bool> over = false;
  std::thread sender([&] { send_until(over, *socket); });
  const CellRates rates = measure(cable, time);
  over = true;
  sender.join();
  return rates;
}

std::string describe(const CableCounts& counts) {
  std::string text =
      fmt::format("{} datagrams of {} bytes, {} ARP", counts.cells(), kCellBytes, counts.address_resolution);
  text += counts.others == 0 ? ", nothing else"
                             : fmt::format(", and {} others: {}", counts.others, counts.first_other);
  if (counts.missed > 0) text += fmt::format(" ({} went by unseen: this machine is busy)", counts.missed);
  return text;
}

std::string suggestions(const Place& place) {
  const auto& [a, b] = place.nodes;
  const auto at = [](const Node& node) { return "ip netns exec " + node.name_space + " "; };
  const std::pair<std::string, const char*> lines[] = {
      {at(a) + "ping -c 3 " + b.address.to_string(), "through the link"},
      {at(a) + "tcpdump -nc 20 -i " + kCable + " udp", "what an observer sees: cells, whatever you do"},
      {"cuttle status --socket " + a.file(".sock"), "--watch: live"},
      {at(a) + "cuttle doctor --config " + a.file(".toml") + " --try", "packets of every kind"},
      {at(b) + "bash", "look around at b"},
  };
  std::string text;
  for (const auto& [command, about] : lines) text += fmt::format("  {:<74}  # {}\n", command, about);
  return text;
}

}  // namespace cuttle::trial
