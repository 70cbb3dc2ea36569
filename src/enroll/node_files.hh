// The configuration files of nodes that are to be linked with each other, all with all: new ones whole and
// commented, existing ones with nothing changed but what is missing in them. Pure: texts in,
// texts out.
#pragma once

#include <string>
#include <vector>

#include "base/ip.hh"
#include "base/result.hh"
#include "base/units.hh"
#include "config/config.hh"
#include "crypto/keys.hh"

namespace cuttle::enroll {

// A node as all the others have to know it.
struct PublicNode {
  std::string name;
  Endpoint endpoint;
  PublicKey key;
  std::vector<IpPrefix> redirect;
  std::string about;  // a comment: "mon.a, osd.0"; may be empty
};

struct FileStyle {
  std::string rate = "200 Mb/s";
  std::string slot = format_duration(Shape::kDefaultSlot);
  bool joining = true;  // see docs/configuration.md
};

// "node1": what a peer of that host can be called, at most 12 characters of [a-z0-9_.-]; none of `taken`.
std::string peer_name_for(const std::string& host, const std::vector<std::string>& taken);

// ["10.77.0.0/24", "10.77.1.1"]
std::string toml_list(const std::vector<IpPrefix>& prefixes);
std::string toml_list(const std::vector<IpAddress>& addresses);

// "[[peer]]" and what belongs below it.
std::string peer_block(const PublicNode& peer, bool joining);

// A whole file. The private key is in NAME.key beside it. `peers` may be empty: then a comment tells how to
// go on.
std::string node_file(const PublicNode& node, const std::vector<PublicNode>& peers, const FileStyle& style);

// `text`, the file of a node, with the peers it does not have appended and the addresses that its peers
// gained put in. The same text when nothing is missing. Fails when the file is no good configuration, or an
// address would have to go into a list that is spread over several lines.
Result<std::string> grown_file(const std::string& file, const std::string& text,
                               const std::vector<PublicNode>& peers, const FileStyle& style);

}  // namespace cuttle::enroll
