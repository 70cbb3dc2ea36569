#include <fmt/format.h>
#include <poll.h>

#include <cerrno>

#include "base/units.hh"
#include "config/shape_plan.hh"
#include "doctor/examine.hh"
#include "io/clock.hh"
#include "io/echo.hh"
#include "io/entropy.hh"
#include "io/os_error.hh"
#include "io/udp.hh"
#include "node/assemble.hh"
#include "wire/handshake.hh"

namespace cuttle::doctor {

namespace {

constexpr int kRound_ms = 50;

// One peer's first lane, with a handshake in it and nothing else.
class Probe {
 public:
  Probe(const PeerConfig& peer, AssociationConfig association, UdpSocket socket, uint32_t firewall_mark)
      : peer_(peer),
        mark_(firewall_mark),
        association_(std::move(association), fill_with_entropy),
        socket_(std::move(socket)),
        buffer_(kLargestTrainBytes) {}

  // True once the peer answered.
  bool round() {
    const Instant now = clock_.now();
    association_.handle_timeout(now, {INT64_MIN / 2}, wall_clock_ns());
    while (const auto cell = association_.poll_datagram()) {
      if (socket_.send_train(cell->data(), 1, cell->size()) != 1) send_error_ = socket_.last_send_error();
    }
    pollfd one{socket_.fd(), POLLIN, 0};
    ::poll(&one, 1, kRound_ms);
    while (const auto train = socket_.receive(buffer_)) {
      for (size_t at = 0; at < train->bytes; at += train->segment_bytes)
        handle({buffer_.data() + at, peer_.shape.cell_bytes});
    }
    return association_.poll_event().has_value();
  }

  Finding good() const {
    const auto& offer = association_.peer_offer();
    std::string what = fmt::format("peer {} answers: cells of {} bytes get through both ways, keys agree",
                                   peer_.name, peer_.shape.cell_bytes);
    if (offer && offer->rate_bps != peer_.shape.rate_bps) {
      return {Mark::unsure,
              what + fmt::format("; it sends at {}, this node at {}", format_rate(offer->rate_bps),
                                 format_rate(peer_.shape.rate_bps)),
              "if that is not meant, give both ends the same rate"};
    }
    return {Mark::good, what, ""};
  }

  Finding bad() const {
    const std::string what = fmt::format("peer {} at {}", peer_.name, peer_.endpoint.to_string());
    if (send_error_ == EMSGSIZE) {
      return {Mark::bad,
              what + fmt::format(": the path does not carry cells of {} bytes", peer_.shape.cell_bytes),
              "a smaller cell in [shape] on both ends, or a larger MTU on the way"};
    }
    if (send_error_ != 0) {
      return {Mark::bad, what + ": cells cannot be sent: " + os_error_text(send_error_),
              "is there a route to it, and does the firewall let UDP out?"};
    }
    if (socket_.wrong_size_dropped() > 0) {
      return {Mark::bad,
              what + fmt::format(": its cells have another size than {} bytes", peer_.shape.cell_bytes),
              "give both ends the same cell in [shape]"};
    }
    const AssociationCounters& counters = association_.counters();
    if (counters.mac_wrong.value() > 0 || counters.not_genuine.value() > 0) {
      return {Mark::bad, what + ": it answers, but not with the keys that are configured here",
              "compare public_key on both ends with what `cuttle show` prints, and the preshared keys"};
    }
    if (socket_.icmp_errors_ignored() > 0) {
      return {Mark::bad, what + ": the way there answers with ICMP errors",
              "is its agent running, is the port right, does a router on the way allow the size?"};
    }
    return silence(what);
  }

 private:
  // Not a word. What a plain echo of a cell's size does tells whether the path is to blame.
  Finding silence(const std::string& what) const {
    constexpr size_t kSmallEcho = 64;
    const bool v6 = peer_.endpoint.address.is_v6;
    const auto answered = [&](size_t ip_bytes) {
      const auto outcome =
          send_echo({.to = peer_.endpoint.address, .ip_bytes = ip_bytes, .firewall_mark = mark_});
      return outcome && outcome->answered;
    };
    if (answered(kSmallEcho) && !answered(wire::CellFormat(peer_.shape.cell_bytes).ip_bytes(v6))) {
      return {
          Mark::bad,
          what + fmt::format(": no answer; it answers small echoes, but none as large as a cell of {} bytes",
                             peer_.shape.cell_bytes),
          "the path drops datagrams of this size: a smaller cell in [shape] on both ends, or a larger MTU"};
    }
    return {
        Mark::unsure, what + ": no answer",
        "is its agent running with this node's public key, and does every firewall let the port through? A "
        "path that drops datagrams of this size in silence looks the same: try a smaller cell"};
  }

  void handle(Bytes cell) {
    if (wire::is_handshake(cell)) association_.handle_datagram(clock_.now(), cell);
  }

  const PeerConfig& peer_;
  uint32_t mark_;
  MonotonicClock clock_;
  Association association_;
  UdpSocket socket_;
  std::vector<uint8_t> buffer_;
  int send_error_ = 0;
};

Finding probe(const LoadedConfig& loaded, size_t i, Duration timeout) {
  const NodeConfig& config = loaded.config;
  const PeerConfig& peer = config.peers[i];
  const auto plan = plan_peer(config, peer);
  if (!plan) return {Mark::bad, fmt::format("peer {}: {}", peer.name, plan.error().message), ""};
  UdpOptions options;
  options.local = config.listen;
  options.remote = peer.endpoint;
  options.cell_bytes = peer.shape.cell_bytes;
  options.firewall_mark = config.firewall_mark;
  auto socket = UdpSocket::open(options);
  if (!socket) {
    return {Mark::bad, fmt::format("peer {}: {}", peer.name, socket.error().message),
            "run this as root; is another program on the port?"};
  }
  Probe probe(
      peer,
      association_config({config, *loaded.keys, best_aead_backend(), SealCost({0}, {0}), nullptr}, i, *plan),
      std::move(*socket), config.firewall_mark);
  const MonotonicClock clock;
  const Instant until = clock.now() + timeout;
  while (clock.now() < until) {
    if (probe.round()) return probe.good();
  }
  return probe.bad();
}

}  // namespace

Findings probe_peers(const LoadedConfig& loaded, Duration timeout) {
  Findings findings;
  for (size_t i = 0; i < loaded.config.peers.size(); ++i) findings.push_back(probe(loaded, i, timeout));
  return findings;
}

}  // namespace cuttle::doctor
