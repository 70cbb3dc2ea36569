// One TCP transfer that checks itself: the sender's SHA-256 against the receiver's.
//   stream serve & stream send --to 10.0.0.1 --bytes 50000000
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hh"
#include "base/file_descriptor.hh"
#include "base/random.hh"
#include "io/clock.hh"
#include "io/socket_address.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr size_t kChunk = 65536;

class Sha256 {
 public:
  Sha256() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(Bytes bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string to_string() {
    uint8_t digest[32];
    EVP_DigestFinal_ex(context_.get(), digest, nullptr);
    std::string hex;
    for (const uint8_t byte : digest) {
      hex += "0123456789abcdef"[byte >> 4];
      hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

double seconds_in(Duration duration) {
  return static_cast<double>(duration.ns) / 1e9;
}

// What the receiver found, also sent back to the sender as one line of JSON.
nlohmann::json receive_all(int fd, Duration skip) {
  const MonotonicClock clock;
  Sha256 digest;
  std::vector<uint8_t> buffer(kChunk);
  uint64_t bytes = 0;
  uint64_t bytes_after_skip = 0;
  Duration longest_gap{};
  Instant first{};
  Instant last{};
  std::optional<Instant> counting_since;
  while (true) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0) die_of_errno("the connection broke after " + std::to_string(bytes) + " bytes");
    if (got == 0) break;
    const Instant now = clock.now();
    if (bytes == 0) first = last = now;
    longest_gap = std::max(longest_gap, now - last);
    last = now;
    digest.add({buffer.data(), static_cast<size_t>(got)});
    bytes += static_cast<uint64_t>(got);
    if (counting_since) {
      bytes_after_skip += static_cast<uint64_t>(got);
    } else if (now - first >= skip) {
      counting_since = now;
    }
  }
  const double took = counting_since ? seconds_in(last - *counting_since) : 0;
  return {{"bytes", bytes},
          {"sha256", digest.to_string()},
          {"seconds", seconds_in(last - first)},
          {"goodput_bps", took > 0 ? static_cast<double>(bytes_after_skip) * 8 / took : 0},
          {"longest_gap_ms", static_cast<double>(longest_gap.ns) / 1e6}};
}

int serve(uint16_t port, int64_t skip_ms) {
  const FileDescriptor listener(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  set_option(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  set_option(listener.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  const SocketAddress local = socket_address({*IpAddress::parse("::"), port});
  if (bind(listener.get(), local.raw(), local.size) != 0) die_of_errno("bind");
  if (listen(listener.get(), 1) != 0) die_of_errno("listen");
  const FileDescriptor fd(accept(listener.get(), nullptr, nullptr));
  if (!fd) die_of_errno("accept");
  const nlohmann::json found = receive_all(fd.get(), milliseconds(skip_ms));
  const std::string line = found.dump() + "\n";
  if (send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) die_of_errno("answering");
  print(found);
  return 0;
}

struct Amount {
  uint64_t bytes = 0;  // 0: as much as goes in the time
  int64_t seconds_long = 0;
  uint64_t limit_bps = 0;  // 0: none
};

// The digest of what was sent.
std::string send_all(int fd, const Amount& amount, uint64_t seed) {
  const MonotonicClock clock;
  Sha256 digest;
  Random random(seed);
  std::vector<uint8_t> chunk(kChunk);
  const Instant start = clock.now();
  uint64_t sent = 0;
  while (stopping == 0) {
    if (amount.bytes != 0 && sent >= amount.bytes) break;
    if (amount.bytes == 0 && clock.now() - start >= seconds(amount.seconds_long)) break;
    if (amount.limit_bps != 0) {
      clock.sleep_until(start + nanoseconds(static_cast<int64_t>(static_cast<double>(sent) * 8e9 /
                                                                 static_cast<double>(amount.limit_bps))));
    }
    size_t size = chunk.size();
    if (amount.bytes != 0) size = std::min<uint64_t>(size, amount.bytes - sent);
    for (size_t i = 0; i + 8 <= chunk.size(); i += 8) store_be64(chunk.data() + i, random.next());
    digest.add({chunk.data(), size});
    for (size_t at = 0; at < size;) {
      const ssize_t took = send(fd, chunk.data() + at, size - at, MSG_NOSIGNAL);
      if (took < 0) die_of_errno("the connection broke after " + std::to_string(sent) + " bytes");
      at += static_cast<size_t>(took);
    }
    sent += size;
  }
  shutdown(fd, SHUT_WR);
  return digest.to_string();
}

int transfer(const std::string& to, uint16_t port, const Amount& amount, uint64_t seed) {
  const auto address = IpAddress::parse(to);
  if (!address) die("not an address: " + to);
  const FileDescriptor fd(socket(address->is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress destination = socket_address({*address, port});
  if (connect(fd.get(), destination.raw(), destination.size) != 0) die_of_errno("connecting to " + to);
  const std::string sent = send_all(fd.get(), amount, seed);
  std::string answer;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0)
    answer.append(buffer, static_cast<size_t>(got));
  if (got < 0) die_of_errno("waiting for the answer");
  nlohmann::json found = nlohmann::json::parse(answer, nullptr, false);
  if (found.is_discarded()) die("the answer is no JSON: " + answer);
  found["match"] = found["sha256"] == sent;
  print(found);
  return found["match"] ? 0 : 1;
}

int run(int argc, char** argv) {
  CLI::App app("One TCP transfer that checks itself", "stream");
  app.require_subcommand(1);
  std::string to;
  uint16_t port = 7008;
  int64_t skip_ms = 0;
  uint64_t seed = 1;
  Amount amount;
  auto* server = app.add_subcommand("serve", "Takes one connection");
  server->add_option("--skip-ms", skip_ms, "goodput_bps leaves the beginning out");
  auto* client = app.add_subcommand("send");
  client->add_option("--to", to)->required();
  client->add_option("--bytes", amount.bytes);
  client->add_option("--seconds", amount.seconds_long, "instead of --bytes");
  client->add_option("--limit-bps", amount.limit_bps);
  client->add_option("--seed", seed);
  for (auto* command : {server, client}) command->add_option("--port", port);
  CLI11_PARSE(app, argc, argv);
  stop_on_signals();
  return server->parsed() ? serve(port, skip_ms) : transfer(to, port, amount, seed);
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
