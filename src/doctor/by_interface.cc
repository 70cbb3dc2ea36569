// Firewalls that let things in by the interface they come in by.
#include "doctor/by_interface.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle::doctor {

namespace {

// A rule's line, as nft prints it, that lets new connections in by this interface alone.
bool lets_in_by(std::string_view line, const std::string& interface) {
  const auto has = [&](std::string_view words) { return line.find(words) != std::string_view::npos; };
  const bool names = has("iif \"" + interface + "\" ") || has("iifname \"" + interface + "\" ");
  return names && has(" dport ") && has(" accept");
}

bool names_links(std::string_view line) {
  const size_t at = line.find("iif");
  return at != std::string_view::npos && line.find("\"ct-", at) != std::string_view::npos;
}

template <typename Predicate>
bool any_line(std::string_view text, Predicate predicate) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (predicate(text.substr(0, end))) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace

Findings examine_rules_by_interface(std::string_view ruleset, const std::vector<std::string>& ways_out) {
  Findings findings;
  // Cuttle's own table names its links in every chain.
  const size_t own = ruleset.find("table inet cuttle {");
  const size_t own_end = own == std::string_view::npos ? own : ruleset.find("\n}", own);
  std::string others(ruleset.substr(0, own));
  if (own_end != std::string_view::npos) others += ruleset.substr(own_end);
  for (const std::string& interface : ways_out) {
    if (!any_line(others, [&](std::string_view line) { return lets_in_by(line, interface); })) continue;
    if (any_line(others, names_links)) continue;
    findings.push_back(
        {Mark::unsure,
         fmt::format(
             "the firewall lets new connections in by {}, by its name; what came in there comes in by the "
             "links' interfaces now, which no rule names",
             interface),
         "name ct-* beside it, or no interface (docs/hosts.md); `cuttle doctor --try` at a peer shows "
         "whether its "
         "connections come in"});
  }
  return findings;
}

}  // namespace cuttle::doctor
