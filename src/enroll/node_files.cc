#include "enroll/node_files.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "config/host_name.hh"
#include "config/parse.hh"

namespace cuttle::enroll {

namespace {

bool is_taken(const std::string& name, const std::vector<std::string>& taken) {
  return std::find(taken.begin(), taken.end(), name) != taken.end();
}

// Own addresses of a family that `listen` does not have: sources of redirected traffic.
std::string addresses_line(const PublicNode& node) {
  std::vector<IpPrefix> sources{IpPrefix::of(node.endpoint.address)};
  for (const IpPrefix& prefix : node.redirect) {
    const bool has_family = std::any_of(sources.begin(), sources.end(), [&](const IpPrefix& source) {
      return source.address.is_v6 == prefix.address.is_v6;
    });
    if (!has_family) sources.push_back(prefix);
  }
  if (sources.size() == 1) return "";
  return "addresses = " + toml_list(sources) + "\n";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Puts what `wanted` has beyond `peer` into the list that begins and ends in that line.
Result<void> widen(const std::string& file, std::vector<std::string>& lines, uint32_t line,
                   const PeerConfig& peer, const PublicNode& wanted) {
  std::vector<IpPrefix> all = peer.redirect;
  for (const IpPrefix& prefix : wanted.redirect) {
    const bool covered =
        std::any_of(all.begin(), all.end(), [&](const IpPrefix& known) { return known.overlaps(prefix); });
    if (!covered) all.push_back(prefix);
  }
  if (all.size() == peer.redirect.size()) return {};
  std::string* text = line >= 1 && line <= lines.size() ? &lines[line - 1] : nullptr;
  const size_t begin = text == nullptr ? std::string::npos : text->find('[');
  const size_t end = begin == std::string::npos ? begin : text->find(']', begin);
  if (end == std::string::npos) {
    return failure(fmt::format("{}:{}: peer.{}.redirect: write this list in one line, or make it {} yourself",
                               file, line, peer.name, toml_list(all)));
  }
  text->replace(begin, end + 1 - begin, toml_list(all));
  return {};
}

bool is_same(const PeerConfig& peer, const PublicNode& wanted) {
  return peer.public_key == wanted.key || peer.endpoint == wanted.endpoint;
}

// The file may give its peers other names than we would; a new one must not take one of them.
std::string free_name(const std::string& name, const std::vector<PeerConfig>& peers) {
  std::vector<std::string> taken;
  for (const PeerConfig& peer : peers) taken.push_back(peer.name);
  return peer_name_for(name, taken);
}

}  // namespace

std::string toml_list(const std::vector<IpPrefix>& prefixes) {
  std::string list;
  for (const IpPrefix& prefix : prefixes) {
    const bool is_host = prefix.length == prefix.address.size() * 8;
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ",
                        is_host ? prefix.address.to_string() : prefix.to_string());
  }
  return "[" + list + "]";
}

std::string toml_list(const std::vector<IpAddress>& addresses) {
  return toml_list(prefixes_of(addresses));
}

std::string peer_name_for(const std::string& host, const std::vector<std::string>& taken) {
  std::string clean;
  for (const char c : host) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    const bool upper = c >= 'A' && c <= 'Z';
    clean += good ? c : upper ? static_cast<char>(c - 'A' + 'a') : '-';
  }
  if (clean.empty()) clean = "node";
  // The end of a long name tells hosts apart more often than its beginning.
  if (clean.size() > kLongestPeerName) clean = clean.substr(clean.size() - kLongestPeerName);
  std::string name = clean;
  for (int number = 2; is_taken(name, taken); ++number) {
    const std::string suffix = fmt::format("-{}", number);
    name = clean.substr(0, kLongestPeerName - suffix.size()) + suffix;
  }
  return name;
}

std::string peer_block(const PublicNode& peer, bool joining) {
  return fmt::format(
      "[[peer]]{}\n"
      "name = \"{}\"\n"
      "public_key = \"{}\"\n"
      "endpoint = \"{}\"\n"
      "redirect = {}\n"
      "{}",
      peer.about.empty() ? "" : "  # " + peer.about, peer.name, peer.key.to_string(),
      peer.endpoint.to_string(), toml_list(peer.redirect), joining ? "joining = true\n" : "");
}

std::string node_file(const PublicNode& node, const std::vector<PublicNode>& peers, const FileStyle& style) {
  std::string text = fmt::format(
      "# Cuttle's configuration of {0}{1}. docs/configuration.md has every key.\n"
      "\n"
      "[node]\n"
      "name = \"{0}\"\n"
      "private_key_file = \"{0}.key\"  # beside this file, mode 600; its owner is whom the agent runs as\n"
      "listen = \"{2}\"  # where cells arrive; let this UDP port through the firewall\n"
      "{3}"
      "\n"
      "# What every link looks like on the wire, whatever it carries. `cuttle plan` helps to choose.\n"
      "[shape]\n"
      "rate = \"{4}\"  # of IP bytes, each way, on each link, all day\n"
      "slot = \"{5}\"\n",
      node.name, node.about.empty() ? "" : " (" + node.about + ")", node.endpoint.to_string(),
      addresses_line(node), style.rate, style.slot);
  if (peers.empty()) {
    text +=
        "\n"
        "# For each peer paste what `cuttle show` prints there:\n"
        "#\n"
        "# [[peer]]\n"
        "# name = \"osd1\"\n"
        "# public_key = \"...\"\n"
        "# endpoint = \"10.77.0.12:4410\"\n"
        "# redirect = [\"10.77.0.12\"]\n";
    return text;
  }
  text += "\n# One link to each other host. `redirect`: the addresses whose traffic goes through it.\n";
  if (style.joining) {
    text +=
        "# `joining`: until a link has been up once, traffic passes beside it. Take these lines out when "
        "all\n"
        "# links are up (docs/ceph.md).\n";
  }
  for (const PublicNode& peer : peers) text += "\n" + peer_block(peer, style.joining);
  return text;
}

Result<std::string> grown_file(const std::string& file, const std::string& text,
                               const std::vector<PublicNode>& peers, const FileStyle& style) {
  ParsedConfig parsed = parse_config(text, "");
  for (const Problem& problem : parsed.problems.list()) {
    if (problem.severity == Severity::error) return failure(to_string(problem, file));
  }
  std::vector<std::string> lines = lines_of(text);
  std::string appended;
  for (const PublicNode& wanted : peers) {
    const auto& known = parsed.config.peers;
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const PeerConfig& peer) { return is_same(peer, wanted); });
    if (found == known.end()) {
      PublicNode named = wanted;
      named.name = free_name(wanted.name, known);
      appended += "\n" + peer_block(named, style.joining);
      continue;
    }
    const uint32_t line = parsed.lines.line(fmt::format("peer[{}].redirect", found - known.begin()));
    if (auto done = widen(file, lines, line, *found, wanted); !done) return tl::unexpected(done.error());
  }
  std::string grown;
  for (const std::string& line : lines) grown += line + "\n";
  return grown + appended;
}

}  // namespace cuttle::enroll
