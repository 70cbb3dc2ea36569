#include "mesh/peers_that_fit.hh"

#include <algorithm>
#include <span>
#include <vector>

#include "mesh/peers_text.hh"

namespace cuttle::mesh {

namespace {

class Fitting {
 public:
  using TextWithout = std::function<std::string(const std::set<std::string>&)>;
  using ProblemOf = std::function<std::string(const std::string&)>;

  Fitting(const TextWithout& text_without, const ProblemOf& problem_of, const std::vector<std::string>& hosts)
      : text_without_(text_without), problem_of_(problem_of), out_(hosts.begin(), hosts.end()) {}

  std::string problem() const { return problem_of_(text_without_(out_)); }

  // Takes in as many of these as can be, in their order; all are out until now. Halves, so that a bad one
  // among many costs a few looks.
  void take_in(std::span<const std::string> hosts) {
    if (hosts.empty()) return;
    std::set<std::string> fewer = out_;
    for (const std::string& host : hosts) fewer.erase(host);
    const std::string problem = problem_of_(text_without_(fewer));
    if (problem.empty()) {
      out_ = std::move(fewer);
    } else if (hosts.size() == 1) {
      why_[hosts.front()] = problem;
    } else {
      take_in(hosts.first(hosts.size() / 2));
      take_in(hosts.subspan(hosts.size() / 2));
    }
  }

  FittingPeers result() const { return {text_without_(out_), why_, {}}; }

 private:
  const TextWithout& text_without_;
  const ProblemOf& problem_of_;
  std::set<std::string> out_;
  std::map<std::string, std::string> why_;
};

}  // namespace

FittingPeers peers_that_fit(
    const Known& known, const std::string& in_force,
    const std::function<std::string(const std::set<std::string>& left_out)>& text_without,
    const std::function<std::string(const std::string& text)>& problem_of) {
  FittingPeers all{text_without({}), {}, {}};
  all.problem = problem_of(all.text);
  if (all.problem.empty()) return all;
  std::vector<std::string> hosts;
  for (const auto& [host, pin] : known.pins) {
    if (pin.standing == Standing::in) hosts.push_back(host);
  }
  std::stable_partition(hosts.begin(), hosts.end(),
                        [&](const std::string& host) { return names_host(in_force, host); });
  Fitting fitting(text_without, problem_of, hosts);
  if (auto problem = fitting.problem(); !problem.empty()) return {{}, {}, std::move(problem)};
  fitting.take_in(hosts);
  return fitting.result();
}

}  // namespace cuttle::mesh
