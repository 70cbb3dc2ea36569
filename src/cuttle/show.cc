// `show`: the public part of a node, as its peers' configurations want it.
#include <fmt/format.h>

#include <memory>

#include "cuttle/commands.hh"
#include "enroll/node_files.hh"
#include "enroll/secret_key.hh"

namespace cuttle {

namespace {

ExitStatus show(const std::string& file) {
  // The peers may still be missing: only [node] counts here.
  const LoadedConfig loaded = load_config(file, KeyFiles::ignore);
  const NodeConfig& config = loaded.config;
  if (config.name.empty() || config.private_key_file.empty() || config.listen.port == 0 ||
      config.addresses.empty()) {
    complain(loaded);
    return kBadInput;
  }
  const auto key = enroll::read_key<PrivateKey>(config.private_key_file);
  if (!key) return complain(key.error().message);
  enroll::PublicNode node;
  node.name = enroll::peer_name_for(config.name, {});
  node.endpoint = {config.listen.address, config.listen.port};
  if (node.endpoint.address == IpAddress{node.endpoint.address.is_v6, {}}) {
    node.endpoint.address = config.addresses.front();
  }
  node.key = key->public_key();
  node.redirect = prefixes_of(config.addresses);
  fmt::print("# {}: into the configuration of each of its peers\n{}", config.name,
             enroll::peer_block(node, false));
  return kDone;
}

}  // namespace

void add_show(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("show", "Print what a node's peers have to know about it, ready to paste");
  command->footer(
      "Example:\n  cuttle show /etc/cuttle/osd0.toml\n\n"
      "Nothing secret is printed. `redirect` lists the addresses in [node]; add others that Ceph uses "
      "there.");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "The node's configuration")->required();
  command->callback([&chosen, file] { chosen = [file] { return show(*file); }; });
}

}  // namespace cuttle
