// A firewall's rules as text, read into chains: what `nft list ruleset` prints, and, translated into its
// words, what iptables-save prints (the old tables, which nftables does not show). Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cuttle::doctor {

struct FirewallRule {
  std::string text;                // as it was printed
  std::vector<std::string> words;  // without quotation marks; braces and commas are words
};

struct FirewallChain {
  std::string family;  // "ip", "ip6", "inet", ...
  std::string table;
  std::string name;
  std::string hook;  // empty: others jump here
  std::string type;  // "filter", "nat", "route"
  int priority = 0;
  bool drops = false;        // what no rule decides
  bool is_iptables = false;  // one of the old tables
  std::vector<FirewallRule> rules;
};

struct Ruleset {
  std::vector<FirewallChain> chains;
  // Elements of named sets and maps, by "FAMILY TABLE NAME": as words.
  std::map<std::string, std::vector<std::string>> sets;
};

Ruleset read_nftables(std::string_view text);
// `family`: "ip" or "ip6". Adds to `rules`.
void read_iptables(Ruleset& rules, std::string_view text, const std::string& family);

// Words of one line, as nft prints rules.
std::vector<std::string> firewall_words(std::string_view line);

}  // namespace cuttle::doctor
