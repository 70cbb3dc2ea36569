#include "io/guard.hh"

#include <nftables/libnftables.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/check.hh"
#include "io/interface_name.hh"
#include "io/links.hh"

namespace cuttle {
namespace {

constexpr std::string_view kEntry = "entry-";
constexpr std::string_view kExit = "exit-";

struct Answer {
  bool accepted = false;
  std::string output;
  std::string errors;
};

Answer run_nft(const std::string& commands, unsigned output_flags) {
  const std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> context(nft_ctx_new(NFT_CTX_DEFAULT),
                                                                  &nft_ctx_free);
  CUTTLE_CHECK(context != nullptr, "out of memory for nftables");
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  nft_ctx_output_set_flags(context.get(), output_flags);
  Answer answer;
  answer.accepted = nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0;
  answer.output = nft_ctx_get_output_buffer(context.get());
  answer.errors = nft_ctx_get_error_buffer(context.get());
  return answer;
}

tl::unexpected<Error> nft_failure(const std::string& what, const Answer& answer) {
  return failure(what + ": nftables says: " + answer.errors.substr(0, answer.errors.find('\n')));
}

bool table_is_missing(const Answer& answer) {
  return answer.errors.find("No such file or directory") != std::string::npos;
}

// A kernel without nftables has no rules of anybody's.
bool tables_are_unknown(const Answer& answer) {
  return answer.errors.find("not supported") != std::string::npos;
}

// "10.0.0.1", or {"prefix": {"addr": "10.0.0.0", "len": 24}}.
std::optional<IpPrefix> prefix_in(const nlohmann::json& key) {
  if (key.is_string()) return IpPrefix::parse(key.get<std::string>());
  if (!key.is_object()) return std::nullopt;
  const auto prefix = key.value("prefix", nlohmann::json::object());
  return IpPrefix::parse(prefix.value("addr", "") + "/" + std::to_string(prefix.value("len", 255)));
}

// A rule's look-up of the address: each prefix, and the chain that its packets go through. False where one
// has another form than expected.
bool read_look_up(const nlohmann::json& expression, std::vector<GuardedPrefix>& prefixes) {
  for (const auto& element : expression.value("/vmap/data/set"_json_pointer, nlohmann::json::array())) {
    if (!element.is_array() || element.size() != 2) continue;
    const std::string chain = element[1].value("/jump/target"_json_pointer, "");
    if (!chain.starts_with(kExit)) continue;
    const auto prefix = prefix_in(element[0]);
    if (!prefix) return false;
    prefixes.push_back({*prefix, chain.substr(kExit.size())});
  }
  return true;
}

// In text that guard_text made, each rule is a line of its own, inside a chain; so is what makes a chain a
// hook.
size_t count_rules(std::string_view text) {
  constexpr std::string_view kInside = "\n    ";
  constexpr std::string_view kHook = "\n    type filter hook";
  size_t count = 0;
  for (size_t at = text.find(kInside); at != std::string_view::npos; at = text.find(kInside, at + 1)) {
    if (!text.substr(at).starts_with(kHook)) ++count;
  }
  return count;
}

void read_counter(const nlohmann::json& counter, std::map<std::string, GuardCounts>& counts) {
  const std::string name = counter.value("name", "");
  const uint64_t packets = counter.value("packets", uint64_t{0});
  const uint64_t bytes = counter.value("bytes", uint64_t{0});
  if (name.starts_with(kEntry)) {
    GuardCounts& entry = counts[name.substr(kEntry.size())];
    entry.entry_packets = packets;
    entry.entry_bytes = bytes;
  } else if (name.starts_with(kExit)) {
    GuardCounts& exit = counts[name.substr(kExit.size())];
    exit.exit_packets = packets;
    exit.exit_bytes = bytes;
  }
}

// {"elem": {"val": {"concat": ["10.0.0.1", "224.0.0.18"]}, ...}}
std::optional<GuardDrop> drop_in(const nlohmann::json& element) {
  const auto value = element.value("/elem/val/concat"_json_pointer, nlohmann::json::array());
  if (value.size() != 2 || !value[0].is_string() || !value[1].is_string()) return std::nullopt;
  const auto source = IpAddress::parse(value[0].get<std::string>());
  const auto destination = IpAddress::parse(value[1].get<std::string>());
  if (!source || !destination) return std::nullopt;
  return GuardDrop{*source, *destination};
}

}  // namespace

Result<void> apply_guard(const GuardConfig& config) {
  const auto before = guard_counts();  // an error: none there yet
  const auto text = guard_text(config, before ? *before : std::map<std::string, GuardCounts>{});
  if (!text) return tl::unexpected(text.error());
  const Answer answer = run_nft(*text, 0);
  if (!answer.accepted) return nft_failure("cannot set the guard", answer);
  return {};
}

Result<void> remove_guard() {
  // Naming the table creates it where it is not, so that deleting it never fails for that.
  const Answer answer = run_nft("table inet cuttle\ndelete table inet cuttle\n", 0);
  if (!answer.accepted) return nft_failure("cannot remove the guard", answer);
  return {};
}

Result<std::map<std::string, GuardCounts>> guard_counts() {
  const Answer answer = run_nft("list counters table inet cuttle\n", NFT_CTX_OUTPUT_JSON);
  if (!answer.accepted) {
    if (table_is_missing(answer)) {
      return failure(
          "the guard (nftables table 'inet cuttle') is not there; start the agent again to restore it");
    }
    return nft_failure("cannot read the guard's counters", answer);
  }
  const auto json = nlohmann::json::parse(answer.output, nullptr, false);
  if (!json.is_object()) return failure("cannot read the guard's counters: nftables gave no JSON");
  std::map<std::string, GuardCounts> counts;
  for (const auto& object : json.value("nftables", nlohmann::json::array())) {
    if (object.contains("counter")) read_counter(object["counter"], counts);
  }
  return counts;
}

Result<std::vector<GuardDrop>> guard_drops() {
  std::vector<GuardDrop> drops;
  for (const std::string_view set : {"dropped-v4", "dropped-v6"}) {
    const Answer answer = run_nft("list set inet cuttle " + std::string(set) + "\n", NFT_CTX_OUTPUT_JSON);
    if (!answer.accepted) return nft_failure("cannot read whom the guard dropped", answer);
    const auto json = nlohmann::json::parse(answer.output, nullptr, false);
    if (!json.is_object()) return failure("cannot read whom the guard dropped: nftables gave no JSON");
    for (const auto& object : json.value("nftables", nlohmann::json::array())) {
      for (const auto& element : object.value("/set/elem"_json_pointer, nlohmann::json::array())) {
        if (const auto drop = drop_in(element)) drops.push_back(*drop);
      }
    }
  }
  std::sort(drops.begin(), drops.end());
  return drops;
}

Result<bool> guard_is_present() {
  const Answer answer = run_nft("list counters table inet cuttle\n", 0);
  if (answer.accepted) return true;
  if (table_is_missing(answer) || tables_are_unknown(answer)) return false;
  return nft_failure("cannot read the guard", answer);
}

Result<bool> guard_is_whole(const GuardConfig& config) {
  const auto text = guard_text(config, {});
  if (!text) return tl::unexpected(text.error());
  const Answer answer = run_nft("list table inet cuttle\n", NFT_CTX_OUTPUT_JSON);
  if (!answer.accepted && table_is_missing(answer)) return false;
  if (!answer.accepted) return nft_failure("cannot read the guard", answer);
  const auto json = nlohmann::json::parse(answer.output, nullptr, false);
  if (!json.is_object()) return failure("cannot read the guard: nftables gave no JSON");
  const auto objects = json.value("nftables", nlohmann::json::array());
  const auto rules = std::count_if(objects.begin(), objects.end(),
                                   [](const nlohmann::json& object) { return object.contains("rule"); });
  const bool is_of_these = std::any_of(objects.begin(), objects.end(), [&](const nlohmann::json& object) {
    const std::string chain = object.value("/chain/name"_json_pointer, "");
    return chain.starts_with("version-") && text->find("chain " + chain + " {") != std::string::npos;
  });
  return is_of_these && static_cast<size_t>(rules) == count_rules(*text);
}

Result<std::vector<GuardedPrefix>> guarded_prefixes() {
  std::vector<GuardedPrefix> prefixes;
  const Answer answer = run_nft("list chain inet cuttle exit\n", NFT_CTX_OUTPUT_JSON);
  if (!answer.accepted && (table_is_missing(answer) || tables_are_unknown(answer))) return prefixes;
  if (!answer.accepted) return nft_failure("cannot read the guard", answer);
  const auto json = nlohmann::json::parse(answer.output, nullptr, false);
  if (!json.is_object()) return failure("cannot read the guard: nftables gave no JSON");
  for (const auto& object : json.value("nftables", nlohmann::json::array())) {
    for (const auto& expression : object.value("/rule/expr"_json_pointer, nlohmann::json::array())) {
      if (!read_look_up(expression, prefixes)) return failure("cannot read which addresses the guard closes");
    }
  }
  std::sort(prefixes.begin(), prefixes.end());
  return prefixes;
}

Result<std::vector<std::string>> filtered_bridges() {
  std::vector<std::string> names;
  if (::access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) != 0) return names;
  const auto links = list_links();
  if (!links) return tl::unexpected(links.error());
  for (const Link& link : *links) {
    // One with another name than a rule can hold is treated as any interface: its guests' frames may be
    // dropped.
    if (link.kind == "bridge" && check_interface_name(link.name)) names.push_back(link.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> firewall_rules() {
  Answer answer = run_nft("list ruleset", 0);
  if (!answer.accepted) return nft_failure("the firewall's rules cannot be read", answer);
  return std::move(answer.output);
}

}  // namespace cuttle
