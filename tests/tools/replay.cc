// The packets of a capture sent again, as UDP of the same sizes at the same times, and how long each was on
// its way: both ends on one machine, so that one clock stamps both.
//   replay receive --port 7009 & replay send --capture F --from 10.77.0.10 --to 10.77.0.11 --target 10.99.0.2
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <vector>

#include "base/bytes.hh"
#include "base/file_descriptor.hh"
#include "capture/capture_file.hh"
#include "io/clock.hh"
#include "io/realtime.hh"
#include "io/socket_address.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr size_t kHeaders = 28;  // IPv4 and UDP
constexpr size_t kStamp = 8;
constexpr int kQuietMs = 3000;

FileDescriptor open_socket() {
  FileDescriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) die_of_errno("socket");
  const int bytes = 64 << 20;
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  return fd;
}

struct Packet {
  Duration at;
  size_t payload;
  uint32_t flow;  // the captured ports
};

std::vector<Packet> read_capture(const std::string& file, const IpAddress& from, const IpAddress& to) {
  auto source = capture::CaptureFile::open(file);
  if (!source) die(source.error().message);
  std::vector<Packet> packets;
  std::optional<Instant> first;
  capture::PacketRecord record;
  for (;;) {
    const auto more = (*source)->next(record);
    if (!more) die(more.error().message);
    if (!*more) break;
    if (!first) first = record.time;
    if (record.source != from || record.destination != to) continue;
    packets.push_back({record.time - *first, std::max<size_t>(record.ip_bytes, kHeaders + kStamp) - kHeaders,
                       (uint32_t{record.source_port} << 16) | record.destination_port});
  }
  std::stable_sort(packets.begin(), packets.end(),
                   [](const Packet& a, const Packet& b) { return a.at < b.at; });
  return packets;
}

int send_all(const std::string& file, const std::string& from, const std::string& to,
             const std::string& target, uint16_t port) {
  const auto a = IpAddress::parse(from);
  const auto b = IpAddress::parse(to);
  const auto destination = IpAddress::parse(target);
  if (!a || !b || !destination) die("not an address");
  const std::vector<Packet> packets = read_capture(file, *a, *b);
  // A socket for each captured connection, so that they are as many flows again.
  std::map<uint32_t, FileDescriptor> sockets;
  for (const Packet& packet : packets) {
    if (!sockets.contains(packet.flow)) sockets.emplace(packet.flow, open_socket());
  }
  const SocketAddress address = socket_address({*destination, port});
  std::vector<uint8_t> payload(65536);
  const MonotonicClock clock;
  // A blocked send must not move the stamp: the time in the socket's queue is part of the way.
  const Instant start = clock.now() + milliseconds(100);
  uint64_t sent = 0;
  uint64_t late = 0;
  for (const Packet& packet : packets) {
    clock.sleep_until(start + packet.at);
    if (clock.now() > start + packet.at + milliseconds(1)) ++late;
    store_be64(payload.data(), static_cast<uint64_t>((start + packet.at).ns));
    const int fd = sockets.at(packet.flow).get();
    if (sendto(fd, payload.data(), packet.payload, 0, address.raw(), address.size) > 0) ++sent;
  }
  print({{"packets", packets.size()}, {"sent", sent}, {"late", late}});
  return 0;
}

int receive_all(uint16_t port) {
  stop_on_signals();
  const FileDescriptor fd = open_socket();
  const SocketAddress local = socket_address({*IpAddress::parse("0.0.0.0"), port});
  if (bind(fd.get(), local.raw(), local.size) != 0) die_of_errno("bind");
  std::cerr << "ready" << std::endl;
  const MonotonicClock clock;
  std::vector<int64_t> waits;
  std::vector<uint8_t> payload(65536);
  while (stopping == 0) {
    pollfd one{fd.get(), POLLIN, 0};
    const int ready = poll(&one, 1, waits.empty() ? -1 : kQuietMs);
    if (ready == 0) break;
    if (ready < 0) continue;
    const ssize_t got = recv(fd.get(), payload.data(), payload.size(), 0);
    if (got < static_cast<ssize_t>(kStamp)) continue;
    waits.push_back(clock.now().ns - static_cast<int64_t>(load_be64(payload.data())));
  }
  std::sort(waits.begin(), waits.end());
  const auto at = [&](double share) {
    return waits.empty() ? 0 : waits[static_cast<size_t>(share * static_cast<double>(waits.size() - 1))];
  };
  print({{"received", waits.size()}, {"median_ns", at(0.5)}, {"p99_ns", at(0.99)}, {"max_ns", at(1)}});
  return 0;
}

int run(int argc, char** argv) {
  std::string file, from, to, target;
  uint16_t port = 7009;
  CLI::App app("Replays the packets of a capture.", "replay");
  app.require_subcommand(1);
  CLI::App* send = app.add_subcommand("send");
  send->add_option("--capture", file)->required();
  send->add_option("--from", from)->required();
  send->add_option("--to", to)->required();
  send->add_option("--target", target)->required();
  send->add_option("--port", port);
  CLI::App* receive = app.add_subcommand("receive");
  receive->add_option("--port", port);
  CLI11_PARSE(app, argc, argv);
  return send->parsed() ? send_all(file, from, to, target, port) : receive_all(port);
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
