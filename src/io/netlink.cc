#include "io/netlink.hh"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.hh"
#include "io/os_error.hh"

namespace cuttle {
namespace {

using Callbacks = std::unique_ptr<nl_cb, decltype(&nl_cb_put)>;

// What the callbacks of one exchange share.
struct Exchange {
  const std::function<void(nlmsghdr*)>* each = nullptr;
  bool finished = false;
  bool interrupted = false;
  int error = 0;
};

int on_valid(nl_msg* message, void* state) {
  const auto* exchange = static_cast<Exchange*>(state);
  if (exchange->each != nullptr) (*exchange->each)(nlmsg_hdr(message));
  return NL_OK;
}

// Something changed since the dump's last message: what comes may lack what was there all the time.
int on_interrupted(nl_msg* /*message*/, void* state) {
  static_cast<Exchange*>(state)->interrupted = true;
  return NL_OK;
}

int on_end(nl_msg* /*message*/, void* state) {
  static_cast<Exchange*>(state)->finished = true;
  return NL_STOP;
}

// The end of a dump says whether the kernel could give all of it.
int on_dump_end(nl_msg* message, void* state) {
  auto* exchange = static_cast<Exchange*>(state);
  nlmsghdr* header = nlmsg_hdr(message);
  exchange->finished = true;
  if (nlmsg_datalen(header) >= static_cast<int>(sizeof exchange->error)) {
    std::memcpy(&exchange->error, nlmsg_data(header), sizeof exchange->error);
  }
  return NL_STOP;
}

// libnl would translate the kernel's error numbers into fewer of its own: taken here as they come.
int on_error(sockaddr_nl* /*from*/, nlmsgerr* error, void* state) {
  auto* exchange = static_cast<Exchange*>(state);
  exchange->finished = true;
  exchange->error = error->error;
  return NL_STOP;
}

}  // namespace

NetlinkMessage::NetlinkMessage(int type, int flags, size_t room_bytes)
    : message_(nlmsg_alloc_size(room_bytes), &nlmsg_free) {
  CUTTLE_CHECK(message_ != nullptr && nlmsg_put(message_.get(), NL_AUTO_PORT, NL_AUTO_SEQ, type, 0,
                                                NLM_F_REQUEST | flags) != nullptr,
               "out of memory for a netlink message");
}

void NetlinkMessage::append(const void* data, size_t size) {
  // nlmsg_append takes a pointer to data it only reads.
  const int done = nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO);
  CUTTLE_CHECK(done == 0, "a netlink message is too long");
}

void NetlinkMessage::put(int attribute, const void* data, size_t size) {
  const int done = nla_put(message_.get(), attribute, static_cast<int>(size), data);
  CUTTLE_CHECK(done == 0, "a netlink message is too long");
}

void NetlinkMessage::put_text(int attribute, std::string_view text) {
  const std::string terminated(text);
  put(attribute, terminated.c_str(), terminated.size() + 1);
}

nlattr* NetlinkMessage::begin_nest(int attribute) {
  nlattr* nest = nla_nest_start(message_.get(), attribute);
  CUTTLE_CHECK(nest != nullptr, "a netlink message is too long");
  return nest;
}

void NetlinkMessage::end_nest(nlattr* nest) {
  nla_nest_end(message_.get(), nest);
}

Result<NetlinkSocket> NetlinkSocket::open() {
  return open_to(NETLINK_ROUTE, 0);
}

Result<NetlinkSocket> NetlinkSocket::open_to(int protocol, uint32_t port) {
  nl_sock* raw = nl_socket_alloc();
  CUTTLE_CHECK(raw != nullptr, "out of memory for a netlink socket");
  NetlinkSocket socket(raw);
  if (const int error = nl_connect(raw, protocol); error < 0) {
    return failure(std::string("cannot open a netlink socket: ") + nl_geterror(error));
  }
  nl_socket_set_peer_port(raw, port);
  return socket;
}

void NetlinkSocket::ask_strictly() {
  const int on = 1;
  (void)::setsockopt(nl_socket_get_fd(socket_.get()), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
}

int NetlinkSocket::request(NetlinkMessage& message) {
  nlmsg_hdr(message.raw())->nlmsg_flags |= NLM_F_ACK;
  return query(message, [](nlmsghdr*) {});
}

int NetlinkSocket::query(NetlinkMessage& message, const std::function<void(nlmsghdr*)>& each) {
  const bool is_dump = (nlmsg_hdr(message.raw())->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  bool interrupted = false;
  if (!is_dump) return exchange_once(message, each, interrupted);
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    std::vector<std::vector<char>> dump;
    const int error = exchange_once(
        message,
        [&](nlmsghdr* answer) {
          const auto* bytes = reinterpret_cast<const char*>(answer);
          dump.emplace_back(bytes, bytes + answer->nlmsg_len);
        },
        interrupted);
    if (error != 0) return error;
    if (interrupted) continue;
    for (std::vector<char>& answer : dump) each(reinterpret_cast<nlmsghdr*>(answer.data()));
    return 0;
  }
  return -EAGAIN;
}

int NetlinkSocket::exchange_once(NetlinkMessage& message, const std::function<void(nlmsghdr*)>& each,
                                 bool& interrupted) {
  const Callbacks callbacks(nl_cb_alloc(NL_CB_DEFAULT), &nl_cb_put);
  CUTTLE_CHECK(callbacks != nullptr, "out of memory for netlink callbacks");
  Exchange exchange{.each = &each};
  nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_valid, &exchange);
  nl_cb_set(callbacks.get(), NL_CB_FINISH, NL_CB_CUSTOM, on_dump_end, &exchange);
  nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, on_end, &exchange);
  nl_cb_set(callbacks.get(), NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, &exchange);
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &exchange);
  nlmsg_hdr(message.raw())->nlmsg_seq = NL_AUTO_SEQ;  // a number of its own for each attempt
  // nl_send_auto asks for an acknowledgement always, so each exchange ends with one, a dump's end or an
  // error.
  if (nl_send_auto(socket_.get(), message.raw()) < 0) return -EIO;
  while (!exchange.finished) {
    if (nl_recvmsgs(socket_.get(), callbacks.get()) < 0 && !exchange.finished) return -EIO;
  }
  interrupted = exchange.interrupted;
  return exchange.error;
}

IpAddress address_from(const nlattr* attribute) {
  IpAddress address;
  const auto size = static_cast<size_t>(nla_len(attribute));
  if (size != 4 && size != 16) return address;
  address.is_v6 = size == 16;
  std::memcpy(address.bytes.data(), nla_data(attribute), size);
  return address;
}

bool is_unsupported(int error) {
  return error == -EAFNOSUPPORT || error == -EOPNOTSUPP;
}

uint8_t family_of(const IpAddress& address) {
  return address.is_v6 ? AF_INET6 : AF_INET;
}

}  // namespace cuttle
