// `export`: the configurations that the store amounts to, as files to be kept by hand.
#include <filesystem>
#include <memory>

#include "access.hh"
#include "enroll/files.hh"
#include "enroll/node_files.hh"
#include "mesh/record.hh"

namespace cuttle::mesh {

namespace {

struct ExportOptions {
  CephAccess access;
  std::string folder;
};

enroll::PublicNode public_node(const Entry& entry, const std::string& name) {
  enroll::PublicNode node;
  node.name = name;
  node.endpoint = entry.endpoint;
  node.key = entry.key;
  for (const IpAddress& address : entry.addresses) {
    node.redirect.push_back({address, address.is_v6 ? uint8_t{128} : uint8_t{32}});
  }
  node.about = entry.host;
  return node;
}

// Those that are good and no tombstones; the others are said.
std::vector<Entry> good_entries(const std::map<std::string, std::string>& texts,
                                const std::map<std::string, std::string>& revoked) {
  std::vector<Entry> entries;
  for (const auto& [host, text] : texts) {
    auto entry = parse_entry(host, text);
    if (entry && !is_proved(*entry)) entry = failure("it is not proved with the key that it names");
    if (!entry) {
      fmt::print(stderr, "cuttle: {}{}: {}; left out\n", kPeerPrefix, host, entry.error().message);
    } else if (!entry->left && !revoked.contains(host)) {
      entries.push_back(std::move(*entry));
    }
  }
  return entries;
}

int export_files(const ExportOptions& options) {
  RadosStore store(options.access);
  const auto record_text = store.get(kRecordKey);
  if (!record_text) return complain(record_text.error().message, kFailed);
  if (!*record_text)
    return complain("there is no mesh in this cluster: `cuttle mesh init` makes one", kFailed);
  const auto record = parse_record(**record_text);
  if (!record) return complain(record.error().message, kFailed);
  const auto texts = store.dump(kPeerPrefix);
  if (!texts) return complain(texts.error().message, kFailed);
  const auto revoked = store.dump(kRevokedPrefix);
  if (!revoked) return complain(revoked.error().message, kFailed);
  const std::vector<Entry> entries = good_entries(*texts, *revoked);
  enroll::FileStyle style;
  style.rate = record->rate;
  style.slot = record->slot;
  style.joining = record->joining;
  std::vector<enroll::PublicNode> nodes;
  std::vector<std::string> taken;
  for (const Entry& entry : entries) {
    taken.push_back(enroll::peer_name_for(entry.host.substr(0, entry.host.find('.')), taken));
    nodes.push_back(public_node(entry, taken.back()));
  }
  enroll::FileBatch batch;
  for (size_t i = 0; i < entries.size(); ++i) {
    std::vector<enroll::PublicNode> peers = nodes;
    peers.erase(peers.begin() + static_cast<std::ptrdiff_t>(i));
    const auto path = std::filesystem::path(options.folder) / entries[i].host / (nodes[i].name + ".toml");
    if (auto added = batch.add(path.string(), enroll::node_file(nodes[i], peers, style), false); !added) {
      return complain(added.error().message, kFailed);
    }
    fmt::print("  {:<24} {}\n", entries[i].host, path.string());
  }
  if (auto committed = batch.commit(); !committed) return complain(committed.error().message, kFailed);
  fmt::print("The private keys are where they were made, on each host, as NAME.key in its /etc/cuttle.\n");
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("export", "Write each host's configuration, as `cuttle init` would");
  command->footer(
      "Example:\n  cuttle mesh export --folder nodes\n\n"
      "For going on by hand: one folder a host, without private keys, which never were anywhere but there.");
  const auto options = std::make_shared<ExportOptions>();
  add_access(*command, options->access);
  command->add_option("--folder", options->folder, "Where to write")->required()->type_name("FOLDER");
  command->callback([&chosen, options] { chosen = [options] { return export_files(*options); }; });
}

}  // namespace cuttle::mesh
