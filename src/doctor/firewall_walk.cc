#include "doctor/firewall_walk.hh"

#include <algorithm>
#include <vector>

#include "doctor/firewall_match.hh"

namespace cuttle::doctor {

namespace {

constexpr int kDeepest = 32;  // jumps; the kernel allows 16

class Walk {
 public:
  Walk(const Ruleset& rules, const Cell& cell) : rules_(rules), cell_(cell), mark_(cell.mark) {}

  FirewallFinding run() {
    for (const FirewallChain* chain : in_order()) {
      doubts_ = 0;
      may_be_accepted_ = false;
      mark_rule_ = nullptr;
      const End end = walk(*chain, 0);
      if (end == End::on && chain->drops) note(FirewallFinding::Kind::dropped, *chain, nullptr, false);
      if (found_.certain) break;
    }
    return found_;
  }

 private:
  enum class End { on, accepted, dropped };

  // What the kernel asks, one after the other.
  std::vector<const FirewallChain*> in_order() const {
    const char* const hooks[2] = {cell_.comes_in ? "prerouting" : "output",
                                  cell_.comes_in ? "input" : "postrouting"};
    std::vector<const FirewallChain*> chains;
    for (const char* hook : hooks) {
      const auto first = static_cast<std::ptrdiff_t>(chains.size());
      for (const FirewallChain& chain : rules_.chains) {
        const bool applies =
            chain.family == "inet" || chain.family == (cell_.to.address.is_v6 ? "ip6" : "ip");
        const bool ours = chain.family == "inet" && chain.table == "cuttle";
        if (chain.hook == hook && applies && !ours) chains.push_back(&chain);
      }
      std::stable_sort(chains.begin() + first, chains.end(),
                       [](const auto* a, const auto* b) { return a->priority < b->priority; });
    }
    return chains;
  }

  void note(FirewallFinding::Kind kind, const FirewallChain& chain, const FirewallRule* rule,
            bool is_strict_path) {
    const bool certain = doubts_ == 0 && !may_be_accepted_;
    if (found_.kind != FirewallFinding::Kind::none && !(certain && !found_.certain)) return;
    found_ = {kind, certain, &chain, rule, mark_rule_, is_strict_path};
  }

  const FirewallChain* chain_named(const FirewallChain& from, const std::string& name) const {
    const auto found =
        std::find_if(rules_.chains.begin(), rules_.chains.end(), [&](const FirewallChain& chain) {
          return chain.family == from.family && chain.table == from.table && chain.name == name &&
                 chain.is_iptables == from.is_iptables;
        });
    return found == rules_.chains.end() ? nullptr : &*found;
  }

  End walk(const FirewallChain& chain, int depth) {
    const int doubts_before = doubts_;
    const End end = depth > kDeepest ? End::on : go_through(chain, depth);
    doubts_ = doubts_before;
    return end;
  }

  End go_through(const FirewallChain& chain, int depth) {
    for (const FirewallRule& rule : chain.rules) {
      uint32_t mark = mark_;
      bool mark_lost = false;
      const Matched matched = RuleMatcher(cell_, chain, rules_.sets).match(rule, mark, mark_lost);
      if (matched.tests_mark) mark_rule_ = &rule;
      if (matched.truth == Truth::no) continue;
      const bool in_doubt = matched.truth == Truth::maybe;
      doubts_ += in_doubt ? 1 : 0;
      if (mark_lost || mark != mark_) handle_mark(chain, rule, mark, mark_lost);
      const End end = matched.verdict.empty() ? End::on : drain(chain, rule, matched, depth);
      if (!in_doubt && end != End::on) return end;
      const std::string verdict = matched.verdict.empty() ? "" : matched.verdict[0];
      const bool leaves = verdict == "return" || verdict == "goto";
      if (leaves && !in_doubt) return End::on;
      // Whether the rest of this chain is asked at all is in doubt from here on.
      if (in_doubt && !leaves) --doubts_;
    }
    return End::on;
  }

  // Cells that go out need theirs, in the guard at the latest; on what comes in nothing depends.
  void handle_mark(const FirewallChain& chain, const FirewallRule& rule, uint32_t mark, bool lost) {
    if (!cell_.comes_in) note(FirewallFinding::Kind::marked, chain, &rule, false);
    if (doubts_ == 0 && !lost) mark_ = mark;
  }

  End drain(const FirewallChain& chain, const FirewallRule& rule, const Matched& matched, int depth) {
    const std::string& verdict = matched.verdict[0];
    if (verdict == "accept") {
      may_be_accepted_ |= doubts_ > 0;
      return doubts_ > 0 ? End::on : End::accepted;
    }
    if (verdict == "drop" || verdict == "reject") {
      note(FirewallFinding::Kind::dropped, chain, &rule, matched.is_strict_path);
      return doubts_ > 0 ? End::on : End::dropped;
    }
    if (verdict == "snat" || verdict == "masquerade" || verdict == "dnat" || verdict == "redirect") {
      note(FirewallFinding::Kind::rewritten, chain, &rule, false);
      return doubts_ > 0 ? End::on : End::accepted;
    }
    if ((verdict == "jump" || verdict == "goto") && matched.verdict.size() > 1) {
      const FirewallChain* target = chain_named(chain, matched.verdict[1]);
      return target != nullptr ? walk(*target, depth + 1) : End::on;
    }
    return End::on;
  }

  const Ruleset& rules_;
  const Cell& cell_;
  uint32_t mark_;
  int doubts_ = 0;
  bool may_be_accepted_ = false;
  const FirewallRule* mark_rule_ = nullptr;
  FirewallFinding found_;
};

}  // namespace

FirewallFinding walk(const Ruleset& rules, const Cell& cell) {
  return Walk(rules, cell).run();
}

}  // namespace cuttle::doctor
