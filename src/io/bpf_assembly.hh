// Putting a longer eBPF program together: jumps go forward to labels, and what they skip is counted here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/check.hh"
#include "io/bpf_program.hh"

namespace cuttle::bpf {

class Assembly {
 public:
  class Label {
    friend class Assembly;
    size_t number = 0;
  };
  Label label() {
    Label made;
    made.number = places_.size();
    places_.push_back(kNowhere);
    return made;
  }

  void put(std::initializer_list<bpf_insn> instructions) {
    program_.insert(program_.end(), instructions.begin(), instructions.end());
  }
  // A jump of bpf_program.hh's, whatever its distance, to that label, which is placed later.
  void put(bpf_insn jump, Label to) {
    jumps_.emplace_back(program_.size(), to.number);
    program_.push_back(jump);
  }
  void place(Label here) { places_[here.number] = program_.size(); }

  std::vector<bpf_insn> finish() {
    for (const auto& [at, label] : jumps_) {
      CUTTLE_CHECK(places_[label] != kNowhere && places_[label] > at, "jumps go forward to a place");
      program_[at].off = static_cast<int16_t>(places_[label] - at - 1);
    }
    return std::move(program_);
  }

 private:
  static constexpr size_t kNowhere = SIZE_MAX;

  std::vector<bpf_insn> program_;
  std::vector<size_t> places_;
  std::vector<std::pair<size_t, size_t>> jumps_;  // where, and to which label
};

}  // namespace cuttle::bpf
