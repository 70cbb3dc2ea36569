// What every word of `cuttle mesh` shares: whom to ask, which node, and how to end.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/complain.hh"
#include "mesh/keeper.hh"
#include "rados_store.hh"

namespace cuttle::mesh {

// What was chosen, run once all of the command line is good.
using Action = std::function<int()>;

// Another's text, as one line that can be shown.
std::string one_line_of(std::string text);

// --conf, --name, --keyring, --timeout.
void add_access(CLI::App& command, CephAccess& access);

// A host's own words: --config; without it, the one configuration in /etc/cuttle that has a [mesh].
void add_config(CLI::App& command, std::string& config);
Result<NodeFile> node_of(const std::string& config);
// With the node's own keyring, unless the command line names another.
CephAccess access_of(const NodeFile& node);

// "HOST", checked. An error is for the person.
Result<std::string> host_argument(const std::string& text);

// Of --network, and of --signing-key.
Result<std::vector<IpPrefix>> network_arguments(const std::vector<std::string>& texts);
Result<VerifyingKey> signing_key_argument(const std::string& text);

// " 10.77.0.1 10.77.0.2"
std::string after_blanks(const std::vector<IpAddress>& addresses);

// Where cells and daemons of this machine may be: what its interfaces have, but loopback's and link-local
// ones.
Result<std::vector<IpAddress>> own_addresses();
// None where the kernel does not say.
MachineAddresses machine_addresses();

// The words.
void add_init(CLI::App& app, Action& chosen);
void add_capabilities(CLI::App& app, Action& chosen);
void add_join(CLI::App& app, Action& chosen);
void add_leave(CLI::App& app, Action& chosen);
void add_accept(CLI::App& app, Action& chosen);
void add_forget(CLI::App& app, Action& chosen);
void add_revoke(CLI::App& app, Action& chosen);
void add_rotate(CLI::App& app, Action& chosen);
void add_genkey(CLI::App& app, Action& chosen);
void add_sign(CLI::App& app, Action& chosen);
void add_export(CLI::App& app, Action& chosen);
void add_status(CLI::App& app, Action& chosen);
void add_serve(CLI::App& app, Action& chosen);

}  // namespace cuttle::mesh
