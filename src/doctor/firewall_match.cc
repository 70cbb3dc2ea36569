#include "doctor/firewall_match.hh"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

namespace cuttle::doctor {

namespace {

const std::set<std::string, std::less<>> kVerdicts{"accept",     "drop", "reject",   "return",
                                                   "jump",       "goto", "continue", "snat",
                                                   "masquerade", "dnat", "redirect"};

std::optional<uint32_t> number_in(const std::string& text) {
  char* end = nullptr;
  const unsigned long value = std::strtoul(text.c_str(), &end, 0);
  if (text.empty() || *end != '\0' || value > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(value);
}

// "4400" or "4400-4500". A hyphen may be part of a name.
Truth is_in_range(const std::string& range, uint32_t value) {
  const size_t hyphen = range.find('-');
  const auto first = number_in(range.substr(0, hyphen));
  const auto last = hyphen == std::string::npos ? first : number_in(range.substr(hyphen + 1));
  if (!first || !last) return Truth::maybe;
  return *first <= value && value <= *last ? Truth::yes : Truth::no;
}

Truth is_among(const std::string& range, const IpAddress& address) {
  if (const auto prefix = IpPrefix::parse(range)) return prefix->contains(address) ? Truth::yes : Truth::no;
  const size_t hyphen = range.find('-');
  const auto first = IpAddress::parse(range.substr(0, hyphen));
  const auto last = hyphen == std::string::npos ? std::nullopt : IpAddress::parse(range.substr(hyphen + 1));
  if (!first || !last) return Truth::maybe;
  return *first <= address && address <= *last ? Truth::yes : Truth::no;
}

Truth opposite(Truth truth) {
  if (truth == Truth::maybe) return truth;
  return truth == Truth::yes ? Truth::no : Truth::yes;
}

}  // namespace

const std::string& RuleMatcher::word(size_t ahead) const {
  static const std::string kNone;
  return at_ + ahead < words_->size() ? (*words_)[at_ + ahead] : kNone;
}

bool RuleMatcher::take(const char* expected) {
  if (word() != expected) return false;
  ++at_;
  return true;
}

Matched RuleMatcher::match(const FirewallRule& rule, uint32_t& mark, bool& mark_lost) {
  words_ = &rule.words;
  at_ = 0;
  mark_ = &mark;
  mark_lost_ = &mark_lost;
  result_ = {};
  while (!at_end() && result_.truth != Truth::no && result_.verdict.empty()) one();
  return std::move(result_);
}

void RuleMatcher::one() {
  const std::string first = word();
  if (kVerdicts.contains(first)) {
    result_.verdict.assign(words_->begin() + static_cast<std::ptrdiff_t>(at_), words_->end());
    return;
  }
  ++at_;
  if (first == "iifname" || first == "iif") {
    values(cell_.comes_in ? &RuleMatcher::is_interface : &RuleMatcher::is_nothing);
  } else if (first == "oifname" || first == "oif") {
    values(cell_.comes_in ? &RuleMatcher::is_nothing : &RuleMatcher::is_interface);
  } else if (first == "meta") {
    meta();
  } else if (first == "mark") {
    --at_;
    meta();
  } else if (first == "ip" || first == "ip6") {
    internet(first == "ip6");
  } else if (first == "udp" || first == "th") {
    transport(first);
  } else if (first == "tcp" || first == "icmp" || first == "icmpv6" || first == "sctp" || first == "dccp" ||
             first == "esp" || first == "ah" || first == "igmp" || first == "udplite" || first == "arp") {
    narrow(Truth::no);
  } else if (first == "ct") {
    connection();
  } else if (first == "fib") {
    route_back();
  } else if (first == "counter") {
    if (take("packets")) at_ += 3;  // "N bytes N"
    if (take("name")) ++at_;
  } else if (first == "comment") {
    ++at_;
  } else if (first == "log") {
    while (!at_end() && !kVerdicts.contains(word())) ++at_;
  } else if (first == "queue") {
    narrow(Truth::maybe);
    result_.verdict = {"drop"};  // whoever takes it from there decides
  } else if (first != "notrack") {
    narrow(Truth::maybe);
  }
}

void RuleMatcher::meta() {
  const std::string key = word();
  ++at_;
  if (key == "l4proto") {
    values(&RuleMatcher::is_udp);
  } else if (key == "nfproto" || key == "protocol") {
    values(&RuleMatcher::is_version);
  } else if (key == "iifname" || key == "iif" || key == "oifname" || key == "oif") {
    --at_;
    one();
  } else if (key == "pkttype") {
    values(&RuleMatcher::is_host);
  } else if (key == "mark" && (word() == "set" || word() == "xset")) {
    set_mark();
  } else if (key == "mark") {
    mark_mask_ = UINT32_MAX;
    if (word() == "&" || word() == "and") {
      mark_mask_ = number_in(word(1)).value_or(UINT32_MAX);
      at_ += 2;
    }
    const bool tests_bits = mark_mask_ != UINT32_MAX && (*mark_ & mark_mask_) != 0;
    values(&RuleMatcher::is_mark);
    result_.tests_mark |= tests_bits || (*mark_ != 0 && result_.truth != Truth::no);
  } else if (word() == "set") {  // a priority, a packet type
    at_ += 2;
  } else {
    values(&RuleMatcher::is_unknown);
  }
}

void RuleMatcher::set_mark() {
  if (take("xset")) {
    const uint32_t value = number_in(word()).value_or(0);
    *mark_ = (*mark_ & ~number_in(word(1)).value_or(0)) ^ value;
    at_ += 2;
    return;
  }
  take("set");
  if (const auto value = number_in(word())) {
    *mark_ = *value;
    ++at_;
    return;
  }
  if (take("ct")) {  // what its connection has: of a new one, nothing
    *mark_lost_ = true;
    while (!at_end() && !kVerdicts.contains(word())) ++at_;
    return;
  }
  take("meta");
  if (!take("mark")) *mark_lost_ = true;
  // "meta mark and 0xff or 0x40", in that order
  while (!at_end()) {
    const std::string how = word();
    const auto value = number_in(word(1));
    if (!value || (how != "&" && how != "and" && how != "|" && how != "or" && how != "^" && how != "xor"))
      return;
    if (how == "&" || how == "and") *mark_ &= *value;
    if (how == "|" || how == "or") *mark_ |= *value;
    if (how == "^" || how == "xor") *mark_ ^= *value;
    at_ += 2;
  }
}

void RuleMatcher::internet(bool v6) {
  if (v6 != cell_.to.address.is_v6) {
    narrow(Truth::no);
    return;
  }
  const std::string field = word();
  ++at_;
  if (field == "saddr") {
    values(&RuleMatcher::is_source);
  } else if (field == "daddr") {
    values(&RuleMatcher::is_destination);
  } else if (field == "protocol" || field == "nexthdr") {
    values(&RuleMatcher::is_udp);
  } else {
    values(&RuleMatcher::is_unknown);
  }
}

void RuleMatcher::transport(const std::string& /*protocol*/) {
  const std::string field = word();
  ++at_;
  if (field == "dport") {
    values(&RuleMatcher::is_destination_port);
  } else if (field == "sport") {
    values(&RuleMatcher::is_source_port);
  } else {
    values(&RuleMatcher::is_unknown);
  }
}

void RuleMatcher::connection() {
  const std::string key = word();
  ++at_;
  if (word() == "set") {
    at_ += 2;
  } else if (key == "state") {
    values(&RuleMatcher::is_state);
  } else if (key == "status") {
    values(&RuleMatcher::is_nothing);  // of a new one: nothing yet
  } else {
    values(&RuleMatcher::is_unknown);
  }
}

// "fib saddr . mark . iif oif missing", "fib daddr type local"
void RuleMatcher::route_back() {
  std::set<std::string> keys;
  while (!at_end() && word() != "oif" && word() != "oifname" && word() != "type" && word() != "check") {
    keys.insert(word());
    ++at_;
  }
  const std::string asked = word();
  ++at_;
  if (asked == "type") {
    values(keys.contains("daddr") ? &RuleMatcher::is_destination_type : &RuleMatcher::is_source_type);
    return;
  }
  bool negated = take("!=");
  take("==");
  const std::string value = word();
  ++at_;
  if (!keys.contains("saddr") || (value != "missing" && value != "exists" && value != "0")) {
    narrow(Truth::maybe);
    return;
  }
  negated ^= value == "exists";
  // Any way at all there is: into the link. Back by where it came in, only with the mark of the cells.
  const bool missing = keys.contains("iif") && cell_.comes_in && cell_.way_back_differs;
  narrow(missing != negated ? Truth::yes : Truth::no);
  result_.is_strict_path |= missing;
}

// --- values

// One value, several behind commas, or a set in braces or by its name.
std::vector<std::string> RuleMatcher::take_values() {
  std::vector<std::string> values;
  if (take("{")) {
    for (; !at_end() && word() != "}"; ++at_) values.push_back(word());
    take("}");
    return values;
  }
  do {
    values.push_back(word());
    ++at_;
    if (word() == "/" || word() == ".") {  // parts of one value
      values.back() = "?";
      at_ += 2;
    }
  } while (take(","));
  return values;
}

const std::vector<std::string>* RuleMatcher::named_set(const std::string& name) const {
  const auto found = sets_.find(chain_.family + " " + chain_.table + " " + name.substr(1));
  return found == sets_.end() ? nullptr : &found->second;
}

Truth RuleMatcher::any_of(const std::vector<std::string>& values, Test test) const {
  Truth truth = Truth::no;
  bool is_first_word = true;  // of an element: what follows is its time, its counter
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string& value = values[i];
    if (value == ",") {
      is_first_word = true;
      continue;
    }
    if (!is_first_word) continue;
    is_first_word = false;
    Truth one = Truth::maybe;
    if (value.starts_with('@')) {
      const auto* elements = named_set(value);
      if (elements != nullptr) one = any_of(*elements, test);
    } else if (i + 1 >= values.size() || values[i + 1] != ".") {
      one = (this->*test)(value);
    }
    truth = std::max(truth, one);
  }
  return truth;
}

void RuleMatcher::values(Test test) {
  if (word() == "vmap") {
    ++at_;
    verdict_map(test);
    return;
  }
  const bool negated = word() == "!=";
  if (negated || word() == "==") ++at_;
  if (word() == ".") {  // several fields in one
    narrow(Truth::maybe);
    while (!at_end() && !kVerdicts.contains(word())) ++at_;
    return;
  }
  const Truth truth = any_of(take_values(), test);
  narrow(negated ? opposite(truth) : truth);
}

// "{ lo : accept, eth0 : jump input_public }"
void RuleMatcher::verdict_map(Test test) {
  std::vector<std::string> elements = take_values();
  if (elements.size() == 1 && elements[0].starts_with('@')) {
    const auto* named = named_set(elements[0]);
    elements = named != nullptr ? *named : std::vector<std::string>{"?", ":", "drop"};
  }
  Truth found = Truth::no;
  for (auto at = elements.begin(); at != elements.end();) {
    const auto end = std::find(at, elements.end(), ",");
    const auto colon = std::find(at, end, ":");
    const Truth truth = colon - at == 1 ? (this->*test)(*at) : Truth::maybe;
    if (truth > found && colon != end) {
      found = truth;
      result_.verdict.assign(colon + 1, end);
    }
    if (found == Truth::yes) break;
    at = end == elements.end() ? end : end + 1;
  }
  narrow(found);
}

// --- tests of one value

Truth RuleMatcher::is_interface(const std::string& value) const {
  if (value.ends_with('*'))
    return cell_.interface.starts_with(value.substr(0, value.size() - 1)) ? Truth::yes : Truth::no;
  return value == cell_.interface ? Truth::yes : Truth::no;
}
Truth RuleMatcher::is_nothing(const std::string& /*value*/) const {
  return Truth::no;
}
Truth RuleMatcher::is_udp(const std::string& value) const {
  return value == "udp" || value == "17" ? Truth::yes : Truth::no;
}
Truth RuleMatcher::is_version(const std::string& value) const {
  const bool v6 = value == "ipv6" || value == "ip6";
  return v6 == cell_.to.address.is_v6 ? Truth::yes : Truth::no;
}
Truth RuleMatcher::is_source(const std::string& value) const {
  return is_among(value, cell_.from.address);
}
Truth RuleMatcher::is_destination(const std::string& value) const {
  return is_among(value, cell_.to.address);
}
Truth RuleMatcher::is_source_port(const std::string& value) const {
  return is_in_range(value, cell_.from.port);
}
Truth RuleMatcher::is_destination_port(const std::string& value) const {
  return is_in_range(value, cell_.to.port);
}
// The first of a connection: that one has to pass.
Truth RuleMatcher::is_state(const std::string& value) const {
  return value == "new" ? Truth::yes : Truth::no;
}
Truth RuleMatcher::is_mark(const std::string& value) const {
  return is_in_range(value, *mark_ & mark_mask_);
}
Truth RuleMatcher::is_destination_type(const std::string& value) const {
  return value == (cell_.comes_in ? "local" : "unicast") ? Truth::yes : Truth::no;
}
Truth RuleMatcher::is_source_type(const std::string& value) const {
  return value == (cell_.comes_in ? "unicast" : "local") ? Truth::yes : Truth::no;
}
Truth RuleMatcher::is_host(const std::string& value) const {
  return value == "host" || value == "unicast" ? Truth::yes : Truth::no;
}
Truth RuleMatcher::is_unknown(const std::string& /*value*/) const {
  return Truth::maybe;
}

}  // namespace cuttle::doctor
