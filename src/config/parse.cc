#include "config/parse.hh"

#include "config/sections.hh"
#include "config/wording.hh"

namespace cuttle {

namespace {

void read_root(const toml::table& root, const std::string& directory, const std::optional<PeersText>& peers,
               ParsedConfig& out) {
  TomlReader reader(root, "", "", out);
  if (const toml::table* table = reader.table("node")) {
    TomlReader section(*table, "node", "node", out);
    read_node(section, directory, out);
  } else if (!reader.has("node")) {
    out.problems.add(0, "[node] is missing: name, private_key_file and listen of this node");
  }
  bool shape_good = true;
  if (const toml::table* table = reader.table("shape")) {
    TomlReader section(*table, "shape", "shape", out);
    shape_good = read_shape(section, out.config.shape, out);
  } else {
    shape_good = !reader.has("shape");
  }
  if (shape_good) check_shape(out.config.shape, out.config.listen.address.is_v6, 1, "shape", "shape", out);
  if (const toml::table* table = reader.table("runtime")) {
    TomlReader section(*table, "runtime", "runtime", out);
    read_runtime(section, out);
  }
  if (const toml::table* table = reader.table("relay")) {
    TomlReader section(*table, "relay", "relay", out);
    read_relay(section, out);
  }
  if (const toml::table* table = reader.table("mesh")) {
    TomlReader section(*table, "mesh", "mesh", out);
    read_mesh(section, directory, out);
  }
  if (const toml::node* list = reader.node("peer")) {
    read_peers(*list, directory, shape_good, out);
  } else if (!reader.has("mesh")) {
    out.problems.add(0, "[[peer]] is missing: name, public_key, endpoint and redirect of every peer");
  }
  reader.finish();
  if (peers && out.config.mesh) read_peers_file(*peers, shape_good, out);
  check_relay(out);
}

}  // namespace

ParsedConfig parse_config(std::string_view text, const std::string& directory,
                          const std::optional<PeersText>& peers) {
  ParsedConfig out;
  try {
    const toml::table root = toml::parse(text);
    read_root(root, directory, peers, out);
    cross_check(out);
  } catch (const toml::parse_error& error) {
    out.problems.add(error.source().begin.line, "not TOML: " + one_line(error.description()));
  }
  return out;
}

}  // namespace cuttle
