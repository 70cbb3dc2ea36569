// What a host makes of a store, and its agent of that.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "config/parse.hh"
#include "mesh/peers_text.hh"
#include "mesh/reconcile.hh"
#include "nodes.hh"

namespace cuttle::mesh {

// As the agent reads it, beside root's file.
inline ParsedConfig parsed_of(const Known& known, const Bounds& bounds = test_bounds()) {
  const std::string text = peers_text(known, bounds, true);
  const std::string roots = roots_file(bounds);
  ParsedConfig parsed = parse_config(roots, "", PeersText{text});
  for (const Problem& problem : parsed.problems.list())
    ADD_FAILURE() << to_string(problem, "file") << "\n" << roots << text;
  return parsed;
}
inline NodeConfig config_of(const Known& known, const Bounds& bounds = test_bounds()) {
  return parsed_of(known, bounds).config;
}

inline std::vector<std::string> codes(const Reconciled& result) {
  std::vector<std::string> all;
  for (const MeshProblem& problem : result.problems) all.push_back(problem.code + " " + problem.host);
  return all;
}

inline std::vector<std::string> texts(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> all;
  for (const IpAddress& one : addresses) all.push_back(one.to_string());
  return all;
}

// What was there before, looked at with another view.
inline Reconciled look(const Known& known, const StoreView& view) {
  return reconcile(known, view, test_bounds());
}

inline PeerConfig roots_peer(const std::string& name, int key, const std::string& endpoint,
                             const std::vector<std::string>& redirect) {
  PeerConfig peer;
  peer.name = name;
  peer.public_key = test_key(key);
  peer.endpoint = *Endpoint::parse(endpoint);
  for (const std::string& one : redirect) peer.redirect.push_back(*IpPrefix::parse(one));
  return peer;
}

}  // namespace cuttle::mesh
