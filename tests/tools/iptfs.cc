// Linux' own RFC 9347 (xfrm_iptfs), set up by netlink, because the `ip xfrm` of Debian 12 and 13 does not
// know it.
//   iptfs serve --local 10.0.0.2:4410                          holds the socket that takes ESP in UDP, until
//   SIGTERM iptfs add --direction in --from 10.0.0.1:4410 --to 10.0.0.2:4410 --spi 0x2001 --key 0x<72 digits>
//   iptfs add --direction out --from 10.0.0.2:4410 --to 10.0.0.1:4410 --spi 0x1001 --key ... --packet-bytes
//   1482 iptfs remove --to 10.0.0.1 --spi 0x1001 iptfs lead --from 10.0.0.2 --to 10.0.0.1
//   --inner-from 10.1.0.2 --inner-to 10.1.0.1      (and back)
#include <arpa/inet.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <vector>

#include "base/file_descriptor.hh"
#include "io/netlink.hh"
#include "io/socket_address.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

// include/uapi/linux/xfrm.h, since Linux 6.10 and 6.14.
constexpr uint8_t kModeIptfs = 5;
constexpr int kDirectionAttribute = 33;
constexpr uint8_t kIn = 1;
constexpr uint8_t kOut = 2;
constexpr int kReorderWindowAttribute = 37;  // in: cells
constexpr int kPacketBytesAttribute = 41;    // out

constexpr size_t kKeyBytes = 36;  // with its salt
constexpr uint32_t kIcvBits = 128;

xfrm_address_t xfrm_address(const IpAddress& address) {
  xfrm_address_t out{};
  std::memcpy(&out, address.bytes.data(), address.size());
  return out;
}
IpAddress address(const std::string& text) {
  const auto parsed = IpAddress::parse(text);
  if (!parsed) die("not an address: " + text);
  return *parsed;
}
Endpoint endpoint(const std::string& text) {
  const auto parsed = Endpoint::parse(text);
  if (!parsed) die("not an endpoint: " + text);
  return *parsed;
}
xfrm_lifetime_cfg for_ever() {
  xfrm_lifetime_cfg life{};
  life.soft_byte_limit = life.hard_byte_limit = life.soft_packet_limit = life.hard_packet_limit = XFRM_INF;
  return life;
}

// Sends it, and dies of what the kernel says.
void request(NetlinkMessage& message, const std::string& what) {
  const FileDescriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM));
  const int yes = 1;
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof yes);
  nlmsghdr* header = nlmsg_hdr(message.raw());
  header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  if (send(fd.get(), header, header->nlmsg_len, 0) < 0) die_of_errno(what);
  alignas(nlmsghdr) char answer[4096];
  const ssize_t got = recv(fd.get(), answer, sizeof answer, 0);
  const auto* back = reinterpret_cast<const nlmsghdr*>(answer);
  if (got < 0 || back->nlmsg_type != NLMSG_ERROR) die(what + ": no answer");
  const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(back));
  if (error->error == 0) return;
  // With a text, where the kernel has one.
  std::string text;
  for (ssize_t i = static_cast<ssize_t>(NLMSG_HDRLEN + sizeof(nlmsgerr)); i < got; ++i) {
    if (answer[i] >= ' ' && answer[i] <= '~') text += answer[i];
  }
  errno = -error->error;
  die_of_errno(what + " (" + text + ")");
}

struct Options {
  std::string local, from, to, direction, key, inner_from, inner_to;
  uint32_t spi = 0;
  uint32_t packet_bytes = 0;
  uint16_t reorder_window = 0;
};

void serve(const Options& options) {
  const SocketAddress local = socket_address(endpoint(options.local));
  const FileDescriptor fd(socket(local.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (bind(fd.get(), local.raw(), local.size) != 0) die_of_errno(options.local);
  const int encapsulation = UDP_ENCAP_ESPINUDP;
  if (setsockopt(fd.get(), IPPROTO_UDP, UDP_ENCAP, &encapsulation, sizeof encapsulation) != 0) {
    die_of_errno("UDP_ENCAP");
  }
  stop_on_signals();
  while (stopping == 0) poll(nullptr, 0, 100);
}

std::vector<uint8_t> key_bytes(std::string text) {
  if (text.rfind("0x", 0) == 0) text.erase(0, 2);
  if (text.size() != 2 * kKeyBytes) die("a key is 72 hexadecimal digits");
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

void add(const Options& options) {
  const Endpoint from = endpoint(options.from);
  const Endpoint to = endpoint(options.to);
  const bool is_out = options.direction == "out";
  xfrm_usersa_info state{};
  state.id = {xfrm_address(to.address), htonl(options.spi), IPPROTO_ESP};
  state.saddr = xfrm_address(from.address);
  state.lft = for_ever();
  state.family = family_of(to.address);
  state.mode = kModeIptfs;
  state.replay_window = is_out ? 0 : 32;
  state.flags = XFRM_STATE_AF_UNSPEC;  // inner packets of both families
  NetlinkMessage message(XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL);
  message.put_header(state);
  const auto key = key_bytes(options.key);
  std::vector<uint8_t> algorithm(sizeof(xfrm_algo_aead) + key.size());
  xfrm_algo_aead aead{};
  std::strcpy(aead.alg_name, "rfc4106(gcm(aes))");
  aead.alg_key_len = static_cast<unsigned>(key.size() * 8);
  aead.alg_icv_len = kIcvBits;
  std::memcpy(algorithm.data(), &aead, sizeof aead);
  std::memcpy(algorithm.data() + sizeof aead, key.data(), key.size());
  message.put(XFRMA_ALG_AEAD, algorithm.data(), algorithm.size());
  xfrm_encap_tmpl udp{};
  udp.encap_type = UDP_ENCAP_ESPINUDP;
  udp.encap_sport = htons(from.port);
  udp.encap_dport = htons(to.port);
  message.put(XFRMA_ENCAP, &udp, sizeof udp);
  message.put_u8(kDirectionAttribute, is_out ? kOut : kIn);
  if (is_out && options.packet_bytes > 0) message.put_u32(kPacketBytesAttribute, options.packet_bytes);
  if (!is_out && options.reorder_window > 0) {
    message.put(kReorderWindowAttribute, &options.reorder_window, sizeof options.reorder_window);
  }
  request(message, "a state");
}

void remove(const Options& options) {
  const IpAddress to = address(options.to);
  xfrm_usersa_id state{};
  state.daddr = xfrm_address(to);
  state.spi = htonl(options.spi);
  state.family = family_of(to);
  state.proto = IPPROTO_ESP;
  NetlinkMessage message(XFRM_MSG_DELSA, 0);
  message.put_header(state);
  request(message, "a state's end");
}

void add_policy(uint8_t direction, const Options& o, bool forth) {
  const IpAddress from = address(forth ? o.from : o.to);
  const IpAddress to = address(forth ? o.to : o.from);
  const IpAddress inner_from = address(forth ? o.inner_from : o.inner_to);
  const IpAddress inner_to = address(forth ? o.inner_to : o.inner_from);
  xfrm_userpolicy_info policy{};
  policy.sel.family = family_of(inner_to);
  policy.sel.saddr = xfrm_address(inner_from);
  policy.sel.daddr = xfrm_address(inner_to);
  policy.sel.prefixlen_s = policy.sel.prefixlen_d = static_cast<uint8_t>(inner_to.size() * 8);
  policy.lft = for_ever();
  policy.dir = direction;
  policy.action = XFRM_POLICY_ALLOW;
  xfrm_user_tmpl through{};
  through.id = {xfrm_address(to), 0, IPPROTO_ESP};
  through.family = family_of(to);
  through.saddr = xfrm_address(from);
  through.mode = kModeIptfs;
  through.aalgos = through.ealgos = through.calgos = UINT32_MAX;
  NetlinkMessage message(XFRM_MSG_NEWPOLICY, NLM_F_CREATE | NLM_F_EXCL);
  message.put_header(policy);
  message.put(XFRMA_TMPL, &through, sizeof through);
  request(message, "a policy");
}

int run(int argc, char** argv) {
  CLI::App app("Linux' RFC 9347", "iptfs");
  app.require_subcommand(1);
  Options options;
  CLI::App* serving = app.add_subcommand("serve");
  serving->add_option("--local", options.local)->required();
  CLI::App* adding = app.add_subcommand("add");
  adding->add_option("--direction", options.direction)->required()->check(CLI::IsMember({"in", "out"}));
  adding->add_option("--key", options.key)->required();
  adding->add_option("--packet-bytes", options.packet_bytes);
  adding->add_option("--reorder-window", options.reorder_window);
  CLI::App* removing = app.add_subcommand("remove");
  CLI::App* leading = app.add_subcommand("lead");
  leading->add_option("--inner-from", options.inner_from)->required();
  leading->add_option("--inner-to", options.inner_to)->required();
  for (CLI::App* one : {adding, leading}) one->add_option("--from", options.from)->required();
  for (CLI::App* one : {adding, removing, leading}) one->add_option("--to", options.to)->required();
  for (CLI::App* one : {adding, removing}) one->add_option("--spi", options.spi)->required();
  CLI11_PARSE(app, argc, argv);
  if (*serving) serve(options);
  if (*adding) add(options);
  if (*removing) remove(options);
  if (*leading) {
    add_policy(XFRM_POLICY_OUT, options, true);
    add_policy(XFRM_POLICY_IN, options, false);
  }
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
