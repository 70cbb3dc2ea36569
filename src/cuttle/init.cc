// `init`: the configuration and the key of one node. `init --from-ceph` is a tool of its own (tool.hh).
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "config/parse.hh"
#include "cuttle/commands.hh"
#include "enroll/files.hh"
#include "enroll/node_files.hh"
#include "enroll/secret_key.hh"

namespace cuttle {

namespace {

struct InitOptions {
  std::string name;
  std::string listen;
  std::string folder = ".";
};

// Parsed as `cuttle up` will, without the peers that are still to come.
std::string first_problem(const std::string& file, const std::string& text,
                          const enroll::PublicNode& itself) {
  enroll::PublicNode other = itself;
  other.name = "peer";
  other.endpoint.port = 1;
  const std::string whole = text + "\n[[peer]]\nname = \"x\"\npublic_key = \"" + other.key.to_string() +
                            "\"\nendpoint = \"" + other.endpoint.to_string() + "\"\nredirect = []\n";
  const ParsedConfig parsed = parse_config(whole, "");
  for (const Problem& problem : parsed.problems.list()) {
    if (problem.severity == Severity::error) return to_string(problem, file);
  }
  return "";
}

ExitStatus init(const InitOptions& options) {
  const auto listen = Endpoint::parse(options.listen);
  if (!listen || listen->port == 0) {
    return complain(fmt::format(
        "--listen {}: not an address and port; write 10.77.0.11:4410 or [fd00::11]:4410", options.listen));
  }
  const std::filesystem::path folder(options.folder);
  const std::string file = (folder / (options.name + ".toml")).string();
  const std::string key_file = (folder / (options.name + ".key")).string();
  for (const std::string& path : {file, key_file}) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) {
      return complain(path + " is there already; nothing was changed. Take another --name or --folder");
    }
  }
  const auto key = enroll::new_key<PrivateKey>();
  enroll::PublicNode node;
  node.name = options.name;
  node.endpoint = *listen;
  node.key = key.public_key();
  const std::string text = enroll::node_file(node, {}, {});
  if (const std::string problem = first_problem(file, text, node); !problem.empty()) return complain(problem);
  enroll::FileBatch batch;
  const SecretText key_text = key.reveal_text();
  if (auto added = batch.add(key_file, key_text.view(), true); !added) return complain(added.error().message);
  if (auto added = batch.add(file, text, false); !added) return complain(added.error().message);
  if (auto committed = batch.commit(); !committed) return complain(committed.error().message);
  fmt::print(
      "{}: written, with its key in {}\n"
      "Next: `cuttle show {}` prints what this node's peers need; paste theirs into this file.\n"
      "Under systemd the agent runs as the user cuttle: `chown cuttle: {}`.\n",
      file, key_file, file, key_file);
  return kDone;
}

}  // namespace

void add_init(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("init", "Write a node's configuration and key, or those of a whole cluster");
  command->footer(
      "Example:\n  cuttle init --name osd0 --listen 10.77.0.11:4410 --folder /etc/cuttle\n"
      "  cuttle init --from-ceph --folder nodes      (every host of a running cluster; it has its own "
      "--help)");
  const auto options = std::make_shared<InitOptions>();
  command->add_option("--name", options->name, "What this node is called")->required();
  command->add_option("--listen", options->listen, "Address and UDP port that cells arrive at")
      ->required()
      ->type_name("ADDRESS:PORT");
  command->add_option("--folder", options->folder, "Where to write NAME.toml and NAME.key")
      ->capture_default_str();
  command->add_flag("--from-ceph")
      ->description("Ask a running cluster for its hosts, and write the files of all of them");
  command->callback([&chosen, options] { chosen = [options] { return init(*options); }; });
}

}  // namespace cuttle
