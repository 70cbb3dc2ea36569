#include "seastar/option_words.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <seastar/core/resource.hh>
#include <seastar/util/log.hh>
#include <seastar/util/program-options.hh>
#include <set>
#include <sstream>
#include <unordered_map>

namespace cuttle {

namespace {

namespace program_options = seastar::program_options;

struct Word {
  std::string name;
  std::optional<std::string> value{};
  bool known = false;
};

// Visits every option there is, and gives those that were named their value.
class Setter final : public program_options::options_mutator {
 public:
  explicit Setter(std::vector<Word>& words) : words_(words) {}

  const std::optional<std::string>& trouble() const { return trouble_; }

  bool visit_group_start(const std::string& /*name*/, bool used) override { return used; }
  void visit_group_end() override {}

  bool visit_value_metadata(const std::string& name, bool used) override {
    const auto found =
        std::ranges::find_if(words_, [&](const Word& word) { return used && word.name == name; });
    word_ = found == words_.end() ? nullptr : &*found;
    if (word_ != nullptr) word_->known = true;
    return word_ != nullptr;
  }

  bool visit_value() override {
    if (word_ == nullptr) return false;
    if (word_->value) note("takes no value");
    return true;
  }
  bool visit_value(bool& value) override {
    if (word_ == nullptr || !has_value()) return false;
    const std::string& text = *word_->value;
    value = text == "1" || text == "true";
    if (!value && text != "0" && text != "false") note("is 0 or 1");
    return true;
  }
  bool visit_value(int& value) override { return read(value); }
  bool visit_value(unsigned& value) override {
    if (word_ != nullptr && word_->value && word_->value->starts_with('-')) {
      note("takes no negative number");
      return false;
    }
    return read(value);
  }
  bool visit_value(float& value) override { return read(value); }
  bool visit_value(double& value) override { return read(value); }
  bool visit_value(seastar::log_level& value) override { return read(value); }
  bool visit_value(std::string& value) override {
    if (word_ == nullptr || !has_value()) return false;
    value = *word_->value;
    return true;
  }
  bool visit_value(std::set<unsigned>& value) override {
    if (word_ == nullptr || !has_value()) return false;
    const auto cpus = seastar::resource::parse_cpuset(*word_->value);
    if (!cpus) {
      note("takes a list of CPUs, as 0-1,4");
      return false;
    }
    value = *cpus;
    return true;
  }
  bool visit_value(seastar::logger_timestamp_style&) override { return refuse(); }
  bool visit_value(seastar::logger_ostream_type&) override { return refuse(); }
  bool visit_value(seastar::memory::alloc_failure_kind&) override { return refuse(); }
  bool visit_value(std::unordered_map<seastar::sstring, seastar::log_level>&) override { return refuse(); }

  bool visit_selection_value(const std::vector<std::string>& names, std::size_t& selected) override {
    if (word_ == nullptr || !has_value()) return false;
    const auto found = std::ranges::find(names, *word_->value);
    if (found == names.end()) {
      note(fmt::format("is one of {} on this machine", fmt::join(names, ", ")));
      return false;
    }
    selected = static_cast<std::size_t>(found - names.begin());
    return true;
  }

 private:
  template <typename T>
  bool read(T& value) {
    if (word_ == nullptr || !has_value()) return false;
    std::istringstream text(*word_->value);
    if (text >> value && text.peek() == std::istringstream::traits_type::eof()) return true;
    note("cannot have this value");
    return false;
  }

  bool has_value() {
    if (!word_->value) note("needs a value");
    return word_->value.has_value();
  }

  bool refuse() {
    if (word_ != nullptr) note("cannot be set here");
    return false;
  }

  void note(const std::string& what) {
    if (trouble_) return;
    const std::string value = word_->value ? " " + *word_->value : std::string();
    trouble_ = fmt::format("--{}{}: this option of Seastar {}", word_->name, value, what);
  }

  std::vector<Word>& words_;
  Word* word_ = nullptr;
  std::optional<std::string> trouble_;
};

}  // namespace

Result<void> set_from_words(seastar::app_template::seastar_options& settings,
                            const std::vector<std::string>& words) {
  std::vector<Word> named;
  for (const std::string& word : words) {
    if (word.starts_with("--")) {
      const auto equals = word.find('=');
      named.push_back({.name = word.substr(2, equals == std::string::npos ? equals : equals - 2)});
      if (equals != std::string::npos) named.back().value = word.substr(equals + 1);
    } else if (!named.empty() && !named.back().value) {
      named.back().value = word;
    } else {
      return failure(fmt::format("{}: not an option of Seastar", word));
    }
  }
  Setter setter(named);
  settings.mutate(setter);
  for (const Word& word : named) {
    if (!word.known) return failure(fmt::format("--{}: Seastar has no such option", word.name));
  }
  if (setter.trouble()) return failure(*setter.trouble());
  return {};
}

}  // namespace cuttle
