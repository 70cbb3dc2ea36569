#include "trace/connections.hh"

#include <string_view>

namespace cuttle::trace {

namespace {

// The word behind `marker`, up to a blank.
std::string word_after(std::string_view text, std::string_view marker) {
  const size_t at = text.find(marker);
  if (at == std::string_view::npos) return {};
  const size_t from = at + marker.size();
  return std::string(text.substr(from, text.find(' ', from) - from));
}

std::string connection_of_message(const std::string& text) {
  const size_t at = text.rfind(" con 0x");
  return at == std::string::npos ? std::string() : word_after(std::string_view(text).substr(at), " con ");
}

// "v2:10.77.0.12:6800/10089" or a list of such in brackets: the first one's host.
std::string host_of(std::string_view address) {
  const size_t kind = address.find(':');
  if (kind == std::string_view::npos) return {};
  address.remove_prefix(kind + 1);
  if (!address.empty() && address.front() == '[')
    return std::string(address.substr(1, address.find(']') - 1));
  return std::string(address.substr(0, address.find(':')));
}

// "10.77.0.10:0/1715270017" or "[fd00::1]:0/17"
std::string bare_host(const std::string& address) {
  if (!address.empty() && address.front() == '[') return address.substr(1, address.find(']') - 1);
  return address.substr(0, address.find(':'));
}

// "-- ME --> ADDRESS -- MESSAGE -- 0x... con 0x..."
std::string sent_to(const std::string& text) {
  const std::string address = word_after(text, "--> ");
  return host_of(address.empty() || address.front() != '[' ? address : address.substr(1));
}

// Of several attempts the one that came furthest: in msgr2 to the other end's hello, else the one with the
// most lines.
std::string furthest(const std::vector<TimedLine>& lines, const std::vector<std::string>& connections) {
  constexpr size_t kHello = 1'000'000;
  std::string found;
  size_t max = 0;
  for (const std::string& connection : connections) {
    size_t score = 0;
    for (const TimedLine& timed : lines) {
      if (timed.line.text.find(connection) == std::string::npos) continue;
      score += timed.line.text.find("handle_hello received") != std::string::npos ? kHello : 1;
    }
    if (score <= max) continue;
    max = score;
    found = connection;
  }
  return found;
}

}  // namespace

Connections find_connections(const std::vector<TimedLine>& lines, int64_t second_half_ns) {
  Connections found;
  std::vector<std::string> picked_first;
  std::vector<std::string> picked_second;
  for (const TimedLine& timed : lines) {
    const std::string& text = timed.line.text;
    const bool second = timed.at_ns >= second_half_ns;
    if (text.find("monclient(hunting): picked ") != std::string::npos) {
      (second ? picked_second : picked_first).push_back(word_after(text, " con "));
    } else if (text.find("learned_addr learned my addr ") != std::string::npos) {
      found.own_address = bare_host(word_after(text, "learned my addr "));
    } else if (find_pattern(text, "--> * -- mon_subscribe(")) {
      std::string& connection = second ? found.monitor : found.bootstrap;
      if (connection.empty()) connection = connection_of_message(text);
      found.monitor_address = sent_to(text);
    } else if (found.primary.empty() && find_pattern(text, "--> * -- osd_op(")) {
      found.primary = connection_of_message(text);
      found.primary_address = sent_to(text);
    }
  }
  // Without a subscription there was no authentication either.
  if (found.bootstrap.empty()) found.bootstrap = furthest(lines, picked_first);
  if (found.monitor.empty()) found.monitor = furthest(lines, picked_second);
  return found;
}

}  // namespace cuttle::trace
