#include "try/stage.hh"

#include <fmt/format.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "control/client.hh"
#include "control/status.hh"
#include "crypto/keys.hh"
#include "enroll/files.hh"
#include "enroll/node_files.hh"
#include "enroll/secret_key.hh"
#include "io/clock.hh"
#include "io/command.hh"
#include "io/network_namespace.hh"

namespace cuttle::trial {

namespace {

constexpr Duration kCommandTimeout = seconds(10);
constexpr Duration kLookAgain = milliseconds(20);

void sleep_for(Duration time) {
  const MonotonicClock clock;
  clock.sleep_until(clock.now() + time);
}

Result<void> ip(const std::vector<std::string>& words) {
  std::vector<std::string> all{"ip"};
  all.insert(all.end(), words.begin(), words.end());
  const auto done = run_good_command(all, kCommandTimeout);
  if (!done) return tl::unexpected(done.error());
  return {};
}

// In the calling thread's network namespace. A kernel without that family has no such file.
void set_sysctl(const std::string& name, const char* value) {
  std::ofstream("/proc/sys/net/" + name) << value << std::flush;
}

std::string config_of(const Node& node, const Node& other, const PublicKey& other_key) {
  const Endpoint listen{node.address, kPort};
  enroll::PublicNode peer;
  peer.name = other.name;
  peer.endpoint = {other.address, kPort};
  peer.key = other_key;
  peer.redirect = {{other.address, 32}};
  return fmt::format(
      "[node]\nname = \"{}\"\nprivate_key_file = \"{}\"\nlisten = \"{}\"\ncontrol_socket = \"{}\"\n"
      "[shape]\nrate = \"{}\"\n{}",
      node.name, node.file(".key"), listen.to_string(), node.file(".sock"), kRate,
      enroll::peer_block(peer, false));
}

bool is_up(const Node& node) {
  const auto document = ask_agent(node.file(".sock"), "status", seconds(1));
  const auto status = document ? status_from_json(*document) : tl::unexpected(document.error());
  return status && status->links.size() == 1 && status->links[0].state == "up";
}

}  // namespace

Stage::~Stage() {
  (void)take_away(place_);
}

Result<void> Stage::set_up() {
  if (auto made = make_network(); !made) return made;
  if (auto written = write_files(); !written) return written;
  return start_agents();
}

Result<void> Stage::make_network() {
  const auto& [a, b] = place_.nodes;
  for (const Node& node : place_.nodes) {
    if (auto made = ip({"netns", "add", node.name_space}); !made) {
      return failure(made.error().message + "; a container needs --privileged for it");
    }
  }
  if (auto made = ip({"-n", a.name_space, "link", "add", kCable, "type", "veth", "peer", "name", kCable,
                      "netns", b.name_space});
      !made) {
    return made;
  }
  for (const Node& node : place_.nodes) {
    const auto visit = NamespaceVisit::enter(node.name_space);
    if (!visit) return tl::unexpected(visit.error());
    // Strict reverse-path filtering, which this machine may have by default, drops cells; and on the cable
    // IPv6 would have things of its own to say.
    set_sysctl("ipv4/conf/all/rp_filter", "0");
    set_sysctl(fmt::format("ipv4/conf/{}/rp_filter", kCable), "0");
    set_sysctl(fmt::format("ipv6/conf/{}/disable_ipv6", kCable), "1");
    // Each cell is a frame of its own, as behind a network card.
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"link", "set", "dev", "lo", "up"},
             {"address", "add", node.address.to_string() + "/24", "dev", kCable},
             {"link", "set", "dev", kCable, "gso_max_segs", "1", "up"}}) {
      if (auto done = ip(words); !done) return done;
    }
  }
  return {};
}

Result<void> Stage::write_files() {
  const std::array keys{enroll::new_key<PrivateKey>(), enroll::new_key<PrivateKey>()};
  enroll::FileBatch batch;
  for (size_t i = 0; i < 2; ++i) {
    const Node& node = place_.nodes[i];
    const SecretText key = keys[i].reveal_text();
    const std::string config = config_of(node, place_.nodes[1 - i], keys[1 - i].public_key());
    if (auto added = batch.add(node.file(".key"), key.view(), true); !added) return added;
    if (auto added = batch.add(node.file(".toml"), config, false); !added) return added;
  }
  return batch.commit();
}

Result<void> Stage::start_agents() {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const Node& node : place_.nodes) {
    // `ip netns exec` shows the agent its own /sys, too, and becomes the agent.
    auto agent =
        start_logged({"ip", "netns", "exec", node.name_space, program, "up", "--config", node.file(".toml")},
                     node.file(".log"));
    if (!agent) return tl::unexpected(agent.error());
    agents_.push_back(std::move(*agent));
  }
  return {};
}

Result<void> Stage::wait_until_up(Duration timeout, const std::function<bool()>& is_over) {
  const MonotonicClock clock;
  const Instant until = clock.now() + timeout;
  for (;;) {
    size_t up = 0;
    for (size_t i = 0; i < agents_.size(); ++i) {
      const Node& node = place_.nodes[i];
      if (const auto status = agents_[i].wait_until(clock.now())) {
        return failure(fmt::format("the agent of {} ended with status {}; its last words:\n{}", node.name,
                                   *status, last_words(node)));
      }
      up += is_up(node) ? 1 : 0;
    }
    if (up == agents_.size()) return {};
    if (is_over()) return failure("interrupted");
    if (clock.now() > until) {
      return failure(fmt::format("the link is not up after {} s; the agents' last words:\n{}{}",
                                 timeout.ns / 1'000'000'000, last_words(place_.nodes[0]),
                                 last_words(place_.nodes[1])));
    }
    sleep_for(kLookAgain);
  }
}

std::string Stage::last_words(const Node& node) const {
  constexpr size_t kLines = 8;
  std::ifstream log(node.file(".log"));
  std::deque<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    lines.push_back("  " + node.name + ": " + line + "\n");
    if (lines.size() > kLines) lines.pop_front();
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace cuttle::trial
