#include "doctor/ruleset.hh"

#include <algorithm>
#include <charconv>
#include <optional>

namespace cuttle::doctor {

namespace {

constexpr std::string_view kEndOfLine = "\n";

bool is_alone(char c) {
  return c == '{' || c == '}' || c == ',' || c == ';' || c == '\n';
}

// All words of a text; the ends of lines are words, too. A comment goes to the end of its line.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == ' ' || c == '\t') {
      ++at;
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (is_alone(c)) {
      words.emplace_back(1, c);
      ++at;
    } else if (c == '"') {
      const size_t end = std::min(text.find('"', at + 1), text.size());
      words.emplace_back(text.substr(at + 1, end - at - 1));
      at = std::min(end + 1, text.size());
    } else {
      size_t end = at;
      while (end < text.size() && text[end] != ' ' && text[end] != '\t' && !is_alone(text[end])) ++end;
      words.emplace_back(text.substr(at, end - at));
      at = end;
    }
  }
  return words;
}

// "filter", "mangle + 10", "-150": nft(8), "Standard priority names".
int priority_of(const std::vector<std::string>& words, size_t at) {
  static const std::map<std::string, int, std::less<>> kNames{
      {"raw", -300}, {"mangle", -150}, {"dstnat", -100}, {"filter", 0}, {"security", 50}, {"srcnat", 100}};
  int total = 0;
  int sign = 1;
  for (; at < words.size() && words[at] != ";"; ++at) {
    const std::string& word = words[at];
    if (word == "+" || word == "-") {
      sign = word == "-" ? -1 : 1;
      continue;
    }
    int number = 0;
    if (const auto named = kNames.find(word); named != kNames.end()) {
      number = named->second;
    } else {
      std::from_chars(word.data(), word.data() + word.size(), number);
    }
    total += sign * number;
  }
  return total;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : words_(split(text)) {}

  Ruleset read() {
    while (at_ < words_.size()) {
      if (words_[at_] == "table" && at_ + 2 < words_.size()) {
        family_ = words_[at_ + 1];
        table_ = words_[at_ + 2];
        at_ += 3;
        if (enter()) read_table();
      } else {
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  bool more() const { return at_ < words_.size(); }
  // Past the next opening brace of this line.
  bool enter() {
    while (more() && words_[at_] != kEndOfLine && words_[at_] != "{") ++at_;
    if (!more() || words_[at_] != "{") return false;
    ++at_;
    return true;
  }
  // Everything up to the brace that closes, which is taken, too.
  std::vector<std::string> block() {
    std::vector<std::string> inside;
    for (int depth = 1; more(); ++at_) {
      if (words_[at_] == "{") ++depth;
      if (words_[at_] == "}" && --depth == 0) {
        ++at_;
        break;
      }
      inside.push_back(words_[at_]);
    }
    return inside;
  }

  void read_table() {
    while (more() && words_[at_] != "}") {
      const std::string kind = words_[at_];
      const std::string name = at_ + 1 < words_.size() ? words_[at_ + 1] : "";
      if (kind == "chain" && enter()) {
        read_chain(name, block());
      } else if ((kind == "set" || kind == "map") && enter()) {
        read_set(name, block());
      } else {
        ++at_;
        if (more() && words_[at_] == "{") {
          ++at_;
          block();
        }
      }
    }
    if (more()) ++at_;
  }

  void read_chain(const std::string& name, const std::vector<std::string>& inside) {
    FirewallChain chain;
    chain.family = family_;
    chain.table = table_;
    chain.name = name;
    FirewallRule rule;
    int depth = 0;
    const auto end_rule = [&] {
      if (!rule.words.empty()) add(chain, std::move(rule));
      rule = {};
    };
    for (const std::string& word : inside) {
      if (word == "{") ++depth;
      if (word == "}") --depth;
      if (word == kEndOfLine && depth == 0) {
        end_rule();
      } else if (word != kEndOfLine) {
        rule.text += (rule.text.empty() || word == "," || word == ";" ? "" : " ") + word;
        rule.words.push_back(word);
      }
    }
    end_rule();
    out_.chains.push_back(std::move(chain));
  }

  // A rule, or what makes the chain one of the kernel's ("type filter hook input priority 0; policy drop;").
  static void add(FirewallChain& chain, FirewallRule rule) {
    const auto& words = rule.words;
    if (words[0] != "type" && words[0] != "policy") {
      chain.rules.push_back(std::move(rule));
      return;
    }
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] == "type") chain.type = words[i + 1];
      if (words[i] == "hook") chain.hook = words[i + 1];
      if (words[i] == "priority") chain.priority = priority_of(words, i + 1);
      if (words[i] == "policy") chain.drops = words[i + 1] == "drop";
    }
  }

  void read_set(const std::string& name, const std::vector<std::string>& inside) {
    std::vector<std::string> elements;
    const auto begin = std::find(inside.begin(), inside.end(), "elements");
    for (auto at = begin; at != inside.end() && *at != "}"; ++at) {
      if (at - begin > 2 && *at != kEndOfLine) elements.push_back(*at);  // behind "elements = {"
    }
    out_.sets[family_ + " " + table_ + " " + name] = std::move(elements);
  }

  std::vector<std::string> words_;
  size_t at_ = 0;
  std::string family_;
  std::string table_;
  Ruleset out_;
};

}  // namespace

Ruleset read_nftables(std::string_view text) {
  return Reader(text).read();
}

std::vector<std::string> firewall_words(std::string_view line) {
  return split(line);
}

}  // namespace cuttle::doctor
