#include "enroll/enroll.hh"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/file.hh"
#include "config/parse.hh"
#include "enroll/files.hh"
#include "enroll/secret_key.hh"

namespace cuttle::enroll {

namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestFile = 1 << 20;
constexpr size_t kLongestNodeName = 32;

struct Enrolled {
  PublicNode node;
  std::string host;  // names its folder and its files
  PrivateKey key;
  bool is_new_key;
  std::string file;
  std::string key_file;
};

std::string about(const Host& host) {
  std::string text;
  for (const std::string& daemon : host.daemons) text += (text.empty() ? "" : ", ") + daemon;
  return text;
}

Result<IpAddress> underlay_address(const Host& host, const EnrollOptions& options) {
  if (!options.network) return host.addresses.front();
  for (const IpAddress& address : host.addresses) {
    if (options.network->contains(address)) return address;
  }
  return failure(fmt::format("host {} has no address in {}: --network names the network that the cells cross",
                             host.name, options.network->to_string()));
}

class Enrollment {
 public:
  Enrollment(const EnrollOptions& options, const std::function<PrivateKey()>& new_key)
      : options_(options), new_key_(new_key) {}

  Result<void> add(const Host& host) {
    const auto address = underlay_address(host, options_);
    if (!address) return tl::unexpected(address.error());
    const std::string name = host.name.substr(0, kLongestNodeName);
    const std::string folder = (fs::path(options_.folder) / host.name).string();
    const std::string file = (fs::path(folder) / (name + ".toml")).string();
    const std::string key_file = (fs::path(folder) / (name + ".key")).string();
    const bool is_new = !fs::exists(key_file);
    if (is_new && fs::exists(file)) {
      return failure(fmt::format("{} is there but its key is not: put {} back, or move the folder away", file,
                                 key_file));
    }
    auto key = is_new ? Result<PrivateKey>(new_key_()) : read_key<PrivateKey>(key_file);
    if (!key) return tl::unexpected(key.error());
    PublicNode node;
    node.name = peer_name_for(host.name, taken_);
    taken_.push_back(node.name);
    node.endpoint = {*address, options_.port};
    node.key = key->public_key();
    node.redirect = prefixes_of(host.addresses);
    node.about = about(host);
    nodes_.push_back({std::move(node), name, std::move(*key), is_new, file, key_file});
    return {};
  }

  Result<EnrollOutcome> write() {
    FileBatch batch;
    EnrollOutcome outcome;
    for (const Enrolled& own : nodes_) {
      const auto before = fs::exists(own.file) ? read_text_file(own.file, kLongestFile) : TextFile{};
      if (!before) return failure(fmt::format("{}: cannot be read: {}", own.file, before.error().message));
      const auto text = string_of(own, before->text);
      if (!text) return tl::unexpected(text.error());
      const bool changed = *text != before->text;
      using What = HostOutcome::What;
      outcome.hosts.push_back({own.host, own.file, own.node.endpoint,
                               !changed               ? What::unchanged
                               : before->text.empty() ? What::made
                                                      : What::grown});
      if (own.is_new_key) {
        const SecretText key = own.key.reveal_text();
        const std::string_view view = key.view();
        if (auto added = batch.add(own.key_file, view, true); !added) return tl::unexpected(added.error());
      }
      if (!changed) continue;
      if (auto added = batch.add(own.file, *text, false); !added) return tl::unexpected(added.error());
    }
    if (auto committed = batch.commit(); !committed) return tl::unexpected(committed.error());
    return outcome;
  }

 private:
  Result<std::string> string_of(const Enrolled& own, const std::string& before) const {
    std::vector<PublicNode> peers;
    for (const Enrolled& other : nodes_) {
      if (&other != &own) peers.push_back(other.node);
    }
    auto text = before.empty() ? Result<std::string>(file_of(own, peers))
                               : grown_file(own.file, before, peers, options_.style);
    if (!text) return text;
    // What goes out must be what `cuttle up` takes.
    const ParsedConfig parsed = parse_config(*text, "");
    for (const Problem& problem : parsed.problems.list()) {
      if (problem.severity == Severity::error) return failure(to_string(problem, own.file));
    }
    return text;
  }
  std::string file_of(const Enrolled& own, const std::vector<PublicNode>& peers) const {
    PublicNode node = own.node;
    node.name = own.host;
    return node_file(node, peers, options_.style);
  }

  const EnrollOptions& options_;
  const std::function<PrivateKey()>& new_key_;
  std::vector<Enrolled> nodes_;
  std::vector<std::string> taken_;
};

// Folders of an earlier run whose host the cluster no longer has.
std::vector<std::string> gone_hosts(const Hosts& hosts, const std::string& folder) {
  std::vector<std::string> notes;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool known = std::any_of(hosts.list.begin(), hosts.list.end(),
                                   [&](const Host& host) { return host.name == name; });
    if (known || !fs::exists(entry->path() / (name + ".key"))) continue;
    notes.push_back(fmt::format(
        "{} is not in the cluster's maps now: its folder and its [[peer]] entries stay; remove them by hand "
        "if it is gone for good, or name it again with --host",
        name));
  }
  std::sort(notes.begin(), notes.end());
  return notes;
}

}  // namespace

Result<EnrollOutcome> enroll(const Hosts& hosts, const EnrollOptions& options,
                             const std::function<PrivateKey()>& new_key) {
  if (hosts.list.size() < 2) {
    return failure("there is only one host: a link needs two; --host NAME=ADDRESS adds one without daemons");
  }
  Enrollment enrollment(options, new_key);
  for (const Host& host : hosts.list) {
    if (auto added = enrollment.add(host); !added) return tl::unexpected(added.error());
  }
  auto outcome = enrollment.write();
  if (!outcome) return outcome;
  outcome->notes = hosts.notes;
  for (std::string& note : gone_hosts(hosts, options.folder)) outcome->notes.push_back(std::move(note));
  return outcome;
}

}  // namespace cuttle::enroll
