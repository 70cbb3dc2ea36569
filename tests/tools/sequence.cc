// UDP with sequence numbers: a load without any duplicate removal of its own. Every datagram's length and
// content follow from its number, so the receiver tells an altered one from a good one.
//   sequence receive --port 7 & sequence send --to 10.0.0.1 --port 7 --pps 2000 --seconds 3
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <array>
#include <vector>

#include "base/bytes.hh"
#include "base/file_descriptor.hh"
#include "base/random.hh"
#include "io/clock.hh"
#include "io/socket_address.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr size_t kSmallest = 16;
constexpr size_t kLargest = 1400;
std::vector<uint8_t> make_datagram(uint64_t number) {
  Random random(number);
  std::vector<uint8_t> datagram(kSmallest + random.below(kLargest - kSmallest));
  for (uint8_t& byte : datagram) byte = static_cast<uint8_t>(random.next());
  store_be64(datagram.data(), number);
  return datagram;
}

FileDescriptor open_socket(bool is_v6) {
  FileDescriptor fd(socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) die_of_errno("socket");
  return fd;
}

int send_all(const std::string& to, uint16_t port, int64_t pps, int64_t seconds_long) {
  const auto address = IpAddress::parse(to);
  if (!address) die("not an address: " + to);
  const FileDescriptor fd = open_socket(address->is_v6);
  const SocketAddress destination = socket_address({*address, port});
  const MonotonicClock clock;
  const Instant start = clock.now();
  const int64_t count = pps * seconds_long;
  for (int64_t i = 0; i < count && stopping == 0; ++i) {
    clock.sleep_until(start + seconds(1) * i / pps);
    const auto datagram = make_datagram(static_cast<uint64_t>(i));
    sendto(fd.get(), datagram.data(), datagram.size(), 0, destination.raw(), destination.size);
  }
  print({{"sent", count}});
  return 0;
}

struct Tally {
  std::vector<bool> seen;
  uint64_t received = 0;
  uint64_t distinct = 0;
  uint64_t duplicates = 0;
  uint64_t altered = 0;
  uint64_t out_of_order = 0;
  uint64_t highest = 0;

  void add(Bytes datagram) {
    ++received;
    const uint64_t number = datagram.size() < kSmallest ? UINT64_MAX : load_be64(datagram.data());
    // An altered number would make us wait for, or count, anything.
    if (number > 100'000'000) {
      ++altered;
      return;
    }
    const auto expected = make_datagram(number);
    if (!std::equal(expected.begin(), expected.end(), datagram.begin(), datagram.end())) {
      ++altered;
      return;
    }
    if (number >= seen.size()) seen.resize(number + 1);
    if (seen[number]) {
      ++duplicates;
      return;
    }
    seen[number] = true;
    ++distinct;
    if (number < highest) ++out_of_order;
    highest = std::max(highest, number);
  }
};

int receive_all(uint16_t port, int longest_wait_ms, int quiet_ms) {
  // One socket for both versions.
  const FileDescriptor fd = open_socket(true);
  set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  set_option(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20);
  const SocketAddress local = socket_address({*IpAddress::parse("::"), port});
  if (bind(fd.get(), local.raw(), local.size) != 0) die_of_errno("bind");
  Tally tally;
  std::vector<uint8_t> buffer(65536);
  while (stopping == 0) {
    pollfd waiting{fd.get(), POLLIN, 0};
    if (poll(&waiting, 1, tally.received == 0 ? longest_wait_ms : quiet_ms) <= 0) break;
    const ssize_t bytes = recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (bytes >= 0) tally.add({buffer.data(), static_cast<size_t>(bytes)});
  }
  print({{"received", tally.received},
         {"distinct", tally.distinct},
         {"duplicates", tally.duplicates},
         {"altered", tally.altered},
         {"out_of_order", tally.out_of_order}});
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("UDP with sequence numbers", "sequence");
  app.require_subcommand(1);
  std::string to;
  uint16_t port = 7007;
  int64_t pps = 1000;
  int64_t seconds_long = 3;
  int wait_ms = 10'000;
  int quiet_ms = 1500;
  auto* send = app.add_subcommand("send");
  send->add_option("--to", to)->required();
  send->add_option("--pps", pps)->check(CLI::PositiveNumber);
  send->add_option("--seconds", seconds_long);
  auto* receive = app.add_subcommand("receive", "Until it has been quiet for a while");
  receive->add_option("--wait-ms", wait_ms, "for the first datagram");
  receive->add_option("--quiet-ms", quiet_ms, "ends when nothing came for so long after something did");
  for (auto* command : {send, receive}) command->add_option("--port", port);
  CLI11_PARSE(app, argc, argv);
  stop_on_signals();
  return send->parsed() ? send_all(to, port, pps, seconds_long) : receive_all(port, wait_ms, quiet_ms);
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
