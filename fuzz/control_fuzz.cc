// Clients of the control socket that do anything in any order: half a request, garbage, more than asked for,
// never reading, going away. The server stays within its bounds, never blocks, and is rid of all of them in
// time. Also the pure halves: what a request, a response and a status are read from.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/check.hh"
#include "control/server.hh"
#include "control/socket_address.hh"
#include "control/status.hh"
#include "input.hh"

namespace cuttle {
namespace {

constexpr size_t kClients = 4;
constexpr size_t kMaxSlots = kClients + 3;  // more than the server takes at once
constexpr Duration kClientTime = seconds(2);

class Fuzzed {
 public:
  Fuzzed() : path_("/tmp/cuttle-control-fuzz-" + std::to_string(::getpid()) + "/a.sock") {
    auto server = ControlServer::open(path_, [](const std::string& request) { return answer(request); },
                                      {.clients = kClients, .request_bytes = 64, .client_time = kClientTime});
    CUTTLE_CHECK(server.has_value(), "a server can be opened in a folder of its own");
    server_ = std::move(*server);
  }
  ~Fuzzed() {
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove(std::filesystem::path(path_).parent_path(), ignored);
  }
  Fuzzed(const Fuzzed&) = delete;
  Fuzzed& operator=(const Fuzzed&) = delete;

  void run(FuzzInput input) {
    std::array<FileDescriptor, kMaxSlots> clients;
    while (!input.empty()) {
      const uint8_t choice = input.byte();
      FileDescriptor& client = clients[choice % kMaxSlots];
      switch (choice / kMaxSlots % 6) {
        case 0:
          client = connect();
          break;
        case 1:
          say(client, input);
          break;
        case 2:
          if (client) ::shutdown(client.get(), SHUT_WR);
          break;
        case 3:
          hear(client);
          break;
        case 4:
          client = FileDescriptor();
          break;
        default:
          now_ = now_ + milliseconds(input.byte());
          server_->handle_timeout(now_);
      }
      turn();
    }
    // Whatever they did, their time ends; those that waited to be accepted get theirs.
    for (size_t round = 0; round <= kMaxSlots; ++round) {
      now_ = now_ + kClientTime;
      server_->handle_timeout(now_);
      turn();
    }
    clients = {};
    now_ = now_ + kClientTime;
    turn();
    server_->handle_timeout(now_ + kClientTime);
    CUTTLE_CHECK(server_->clients() == 0, "no client stays longer than its time");
  }

 private:
  static Result<std::string> answer(const std::string& request) {
    if (request == "status") return std::string(R"({"node":"a"})");
    if (request == "long") return std::string(300'000, ' ');
    return failure("no such request: " + request);
  }
  FileDescriptor connect() const {
    auto connection = connect_once(*socket_address(path_));
    return connection ? std::move(*connection) : FileDescriptor();
  }
  static void say(const FileDescriptor& client, FuzzInput& input) {
    std::array<uint8_t, 128> words{};
    const size_t size = std::min<size_t>(input.byte(), words.size());
    input.fill({words.data(), size});
    if (client) (void)::send(client.get(), words.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  static void hear(const FileDescriptor& client) {
    std::array<char, 4096> words;
    if (client) (void)::recv(client.get(), words.data(), words.size(), MSG_DONTWAIT);
  }
  void turn() {
    auto fds = server_->poll_fds();
    ::poll(fds.data(), fds.size(), 0);
    server_->handle_ready(now_, fds);
    CUTTLE_CHECK(server_->clients() <= kClients, "clients are bounded");
  }

  std::string path_;
  std::unique_ptr<ControlServer> server_;
  Instant now_{0};
};

void parse(std::string_view text) {
  if (const auto request = parse_request(text)) {
    const auto again = parse_request(request_line(*request));
    // What is not UTF-8 was replaced, so compare only what comes back whole.
    CUTTLE_CHECK(again.has_value(), "a request can be sent again");
  }
  (void)parse_response(std::string(text));
  if (const auto status = status_from_json(text)) {
    (void)render_table(*status);
    CUTTLE_CHECK(status_from_json(to_json(*status)).has_value(), "a status can be read again");
  }
}

}  // namespace
}  // namespace cuttle

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cuttle;
  if (size == 0) return 0;
  // The first byte says which half is meant, so that texts stay texts in the corpus.
  if (data[0] != '!') {
    parse({reinterpret_cast<const char*>(data), size});
    return 0;
  }
  static Fuzzed fuzzed;
  fuzzed.run({data + 1, size - 1});
  return 0;
}
