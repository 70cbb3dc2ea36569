// The old tables in the words of nft (ruleset.hh). Source: iptables-save(8), iptables-extensions(8).
#include <algorithm>
#include <sstream>

#include "doctor/ruleset.hh"

namespace cuttle::doctor {

namespace {

struct Hook {
  const char* chain;
  const char* hook;
};
constexpr Hook kHooks[] = {{"PREROUTING", "prerouting"},
                           {"INPUT", "input"},
                           {"FORWARD", "forward"},
                           {"OUTPUT", "output"},
                           {"POSTROUTING", "postrouting"}};

int priority_of(const std::string& table, const std::string& hook) {
  if (table == "raw") return -300;
  if (table == "mangle") return -150;
  if (table == "nat") return hook == "prerouting" || hook == "output" ? -100 : 100;
  return table == "security" ? 50 : 0;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// "1:5,9" as "{ 1-5, 9 }"
std::string ports(std::string list) {
  std::replace(list.begin(), list.end(), ':', '-');
  return "{ " + list + " }";
}

// "0x4000/0x4000", or without its mask.
std::string mark(const std::string& what, const std::string& value, const std::string& op) {
  const size_t slash = value.find('/');
  if (slash == std::string::npos) return what + " " + op + " " + value;
  return what + " & " + value.substr(slash + 1) + " " + op + " " + value.substr(0, slash);
}

std::string verdict(const std::string& target) {
  if (target == "ACCEPT" || target == "DROP" || target == "RETURN" || target == "MASQUERADE" ||
      target == "REJECT" || target == "SNAT" || target == "DNAT" || target == "REDIRECT" ||
      target == "QUEUE" || target == "NOTRACK") {
    return lower(target);
  }
  if (target == "NFQUEUE") return "queue";
  if (target == "LOG" || target == "NFLOG" || target == "CT") return "counter";
  if (target == "MARK" || target == "CONNMARK") return "";  // its options say more
  return "jump " + target;
}

// One rule's options, behind "-A CHAIN".
std::string translated(const std::vector<std::string>& words, const std::string& family) {
  std::string out;
  std::string op = "==";
  std::string target;
  const auto say = [&](const std::string& text) {
    out += text + " ";
    op = "==";
  };
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
    const bool takes_one = !next.empty() && next[0] != '-' && next != "!";
    if (word == "!") {
      op = "!=";
      continue;
    }
    if (word == "-m" || word == "-p" || word == "-s" || word == "-d" || word == "-i" || word == "-o" ||
        word == "-j" || word == "-g") {
      ++i;
      if (word == "-p") say("meta l4proto " + op + " " + (next == "icmp6" ? "ipv6-icmp" : next));
      if (word == "-s" || word == "-d")
        say(family + (word == "-s" ? " saddr " : " daddr ") + op + " " + next);
      if (word == "-i" || word == "-o") {
        std::string name = next;
        if (name.ends_with('+')) name.back() = '*';
        say((word == "-i" ? "iifname " : "oifname ") + op + " " + name);
      }
      if (word == "-j") target = verdict(next);
      if (word == "-g") target = "goto " + next;
      if (word == "-m" && next == "rpfilter") {
        const auto has = [&](const char* option) {
          return std::find(words.begin(), words.end(), option) != words.end();
        };
        say(std::string("fib saddr") + (has("--validmark") ? " . mark" : "") +
            (has("--loose") ? " oif " : " . iif oif ") + (has("--invert") ? "missing" : "exists"));
      }
      continue;
    }
    const bool known_as_matched =
        word == "--invert" || word == "--loose" || word == "--validmark" || word == "--accept-local" ||
        word == "--nfmask" || word == "--ctmask" || word == "--reject-with" || word == "--comment" ||
        word == "--random-fully" || word == "--to-ports" || word == "--log-prefix" || word == "--log-level";
    if (word == "--dport" || word == "--dports") {
      say("th dport " + op + " " + ports(next));
    } else if (word == "--sport" || word == "--sports") {
      say("th sport " + op + " " + ports(next));
    } else if (word == "--ctstate" || word == "--state") {
      say("ct state " + op + " { " + lower(next) + " }");
    } else if (word == "--mark") {
      const bool of_connection = std::find(words.begin(), words.end(), "connmark") != words.end();
      say(mark(of_connection ? "ct mark" : "meta mark", next, op));
    } else if (word == "--dst-type" || word == "--src-type") {
      say(std::string("fib ") + (word == "--dst-type" ? "daddr" : "saddr") + " type " + op + " " +
          lower(next));
    } else if (word == "--set-xmark" || word == "--set-mark") {
      const size_t slash = next.find('/');
      const std::string value = next.substr(0, slash);
      const std::string mask = slash == std::string::npos ? "0xffffffff" : next.substr(slash + 1);
      say("meta mark xset " + value + " " + mask);
    } else if (word == "--restore-mark") {
      say("meta mark set ct mark");
    } else if (word == "--save-mark") {
      say("counter");
    } else if (!known_as_matched) {
      say("unknown");
    }
    if (takes_one) ++i;
  }
  return out + target;
}

}  // namespace

void read_iptables(Ruleset& rules, std::string_view text, const std::string& family) {
  std::istringstream lines{std::string(text)};
  std::string table;
  const auto chain_of = [&](const std::string& name) -> FirewallChain& {
    const auto found =
        std::find_if(rules.chains.begin(), rules.chains.end(), [&](const FirewallChain& chain) {
          return chain.is_iptables && chain.family == family && chain.table == table && chain.name == name;
        });
    if (found != rules.chains.end()) return *found;
    FirewallChain& chain = rules.chains.emplace_back();
    chain.family = family;
    chain.table = table;
    chain.name = name;
    chain.is_iptables = true;
    chain.type = table == "nat" ? "nat" : "filter";
    for (const Hook& hook : kHooks) {
      if (name == hook.chain) chain.hook = hook.hook;
    }
    chain.priority = priority_of(table, chain.hook);
    return chain;
  };
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) table = line.substr(1);
    std::vector<std::string> words = firewall_words(line);
    if (line.starts_with(':') && words.size() > 1) {
      chain_of(words[0].substr(1)).drops = words[1] == "DROP";
    } else if (words.size() > 1 && words[0] == "-A") {
      // A list with commas is one option's value here.
      std::vector<std::string> options;
      for (size_t i = 2; i < words.size(); ++i) {
        const bool goes_on = words[i] == "," || (!options.empty() && options.back().ends_with(','));
        if (goes_on && !options.empty()) {
          options.back() += words[i];
        } else {
          options.push_back(words[i]);
        }
      }
      chain_of(words[1]).rules.push_back({line, firewall_words(translated(options, family))});
    }
  }
}

}  // namespace cuttle::doctor
