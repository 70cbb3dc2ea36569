// UDP packets from any address, with a checksum that is right, wrong or not there, as a kernel forwards them.
//   forge --from 10.88.0.2 --to 10.99.0.1 --port 7109 --checksum wrong --count 5
#include <netinet/in.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>

#include "base/file_descriptor.hh"
#include "io/socket_address.hh"
#include "tool.hh"
#include "wire/inner_packet.hh"
#include "wire/internet_sum.hh"

namespace cuttle::tools {

namespace {

constexpr size_t kBytes = 28 + 100;

uint16_t checksum_of(Bytes packet, const wire::Transport& transport) {
  wire::InternetSum sum;
  sum.add(packet.subspan(transport.offset));
  sum.add_word(wire::pseudo_header_sum(packet, transport, packet.size() - transport.offset));
  return static_cast<uint16_t>(~sum.folded());
}

int run(int argc, char** argv) {
  CLI::App app("UDP packets with a checksum that is right, wrong or not there", "forge");
  std::string from;
  std::string to;
  std::string checksum = "right";
  Endpoint target;
  int count = 1;
  app.add_option("--from", from)->required();
  app.add_option("--to", to)->required();
  app.add_option("--port", target.port)->required();
  app.add_option("--checksum", checksum)->check(CLI::IsMember({"right", "wrong", "none"}));
  app.add_option("--count", count);
  CLI11_PARSE(app, argc, argv);
  const auto source = IpAddress::parse(from);
  const auto address = IpAddress::parse(to);
  if (!source || !address || source->is_v6 || address->is_v6) die("not two IPv4 addresses");
  target.address = *address;

  std::vector<uint8_t> packet(kBytes, 'x');
  packet[0] = 0x45;
  packet[1] = 0;
  store_be16(packet.data() + 2, kBytes);
  store_be32(packet.data() + 4, 0);  // the kernel fills in the identification and the header's checksum
  packet[8] = 64;
  packet[9] = IPPROTO_UDP;
  std::copy_n(source->bytes.begin(), 4, packet.begin() + 12);
  std::copy_n(address->bytes.begin(), 4, packet.begin() + 16);
  store_be16(packet.data() + 20, 7110);
  store_be16(packet.data() + 22, target.port);
  store_be16(packet.data() + 24, kBytes - 20);
  store_be16(packet.data() + 26, 0);
  const uint16_t right = checksum_of(packet, *wire::find_transport(packet));
  if (checksum != "none") {
    store_be16(packet.data() + 26, checksum == "right" ? right : static_cast<uint16_t>(right ^ 0x0101));
  }
  const FileDescriptor fd(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!fd) die_of_errno("raw socket");
  const SocketAddress there = socket_address({target.address, 0});
  for (int i = 0; i < count; ++i) {
    if (sendto(fd.get(), packet.data(), packet.size(), 0, there.raw(), there.size) < 0) die_of_errno("send");
  }
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
