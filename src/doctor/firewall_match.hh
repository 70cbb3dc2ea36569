// Whether a rule's conditions fit a cell (firewall_walk.hh).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "doctor/firewall_walk.hh"

namespace cuttle::doctor {

enum class Truth { no, maybe, yes };
inline Truth both(Truth a, Truth b) {
  return a < b ? a : b;
}

struct Matched {
  Truth truth = Truth::yes;
  std::vector<std::string> verdict;  // from its word on; empty: none
  bool tests_mark = false;           // bits that the cell's mark has
  bool is_strict_path = false;
};

// Goes through a rule's words. A statement that sets the mark changes `mark`, or, where to cannot be known,
// `mark_lost`.
class RuleMatcher {
 public:
  RuleMatcher(const Cell& cell, const FirewallChain& chain,
              const std::map<std::string, std::vector<std::string>>& sets)
      : cell_(cell), chain_(chain), sets_(sets) {}

  Matched match(const FirewallRule& rule, uint32_t& mark, bool& mark_lost);

 private:
  using Test = Truth (RuleMatcher::*)(const std::string& value) const;

  void one();
  void meta();
  void internet(bool v6);
  void transport(const std::string& protocol);
  void connection();
  void route_back();
  void set_mark();
  void values(Test test);
  void verdict_map(Test test);
  Truth any_of(const std::vector<std::string>& values, Test test) const;
  std::vector<std::string> take_values();
  const std::vector<std::string>* named_set(const std::string& name) const;
  bool at_end() const { return at_ >= words_->size(); }
  const std::string& word(size_t ahead = 0) const;
  bool take(const char* expected);
  void narrow(Truth truth) { result_.truth = both(result_.truth, truth); }

  Truth is_interface(const std::string& value) const;
  Truth is_nothing(const std::string& value) const;
  Truth is_udp(const std::string& value) const;
  Truth is_version(const std::string& value) const;
  Truth is_source(const std::string& value) const;
  Truth is_destination(const std::string& value) const;
  Truth is_source_port(const std::string& value) const;
  Truth is_destination_port(const std::string& value) const;
  Truth is_state(const std::string& value) const;
  Truth is_mark(const std::string& value) const;
  Truth is_destination_type(const std::string& value) const;
  Truth is_source_type(const std::string& value) const;
  Truth is_host(const std::string& value) const;
  Truth is_unknown(const std::string& value) const;

  const Cell& cell_;
  const FirewallChain& chain_;
  const std::map<std::string, std::vector<std::string>>& sets_;
  const std::vector<std::string>* words_ = nullptr;
  size_t at_ = 0;
  uint32_t* mark_ = nullptr;
  bool* mark_lost_ = nullptr;
  uint32_t mark_mask_ = UINT32_MAX;
  Matched result_;
};

}  // namespace cuttle::doctor
