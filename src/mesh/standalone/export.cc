// `export`: the configurations that the store amounts to, as files to be kept by hand.
#include <filesystem>
#include <memory>

#include "access.hh"
#include "config/host_name.hh"
#include "enroll/files.hh"
#include "enroll/node_files.hh"

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
  node.redirect = prefixes_of(entry.addresses);
  node.about = entry.host;
  return node;
}

// Those that are good and no tombstones; the others are said.
std::vector<Entry> good_entries(const StoreView& view) {
  std::vector<Entry> entries;
  for (const auto& [host, text] : view.entries) {
    auto entry = parse_proved_entry(host, text);
    if (!entry) {
      complain(fmt::format("{}{}: {}; left out", kPeerPrefix, shown_host(host), entry.error().message));
    } else if (!entry->left && !view.revoked.contains(host)) {
      entries.push_back(std::move(*entry));
    }
  }
  return entries;
}

int export_files(const ExportOptions& options) {
  RadosStore store(options.access);
  const auto record = ask_record(store);
  if (!record) return complain(record.error().message, kFailed);
  const auto view = ask_entries(store);
  if (!view) return complain(view.error().message, kFailed);
  const std::vector<Entry> entries = good_entries(*view);
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
